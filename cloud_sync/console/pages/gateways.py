"""Gateways: which of them are heard from, how much they still have to send, and channels that nothing judges."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup

from cloud_sync.actions.gateways.gateways import list_gateways
from cloud_sync.actions.master_data.master_data import list_channels
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import ago, value, when
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.storage.database import Row
from edge_agent.domain.monitoring.quantity_words import label_of, unit_of

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)


@router.get("/gateways")
def gateways_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """The fleet, and every channel with its place."""
    zone = house_zone(database)
    channels = list_channels(database, gateway=None, place=None, rows_max=ROWS_MAX)
    return list_page(
        request, "gateways.html", now=now,
        gateways=table(request, "gateways", _fleet(now, zone), list_gateways(database, rows_max=ROWS_MAX), zone=zone),
        channels=table(request, "channels", CHANNELS, channels, zone=zone, prefix="channel-"),
    )  # fmt: skip


def _fleet(now: datetime, zone: str) -> tuple[Column, ...]:
    def heard(row: Row) -> Markup | str:
        at = row["last_seen_at"]
        return Markup("{} <small>{}</small>").format(when(at, zone), ago(at, now)) if at else "never"

    return (
        Column("name", "Gateway"),
        Column("last_seen_at", "Heard last", Show.WHEN, html=heard),
        Column("gaps", "Missing", value=lambda row: len(row["gaps"]) or "nothing"),
        Column("refused", "Refused", value=lambda row: row["refused"] or "none"),
        Column(
            "state", "State", Show.TAG, filters=True, value=lambda row: "revoked" if row["revoked_at"] else "trusted"
        ),
    )


def _place(row: Row) -> Markup:
    if row["place"]:
        shown = Markup('<a href="/rooms/{}">{}</a>').format(row["place"], row["place"])
    else:
        proposed = f"{row['proposed_place']}?" if row["proposed_place"] else ""
        shown = Markup("{} <small>{}</small>").format(tag("no place", "warn"), proposed)
    return shown + Markup(" {}").format(tag("not judged", "warn")) if row["not_judged"] else shown


CHANNELS = (
    Column("gateway", "Gateway", filters=True),
    Column("device", "Device"),
    Column("metric", "Measures", value=lambda row: label_of(row["metric"]), filters=True),
    Column("place", "Place", html=_place),
    Column(
        "latest_value", "Latest", Show.NUMBER,
        html=lambda row: f"{value(row['latest_value'], row['metric'])} {unit_of(row['metric'])}",
    ),
    Column("latest_at", "At", Show.WHEN),
)  # fmt: skip
