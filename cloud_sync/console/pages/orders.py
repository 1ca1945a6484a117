"""Orders of every kind, and what each waits for."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.console.order_lists import ASKED, FROM, KIND, REQUESTED_AT, TO, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import list_page

router = APIRouter(route_class=PageRoute)


@router.get("/orders")
def orders_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """All orders, the latest first."""
    columns = (KIND, FROM, TO, ASKED, REQUESTED_AT)
    found = order_table(request, database, "orders", *columns, kind=None, zone=house_zone(database))
    return list_page(request, "orders.html", orders=found)
