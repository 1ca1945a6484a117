"""Returns from customers and wards: announced, received, and held until quality decides."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.goods import returned_goods
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.console.order_lists import ASKED, FROM, REQUESTED_AT, TO, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.orders import OrderKind

ROWS_MAX = 1000

router = APIRouter(route_class=PageRoute)

RETURNED = (
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("places", "Where"),
    Column("text", "Why it is on hold"),
    Column("since", "Since", Show.WHEN),
)


@router.get("/returns")
def returns_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """Returns, and returned goods that wait for quality."""
    zone = house_zone(database)
    return list_page(
        request, "returns.html",
        orders=order_table(
            request, database, "returns", FROM, TO, ASKED, REQUESTED_AT, kind=OrderKind.RETURN, zone=zone
        ),
        held=table(
            request, "returned-goods", RETURNED, returned_goods(database, rows_max=ROWS_MAX), zone=zone, prefix="held-"
        ),
    )  # fmt: skip
