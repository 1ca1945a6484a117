"""Gateways: the fleet, one page for each, invitations, and where every channel measures."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape

from cloud_sync.actions.gateways.desk import place_gateway
from cloud_sync.actions.gateways.enrolment import invite
from cloud_sync.actions.gateways.gateways import revoke_gateway
from cloud_sync.actions.master_data.choices import CHOICES_MAX, places_to_choose
from cloud_sync.actions.master_data.master_data import list_channels
from cloud_sync.actions.monitoring.channels import place_channel, say_on_purpose
from cloud_sync.actions.overview.fleet import GatewayNow, fleet, gateway_now, invitations
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Field, Why, name_of, reason_of
from cloud_sync.console.page_route import GatewayManager, PageRoute, SensorPlacer, Visitor
from cloud_sync.console.qr import qr
from cloud_sync.console.rendering import MISSING, ago, render, value, when
from cloud_sync.console.table import PAGE_ROWS, Column, Show, list_page, table, tag
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.quantity_words import label_of, unit_of

ROWS_MAX = 1000
SILENT_AFTER = timedelta(minutes=10)
"""After this long without a word a gateway is shown as silent; what that means for its rooms their policies say."""
OPTIONS_MAX = 600
"""With more choices than these on the page, places are typed and completed from one list that all forms share."""
MEASURED = ("room", "bin", "ward", "production", "transit", "site")
"""Kinds of places where something may measure."""
STANDS = tuple(kind for kind in MEASURED if kind != "bin")
"""Where a gateway may stand."""

WHY = {"lost": "the gateway says so", "thinned": "the buffer was full: least, mean and greatest were kept"}


def _latest(row: Row) -> Markup | str:
    if row["latest_at"] is None:
        return MISSING
    return f"{value(row['latest_value'], row['metric'])} {unit_of(row['metric'])}"


GAPS = (
    Column("lane", "Lane"),
    Column("missing_from", "From", Show.NUMBER),
    Column("missing_to", "To", Show.NUMBER),
    Column(
        "declared", "Why",
        html=lambda row: Markup("{} {}").format(
            tag("lost", "bad") if row["declared"] == "lost" else tag("thinned", "") if row["declared"]
            else tag("on its way", "warn"),
            WHY.get("lost" if row["declared"] == "lost" else "thinned", "") if row["declared"] else "",
        ),
    ),
)  # fmt: skip
OF_GATEWAY = (
    Column("device", "Device"),
    Column("metric", "Measures", value=lambda row: label_of(row["metric"])),
    Column(
        "place", "Place", link=lambda row: f"/rooms/{row['place']}" if row["place"] else "/gateways",
        html=lambda row: row["place"] or tag("no place"),
    ),
    Column("latest", "Latest", html=_latest, value=_latest),
    Column("latest_at", "Measured", Show.WHEN),
)  # fmt: skip
NOTICES = (
    Column("at", "When", Show.WHEN),
    Column("kind", "What", Show.WORDS, filters=True),
    Column("subject", "About"),
    Column("text", "Text"),
)

router = APIRouter(route_class=PageRoute)
Hours = Annotated[int, Form(ge=1, le=24 * 30)]


@router.get("/gateways")
def gateways_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The fleet, invitations, and every channel with its place; those without one come first, as a to-do."""
    zone = house_zone(database)
    channels = list_channels(database, gateway=None, place=None, rows_max=ROWS_MAX)
    placed = [row for row in channels if row["place"]]
    lost, places = [row for row in channels if row["place"] is None], places_to_choose(database, MEASURED)
    forms = len(lost) + min(len(placed), PAGE_ROWS)
    return list_page(
        request, "gateways.html", invitations=invitations(database, now), zone=zone, now=now, lost=lost,
        places=places, kinds=",".join(MEASURED), stands=places_to_choose(database, STANDS),
        is_large=len(places) > CHOICES_MAX or forms * len(places) > OPTIONS_MAX,
        gateways=table(request, "gateways", _fleet(now, zone), _rows(fleet(database)), zone=zone),
        channels=table(request, "channels", CHANNELS, placed, zone=zone, prefix="channel-"),
    )  # fmt: skip


@router.post("/gateways/invitations")
def invite_page(
    request: Request, database: Ledger, actor: GatewayManager, now: Now,
    name: Field = "", place: Field = "", hours: Hours = 24,
) -> Any:  # fmt: skip
    """Invite a new gateway: its code and QR, shown this once."""
    return _invited(request, database, name_of(name), place=place or None, hours=hours, actor=actor.name, now=now)


