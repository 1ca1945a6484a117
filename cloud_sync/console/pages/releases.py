"""Releases of the gateways' program: what runs where, roll-outs and their waves, cohorts."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.gateways import releases
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Reason, reason_of, whole
from cloud_sync.console.page_route import GatewayManager, PageRoute, Visitor
from cloud_sync.console.rendering import render

router = APIRouter(route_class=PageRoute)


@router.get("/releases")
def releases_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Releases, roll-outs with their waves, and which gateway runs what."""
    outs = releases.roll_outs(database)
    return render(
        request, "releases.html", releases=releases.releases(database), roll_outs=outs,
        running=next((each for each in outs if each["ended_as"] is None), None),
        fleet=releases.fleet_releases(database), zone=house_zone(database),
    )  # fmt: skip


@router.post("/releases/roll-outs")
def start_page(
    database: Ledger, actor: GatewayManager, now: Now, version: Field = "", waves: Field = "", soak: Field = "60",
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Let a release go out."""
    releases.start_roll_out(
        database, version, waves, soak_minutes=whole(soak, "minutes"), reason=reason_of(reason, "a roll-out"), at=now,
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/releases", 303)


@router.post("/releases/roll-outs/{roll_out_id}/stop")
def stop_page(roll_out_id: int, database: Ledger, actor: GatewayManager, now: Now, reason: Reason = "") -> Any:
    """Order it no further."""
    number = min(max(roll_out_id, 0), 2**63 - 1)
    releases.stop_roll_out(database, number, reason=reason_of(reason, "stopping"), at=now, actor=actor.name)
    return RedirectResponse("/releases", 303)


@router.post("/releases/cohorts")
def cohort_page(database: Ledger, actor: GatewayManager, now: Now, gateway: Field = "", cohort: Field = "") -> Any:
    """Put a gateway in a cohort."""
    releases.put_in_cohort(database, gateway, cohort.strip(), at=now, actor=actor.name)
    return RedirectResponse("/releases", 303)
