"""Purchasing and finance: purchase orders in, receipts out, unit costs, and what stock is worth, as JSON and CSV."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from cloud_sync.actions.interop import costs, purchasing
from cloud_sync.api.access import (
    ApiRoute,
    CatalogueSender,
    CostReader,
    Ledger,
    Listing,
    Now,
    OrderSender,
    ReceiptReader,
    ValueReader,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Listed, Name, Reason
from cloud_sync.api.schemas.connection import POSITION_MAX
from cloud_sync.api.schemas.erp import CostOut, OrdersTakenOut, PurchaseOrdersIn, ReceiptsOut, StockValueOut
from cloud_sync.api.schemas.order import ImportOut
from cloud_sync.domain.purchase_orders import PurchaseLine, PurchaseOrder, read_purchase_orders
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

router = APIRouter(tags=["purchasing and finance"], route_class=ApiRoute, responses=answers(404, 409, 429))

_CSV = {"text/csv": {"schema": {"type": "string"}}}
After = Annotated[int, Query(ge=0, le=POSITION_MAX, description="`next` of the answer before; 0: all.")]
Limit = Annotated[int, Query(ge=1, le=1000)]
DryRun = Annotated[bool, Query(description="Say what would happen, and change nothing.")]


@router.post("/erp/purchase-orders", summary="Send purchase orders", response_model=OrdersTakenOut)
async def send_orders(
    said: PurchaseOrdersIn, request: Request, database: Ledger, actor: OrderSender, dry_run: DryRun = False
) -> Any:
    """Orders by the other system's numbers: all are taken in, or none if any has a fault. Sent again, nothing changes.

    They wait for approval like any other order.
    """
    orders = [
        PurchaseOrder(
            each.number, each.supplier, each.to_place,
            tuple(PurchaseLine(line.item or "", line.gtin or "", line.quantity, at) for line in each.lines), each.note,
        )
        for at, each in enumerate(said.orders, start=1)
    ]  # fmt: skip
    content = await request.body()
    return await run_in_threadpool(
        purchasing.take_orders, database, orders, [], content, "application/json", dry_run=dry_run, actor=actor.name
    )


@router.post(
    "/erp/purchase-orders/csv",
    summary="Send purchase orders as CSV",
    response_model=OrdersTakenOut,
    openapi_extra={"requestBody": {"required": True, "description": "The file, in UTF-8.", "content": _CSV}},
)
async def send_orders_csv(request: Request, database: Ledger, actor: OrderSender, dry_run: DryRun = False) -> Any:
    """One row a line: order, supplier, to_place, item or gtin, quantity, note. The rest is as for JSON."""
    content = await request.body()
    orders, faults = read_purchase_orders(_text(content))
    return await run_in_threadpool(
        purchasing.take_orders, database, orders, faults, content, "text/csv", dry_run=dry_run, actor=actor.name
    )


@router.get("/erp/receipts", summary="Read receipts", response_model=ReceiptsOut)
def read_receipts(database: Ledger, _: ReceiptReader, after: After = 0, limit: Limit = 100) -> Any:
    """What was received, in the order in which it was committed: nothing ever appears before `next`."""
    return purchasing.receipts(database, after, limit)


@router.get(
    "/erp/receipts/csv",
    summary="Read receipts as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": _CSV, "description": "The file; the header Lotwarden-Next has the next `after`."}},
)
def read_receipts_csv(database: Ledger, _: ReceiptReader, after: After = 0, limit: Limit = 100) -> Any:
    """The same as CSV. The next `after` is in the header `Lotwarden-Next`."""
    found = purchasing.receipts(database, after, limit)
    return _csv("receipts", purchasing.RECEIPT_COLUMNS, found["rows"], {"Lotwarden-Next": str(found["next"])})


@router.get("/erp/stock-value", summary="Read what stock is worth", response_model=StockValueOut)
def read_value(
    database: Ledger,
    _: ValueReader,
    now: Now,
    on: Annotated[date | None, Query(description="By the costs of which day; today if left out.")] = None,
) -> Any:
    """One row for each lot and site, by the costs of a day."""
    day = on or now.date()
    rows = purchasing.stock_value(database, day)
    unknown = sum(row["value"] is None for row in rows)
    return {"on": day, "rows": rows, "totals": purchasing.totals_of(rows), "unknown": unknown}


@router.get(
    "/erp/stock-value/csv",
    summary="Read what stock is worth as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": _CSV, "description": "The file."}},
)
def read_value_csv(database: Ledger, _: ValueReader, now: Now, on: date | None = None) -> Any:
    """The same as CSV."""
    return _csv("stock-value", purchasing.VALUE_COLUMNS, purchasing.stock_value(database, on or now.date()))


@router.post(
    "/erp/catalogue/{kind}",
    summary="Send a catalogue or prices",
    response_model=ImportOut,
    openapi_extra={"requestBody": {"required": True, "description": "The file, in UTF-8.", "content": _CSV}},
)
async def send_catalogue(
    kind: Name,
    request: Request,
    database: Ledger,
    actor: CatalogueSender,
    now: Now,
    reason: Annotated[Reason, Query(description="Why; the event log keeps it.")],
    dry_run: DryRun = False,
) -> Any:
    """A CSV file of items (`items`: what it does not say of a known item stays as it is) or of prices (`costs`).

    All rows are taken in, or none if any has a fault.
    """
    content = await request.body()
    done = await run_in_threadpool(
        costs.take_catalogue, database, kind, _text(content), dry_run=dry_run, reason=reason, at=now, actor=actor.name
    )
    return ImportOut.model_validate(done, from_attributes=True)


@router.get("/items/{name}/costs", summary="List costs of an item", response_model=Listed[CostOut])
def list_costs(name: Name, database: Ledger, _: CostReader, page: Listing) -> Any:
    """All that was ever told of what an item costs, the latest day first."""
    return page.of(costs.cost_history(database, name, rows_max=page.rows_max, rows_skipped=page.offset))


def _csv(
    name: str, columns: Sequence[str], rows: Sequence[Row], headers: dict[str, str] | None = None
) -> StreamingResponse:
    shown = {"Content-Disposition": f'attachment; filename="{name}.csv"', **(headers or {})}
    lines = purchasing.lines_of_rows(columns, rows)
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=shown)


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"the file is not in UTF-8: {error}", "Save it as CSV in UTF-8.") from error
    if "\x00" in text:
        raise Invalid("the file holds a NUL character", "Save it as plain CSV in UTF-8.")
    return text
