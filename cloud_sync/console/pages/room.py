"""A room: what it measured over any time, what broke its limits, and who lies in it."""

from datetime import timedelta
from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from markupsafe import Markup

from cloud_sync.actions.monitoring.measurements import missing_of, spans_of
from cloud_sync.actions.overview.lists import stock_listed
from cloud_sync.actions.overview.rooms import RoomNow, calibrations_due, residents_between, room_now
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.curves import POINTS_MAX, come_with_page, curves, excursions_of, longer, span_of, within_page
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import lasting, value
from cloud_sync.console.table import PART_ROWS, Column, Show, list_page, table, tag
from cloud_sync.console.words import in_words
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.monitoring.quantity_words import label_of, unit_of

ROWS_MAX = 200
CHANNELS_MAX = 20
"""Of so many channels the values are also a table."""
HOUR = timedelta(hours=1)
SPANS = {6: "6 hours", 24: "24 hours", 168: "7 days", 720: "30 days", 8760: "1 year"}

RESIDENTS = (
    Column("began_at", "Came", Show.WHEN),
    Column("ended_at", "Left", Show.WHEN),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("place", "Place"),
)
STOCK = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("place", "Place"),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("expires_on", "Expires", Show.DAY),
    Column(
        "state", "State", value=lambda row: "; ".join(each["text"] for each in row["reasons"]) or "available",
        html=lambda row: tag("available") if not row["reasons"] else _held(row),
    ),
)  # fmt: skip


def _held(row: Row) -> Markup:
    why = "; ".join(in_words(each["text"]) for each in row["reasons"])
    return Markup('<span class="tag bad" title="{}">on hold</span>').format(why)


EXCURSIONS = (
    Column("began_at", "Began", Show.WHEN, link=lambda row: f"/quarantine/{row['id']}"),
    Column(
        "lasted", "Lasted",
        value=lambda row: int((row["ended_at"] - row["began_at"]).total_seconds()) if row["ended_at"] else None,
        html=lambda row: lasting(row["ended_at"] - row["began_at"]) if row["ended_at"] else tag("ongoing"),
    ),
    Column("rule", "Rule"),
    Column(
        "worst", "Worst", Show.NUMBER,
        html=lambda row: f"{value(row['worst'], row['metric'])} {unit_of(row['metric'])}",
    ),
    Column("lots_exposed", "Lots", Show.NUMBER),
)  # fmt: skip
SENSORS = (
    Column("device", "Device"),
    Column("measures", "Measures"),
    Column("gateway", "Gateway", link=lambda row: f"/gateways/{row['gateway']}"),
    Column("latest", "Latest"),
    Column("at", "Measured", Show.WHEN),
    Column("calibration", "Calibration due", Show.DAY),
    Column("state", "State"),
)

router = APIRouter(route_class=PageRoute)
Hours = Annotated[int, Query(ge=1, le=24 * 366 * 10)]


@router.get("/rooms/{name:path}/series")
def series(name: str, database: Ledger, _: Visitor, now: Now, hours: Hours = 24) -> Any:
    """The curves of a room for the chart: lowest, mean, highest by channel, limits, and its excursions."""
    return JSONResponse(curves(database, room_now(database, name, now), now - timedelta(hours=hours), now))


@router.get("/rooms/{name:path}")
def room_page(name: str, request: Request, database: Ledger, _: Visitor, now: Now, hours: Hours = 24) -> Any:
    """The room's page."""
    room = room_now(database, name, now)
    first = now - timedelta(hours=hours)
    channels, span = room.channels[:CHANNELS_MAX], span_of(first, now)
    spans = spans_of(database, [each.id for each in channels], first, now, span, rows_max=POINTS_MAX)
    times = ceil(span_of(first, now, ROWS_MAX) / span)
    excursions = excursions_of(database, name)
    series = None
    if come_with_page(room, first, now):
        series = within_page(curves(database, room, first, now, spans=spans, excursions=excursions))

    def lie_here(wanted: ListRequest) -> list[Row]:
        return stock_listed(database, wanted, at=now, place_id=room.id)

    def were_here(wanted: ListRequest) -> list[Row]:
        return residents_between(database, room, first, now, wanted)

    return list_page(
        request, "room.html", room=room, hours=hours, spans=SPANS, series=series,
        sensors=table(request, "sensors", SENSORS, _sensors(database, room), zone=room.zone, prefix="sensor-"),
        residents=table(
            request, "residents", RESIDENTS, source=were_here, searches=False, sorts=("began_at",), zone=room.zone,
            prefix="was-", page_rows=PART_ROWS,
        ),
        stock=table(
            request, "stock", STOCK, source=lie_here, sorts=("place",), zone=room.zone, prefix="is-",
            page_rows=PART_ROWS,
        ),
        by_span=[(each, longer(spans[each.id], span, times)) for each in channels],
        span_hours=int(span * times / HOUR), now=now,
        unreadable=missing_of(database, (each.id for each in room.channels), first, now),
        excursions=table(
            request, "excursions", EXCURSIONS, excursions, zone=room.zone, prefix="excursion-", page_rows=PART_ROWS
        ),
    )  # fmt: skip


def _sensors(database: Database, room: RoomNow) -> list[Row]:
    due = calibrations_due(database, room)
    return [
        {
            "device": channel.device, "measures": label_of(channel.metric), "gateway": channel.gateway,
            "at": channel.at,
            "latest": f"{value(channel.value, channel.metric)} {unit_of(channel.metric)}", "state": channel.state,
            "calibration": due.get(channel.id),
        }
        for channel in room.channels
    ]  # fmt: skip
