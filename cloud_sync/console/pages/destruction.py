"""Destruction: what is not wanted any more, and orders to destroy it before a witness."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.goods import waiting_for_destruction
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.order_lists import ASKED, FROM, REQUESTED_AT, REQUESTED_BY, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.orders import OrderKind
from cloud_sync.storage.database import Row

ROWS_MAX = 500
WHY = {"reject": "rejected", "destroy": "to be destroyed", "expired": "expired"}

router = APIRouter(route_class=PageRoute)

UNWANTED = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("expires_on", "Expires", Show.DAY),
    Column("place", "Place", filters=True),
    Column("quantity", "Quantity", Show.NUMBER, html=lambda row: f"{row['quantity']} {row['base_unit']}"),
    Column("why", "Why", Show.TAG, filters=True, value=lambda row: WHY[row["why"]]),
)


@router.get("/destruction")
def destruction_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Orders to destroy, and stock that waits for one."""
    zone = house_zone(database)
    rows = [
        {**row, "order": _order(row)} for row in waiting_for_destruction(database, at=now, rows_max=ROWS_MAX)
    ]  # fmt: skip
    return list_page(
        request, "destruction.html",
        orders=order_table(
            request, database, "destructions", FROM, ASKED, REQUESTED_BY, REQUESTED_AT, kind=OrderKind.DESTRUCTION,
            zone=zone,
        ),
        unwanted=table(request, "unwanted-stock", UNWANTED, rows, zone=zone, prefix="stock-"),
    )  # fmt: skip


def _order(row: Row) -> str:
    """The form to order its destruction, filled in."""
    named = {"kind": "destruction", "place": row["place"], "item": row["item"], "lot": row["lot_number"]}
    return "/new-order?" + urlencode({**named, "quantity": row["quantity"]})
