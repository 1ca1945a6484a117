"""A gateway's configuration: what it is to have, what it runs, an editor with its check, the history."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.gateways import fleet_config
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, Text, reason_of, whole
from cloud_sync.console.page_route import GatewayManager, PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.storage.database import Database
from edge_agent.domain.fleet.managed_config import faults_of

router = APIRouter(route_class=PageRoute)


@router.get("/gateways/{name}/config")
def config_page(name: str, request: Request, database: Ledger, _: Visitor) -> Any:
    """How it stands, what differs, and every version."""
    return _page(request, database, name)


@router.post("/gateways/{name}/config")
def set_page(
    name: str, request: Request, database: Ledger, actor: GatewayManager, now: Now, toml: Text = "",
    step: Field = "check", replaces: Field = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Check what was typed and show what would change; or hand it out."""
    if step != "set":
        return _page(request, database, name, draft=toml)
    fleet_config.set_config(
        database, name, toml, replaces_local=bool(replaces), reason=reason_of(reason, "a configuration"), at=now,
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse(f"/gateways/{name}/config", 303)


@router.post("/gateways/{name}/config/take-over")
def take_over_page(name: str, database: Ledger, actor: GatewayManager, now: Now, reason: Reason = "") -> Any:
    """What was edited at the gateway becomes the ledger's own."""
    why = reason_of(reason, "taking over a local edit")
    fleet_config.take_over(database, name, reason=why, at=now, actor=actor.name)
    return RedirectResponse(f"/gateways/{name}/config", 303)


@router.post("/gateways/{name}/config/roll-back")
def roll_back_page(
    name: str, database: Ledger, actor: GatewayManager, now: Now, version: Field = "", reason: Reason = ""
) -> Any:
    """An earlier version counts again."""
    why = reason_of(reason, "going back")
    fleet_config.roll_back(database, name, whole(version, "a version"), reason=why, at=now, actor=actor.name)
    return RedirectResponse(f"/gateways/{name}/config", 303)


def _page(request: Request, database: Database, name: str, draft: str | None = None) -> Any:
    config = fleet_config.config_now(database, name)
    latest, heartbeat = config["latest"], config["heartbeat"]
    reported = (heartbeat or {"config": {}})["config"].get("toml")
    text = latest["toml"] if latest else reported or ""
    faults: tuple[str, ...] = ()
    changed = None
    if draft is not None:
        faults = faults_of(draft, latest["profiles"] if latest else {})
        changed = fleet_config.draft_differences(text, draft) if not faults else None
    return render(
        request, "gateway_config.html", config=config, latest=latest, heartbeat=heartbeat, reported=reported,
        text=text if draft is None else draft, draft=draft, faults=faults, changed=changed,
        history=fleet_config.config_history(database, name), zone=config["zone"] or house_zone(database),
    )  # fmt: skip
