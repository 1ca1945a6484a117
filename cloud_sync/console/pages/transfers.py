"""Transfers between places of the house: allocated, shipped, on their way, received on the other side."""

from typing import Any

from fastapi import APIRouter, Request

from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger
from cloud_sync.console.order_lists import ASKED, FROM, REQUESTED_AT, TO, order_table
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page
from cloud_sync.domain.orders import OrderKind, OrderState
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def _on_way(order: Row) -> int:
    return sum(line["states"].get(OrderState.SHIPPED, 0) for line in order["lines"])


ON_WAY = Column("on_way", "On the way", Show.NUMBER, value=_on_way)


@router.get("/transfers")
def transfers_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """All transfers, the latest first."""
    columns = (FROM, TO, ASKED, REQUESTED_AT, ON_WAY)
    found = order_table(request, database, "transfers", *columns, kind=OrderKind.TRANSFER, zone=house_zone(database))
    return list_page(request, "transfers.html", orders=found)
