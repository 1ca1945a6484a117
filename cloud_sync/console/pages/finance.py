"""Purchasing and finance: what stock is worth, purchase orders from other systems, and receipts for them."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from starlette.concurrency import run_in_threadpool

from cloud_sync.actions.interop import purchasing
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import csv_of_upload
from cloud_sync.console.page_route import PageRoute, Requester, Visitor
from cloud_sync.console.put_off import is_put_off, rest_of
from cloud_sync.console.rendering import render
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.purchase_orders import COLUMNS, read_purchase_orders
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def _money(name: str) -> Any:
    def of(row: Row) -> str:
        return "not known" if row[name] is None else f"{row[name]:,.2f} {row['currency']}"

    return of


VALUE = (
    Column("item", "Item", filters=True),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("site", "Site", filters=True),
    Column("owner", "Owner", filters=True),
    Column("expires_on", "Expires", Show.DAY),
    Column("quantity", "Quantity", Show.NUMBER, html=lambda row: f"{row['quantity']} {row['base_unit']}"),
    Column("cost", "Unit cost", Show.NUMBER, html=_money("cost")),
    Column("value", "Value", Show.NUMBER, html=_money("value")),
    Column("on_hold", "State", Show.TAG, filters=True, value=lambda row: "on hold" if row["on_hold"] else "available"),
)


@router.get("/finance")
def finance_page(
    request: Request, database: Ledger, _: Visitor, now: Now, on: Annotated[date | None, Query()] = None,
    waits: bool = False,
) -> Any:  # fmt: skip
    """What the stock in the house is worth by the unit costs of a day, by lot and site."""
    day = on or now.date()
    if is_put_off(request, database, waits):
        return render(request, "finance.html", day=day, rest=rest_of(request))
    totals, unknown = purchasing.stock_totals(database, day)

    def rows(wanted: ListRequest) -> list[Row]:
        return purchasing.stock_value(database, day, wanted.rows_max, wanted.rows_skipped)

    return list_page(
        request, "finance.html", rest="", day=day, totals=totals, unknown=unknown,
        stock=table(request, "finance", VALUE, source=rows, searches=False, zone=house_zone(database)),
    )  # fmt: skip


@router.get("/finance/purchase-orders")
def orders_page(request: Request, _: Requester) -> Any:
    """Bring in a file of purchase orders; it is tried first."""
    return render(request, "purchase_orders.html", done=None, text="", columns=COLUMNS)


@router.post("/finance/purchase-orders")
async def take_orders_page(
    request: Request, database: Ledger, actor: Requester, file: UploadFile | None = None,
    text: Annotated[str, Form()] = "", dry_run: Annotated[bool, Form()] = False,
) -> Any:  # fmt: skip
    """Try a file, or take it in: all orders, or none if any has a fault."""
    said = text or await csv_of_upload(file)
    orders, faults = read_purchase_orders(said)
    done = await run_in_threadpool(
        purchasing.take_orders, database, orders, faults, said.encode(), "text/csv", dry_run=dry_run, actor=actor.name
    )
    status = 422 if done.faults else 200
    return render(request, "purchase_orders.html", status, done=done, text=said, columns=COLUMNS)
