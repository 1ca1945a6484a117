"""Picks: requisitions to allocate, pick and issue, and all that is reserved by the place where it lies."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.orders.allocate import list_reservations
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.console.order_lists import ASKED, FROM, REQUESTED_AT, TO, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.orders import OrderKind

ROWS_MAX = 2000

router = APIRouter(route_class=PageRoute)

RESERVED = (
    Column("place", "Place", filters=True),
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("expires_on", "Expires", Show.DAY),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("demand", "For", link=lambda row: f"/orders/{row['demand']}"),
    Column("reserved_by", "Reserved by"),
)


@router.get("/picks")
def picks_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Requisitions, and the pick list of all orders in the order of places."""
    zone = house_zone(database)
    reserved = sorted(list_reservations(database, only_open=True, rows_max=ROWS_MAX), key=lambda row: row["place"])
    return list_page(
        request, "picks.html",
        orders=order_table(
            request, database, "requisitions", FROM, TO, ASKED, REQUESTED_AT, kind=OrderKind.REQUISITION, zone=zone
        ),
        reserved=table(request, "pick-list", RESERVED, reserved, zone=zone, prefix="pick-"),
    )  # fmt: skip
