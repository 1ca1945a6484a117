"""A room: what it measured over any time, what broke its limits, and who lies in it."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from cloud_sync.actions.monitoring.measurements import hours_of
from cloud_sync.actions.overview.rooms import calibrations_due, residents_between, room_now
from cloud_sync.actions.quality.holds_and_dispositions import listed
from cloud_sync.actions.stock.stock import list_stock
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.curves import curves
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.storage.database import Row

ROWS_MAX = 200
SPANS = {6: "6 hours", 24: "24 hours", 168: "7 days", 720: "30 days", 8760: "1 year"}

RESIDENTS = (
    Column("began_at", "Came", Show.WHEN),
    Column("ended_at", "Left", Show.WHEN),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial"),
    Column("place", "Place"),
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
    hourly = [
        (channel, hours_of(database, channel.id, first, now, rows_max=ROWS_MAX)) for channel in room.channels[:20]
    ]
    stock = list_stock(database, at=now, place=name, everywhere=True, rows_max=ROWS_MAX)

    def were_here(rows_max: int, rows_skipped: int, words: str) -> list[Row]:
        del words  # it is a list of times
        return residents_between(database, room, first, now, rows_max=rows_max, rows_skipped=rows_skipped)

    return list_page(
        request, "room.html", calibrations=calibrations_due(database, room), room=room, hours=hours, spans=SPANS,
        residents=table(request, "residents", RESIDENTS, source=were_here, zone=room.zone, prefix="was-"),
        hourly=hourly, stock=stock, excursions=_excursions(database, name), now=now,
    )  # fmt: skip


def _excursions(database: Any, name: str) -> Any:
    return listed(database, "excursions", place=name, only_open=False, rows_max=ROWS_MAX, rows_skipped=0)
