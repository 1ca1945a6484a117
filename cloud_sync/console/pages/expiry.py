"""Expiry and FEFO: what expires when, what of it will not be used in time, and where it could go."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from markupsafe import Markup

from cloud_sync.actions.overview.expiry import USED_OVER, outlook
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.planning.rescue import rescues
from cloud_sync.actions.planning.runs import newest_run
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.storage.database import Row

SPANS = {30: "30 days", 90: "90 days", 180: "6 months", 365: "1 year"}

router = APIRouter(route_class=PageRoute)


def _left(row: Row) -> str:
    days = row["days_left"]
    if days < 0:
        return f"expired {-days} d ago"
    return "today" if days == 0 else f"{days} d"


def _state(row: Row) -> str:
    if row["days_left"] < 0:
        return "expired"
    if row["is_held"]:
        return "on hold"
    return "at risk" if row["left_over"] else "available"


def _use(row: Row) -> Markup | str:
    return NOT_USED if row["per_day"] is None else f"{row['per_day']:.1f}"


NOT_USED = Markup('<span class="soft">not used lately</span>')
STOCK = (
    Column("expires_on", "Expires", Show.DAY),
    Column("days_left", "Left", Show.NUMBER, html=_left),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"], filters=True),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("place", "Place", value=lambda row: row["place_title"] or row["place"], filters=True),
    Column("quantity", "Quantity", Show.NUMBER, html=lambda row: f"{row['quantity']} {row['base_unit']}"),
    Column("per_day", "Daily use", Show.NUMBER, html=_use),
    Column("left_over", "Left unused", Show.NUMBER, value=lambda row: row["left_over"] or None),
    Column("state", "State", Show.TAG, filters=True, value=_state),
)  # fmt: skip
SUGGESTED = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("expires_on", "Expires", Show.DAY),
    Column("from_place", "From"),
    Column("to_place", "To"),
    Column("quantity", "Quantity", Show.NUMBER),
)


@router.get("/expiry")
def expiry_page(
    request: Request, database: Ledger, _: Visitor, now: Now, days: Annotated[int, Query(ge=1, le=3660)] = 90
) -> Any:
    """Stock in the house that expires within some days, that which expires first first."""
    found = outlook(database, within=timedelta(days=days), at=now)
    lots = {row["lot_id"]: row for row in found.rows}
    run = newest_run(database)
    # A plan knows what every place will use; before there is one, what is below its reorder level is known.
    transfers = (
        [each for each in rescues(database, run["id"], at=now) if each.lot_id in lots] if run else found.transfers
    )
    told = [{**lots[each.lot_id], "from_place": each.from_place, "to_place": each.to_place,
             "quantity": each.quantity} for each in found.transfers]  # fmt: skip
    return list_page(
        request, "expiry.html", days=days, spans=SPANS, transfers=transfers, run=run, is_cut=found.is_cut,
        used_over=USED_OVER.days, stock=table(request, "expiry", STOCK, found.rows, zone=house_zone(database)),
        suggested=table(request, "suggested-transfers", SUGGESTED, told, prefix="move-"),
        expired=sum(row["days_left"] < 0 for row in found.rows), risky=sum(row["left_over"] > 0 for row in found.rows),
    )  # fmt: skip