@router.get("/gateways/{name}")
def gateway_page(name: str, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """What the ledger knows of a gateway, and what it has not said yet."""
    gateway, gaps, notices = gateway_now(database, name)
    zone = gateway.row["zone"] or house_zone(database)
    channels = list_channels(database, gateway=name, place=None, rows_max=ROWS_MAX)
    return list_page(
        request, "gateway.html", gateway=gateway, now=now, places=places_to_choose(database, STANDS), zone=zone,
        gaps=table(request, "gaps", GAPS, gaps, zone=zone, prefix="gap-"),
        notices=table(request, "notices", NOTICES, notices, zone=zone, prefix="notice-"),
        channels=table(request, "channels", OF_GATEWAY, channels, zone=zone, prefix="channel-"),
    )  # fmt: skip


@router.post("/gateways/{name}/replace")
def replace_page(
    name: str, request: Request, database: Ledger, actor: GatewayManager, now: Now, hours: Hours = 24
) -> Any:
    """Invite new hardware, or a new key, for a gateway that is known: the old key is worth nothing then."""
    gateway, _, _ = gateway_now(database, name)
    return _invited(
        request, database, name, place=gateway.row["place"], hours=hours, actor=actor.name, now=now, replaces=True
    )  # fmt: skip


@router.post("/gateways/{name}/place")
def place_page(name: str, database: Ledger, actor: GatewayManager, place: Field) -> Any:
    """Say where a gateway stands."""
    place_gateway(database, name, place, actor=actor.name)
    return RedirectResponse(f"/gateways/{name}", 303)


@router.post("/gateways/{name}/revoke")
def revoke_page(name: str, database: Ledger, actor: GatewayManager, reason: Why = "") -> Any:
    """Believe a gateway no longer."""
    revoke_gateway(database, name, reason_of(reason, "revoking a gateway"), actor=actor.name)
    return RedirectResponse(f"/gateways/{name}", 303)


@router.post("/channels/{channel_id}/place")
def channel_page(channel_id: int, database: Ledger, actor: SensorPlacer, now: Now, place: Field) -> Any:
    """Answer "where is this probe?": it measures there, all it ever did if it never had a place, else from now on."""
    place_channel(database, min(channel_id, 2**63 - 1), place, since=None, at=now, actor=actor.name)
    return RedirectResponse("/gateways", 303)


@router.post("/channels/{channel_id}/on-purpose")
def on_purpose_page(channel_id: int, database: Ledger, actor: SensorPlacer, reason: Why = "") -> Any:
    """A channel that need not be judged, and why."""
    say_on_purpose(
        database, min(channel_id, 2**63 - 1), reason_of(reason, "a channel that nothing judges"), actor=actor.name
    )
    return RedirectResponse("/gateways", 303)


def _rows(gateways: list[GatewayNow]) -> list[Row]:
    return [
        {**each.row, "waiting": each.waiting, "version": each.version, "progress": each.progress} for each in gateways
    ]


def _fleet(now: datetime, zone: str) -> tuple[Column, ...]:
    def heard(row: Row) -> Markup | str:
        at = row["last_seen_at"]
        return Markup("{} <small>{}</small>").format(when(at, zone), ago(at, now)) if at else "never"

    return (
        Column("name", "Gateway", link=lambda row: f"/gateways/{row['name']}"),
        Column("place", "Place", value=lambda row: row["place_title"] or row["place"]),
        Column("last_seen_at", "Last contact", Show.WHEN, html=heard),
        Column("progress", "Arrived", html=_arrived),
        Column("waiting", "Waiting", Show.NUMBER, html=lambda row: _reported(row["waiting"])),
        Column("version", "Version", html=lambda row: _reported(row["version"])),
        Column("state", "State", Show.TAG, filters=True, value=lambda row: _state(row, now)),
    )


def _state(row: Row, now: datetime) -> str:
    if row["revoked_at"]:
        return "revoked"
    if row["refused"]:
        return "refused"
    if row["last_seen_at"] is None:
        return "never heard"
    return "silent" if now - row["last_seen_at"] > SILENT_AFTER else "connected"


def _arrived(row: Row) -> Markup | str:
    if not row["known"] or not row["behind"]:
        return "all of it" if row["known"] else "nothing yet"
    return Markup('<meter min="0" max="1" value="{:.3f}" aria-label="Arrived"></meter> {} % <small>{}</small>').format(
        row["progress"], int(row["progress"] * 100), f"up to {row['behind']} on their way"
    )


def _reported(said: object) -> Markup:
    return Markup('<span class="soft">not reported</span>') if said is None else escape(str(said))


CHANNELS = (
    Column("place", "Place", link=lambda row: f"/rooms/{row['place']}", filters=True),
    Column("device", "Device"),
    Column("metric", "Measures", value=lambda row: label_of(row["metric"]), filters=True),
    Column("gateway", "Gateway", filters=True, link=lambda row: f"/gateways/{row['gateway']}"),
    Column(
        "latest_value", "Latest", Show.NUMBER,
        html=lambda row: f"{value(row['latest_value'], row['metric'])} {unit_of(row['metric'])}",
    ),
    Column("latest_at", "At", Show.WHEN),
    Column("not_judged", "Judged", Show.TAG, filters=True, value=lambda row: row["not_judged"] or "yes"),
)  # fmt: skip


def _invited(
    request: Request, database: Database, name: str, *, place: str | None, hours: int, actor: str, now: Any,
    replaces: bool = False,
) -> Any:  # fmt: skip
    code, expires_at = invite(
        database, name, place=place, valid=timedelta(hours=hours), replaces=replaces, actor=actor, now=now
    )
    url = str(request.base_url).rstrip("/")
    fingerprint: str = request.app.state.authority_fingerprint
    pinned = f" --authority {fingerprint}" if fingerprint else ""
    command = f"edge-agent enroll --code {code} --url {url}{pinned}"
    return render(
        request, "invited.html", name=name, place=place, code=code, expires_at=expires_at, command=command,
        picture=qr(command), url=url, zone=house_zone(database), now=now,
    )  # fmt: skip
