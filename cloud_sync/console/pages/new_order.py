"""A new order of any kind: from where, to where, what."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.choices import items_to_choose, owners_to_choose, places_to_choose
from cloud_sync.actions.orders import orders
from cloud_sync.api.access import Ledger
from cloud_sync.api.schemas.order import OrderIn
from cloud_sync.console.forms import ClientId, Reason, Text, Word, Words, checked, pasted_rows, rows_of, whole
from cloud_sync.console.page_route import PageRoute, Requester, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.domain.booking import SCRAP
from cloud_sync.domain.orders import RULES, OrderKind, Urgency
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row

LINES_SHOWN = 4
FILE_BYTES_MAX = 1_000_000
COLUMNS = ("item", "quantity", "lot_number", "serial")

router = APIRouter(route_class=PageRoute)


@router.get("/new-order")
def new_order_page(
    request: Request,
    database: Ledger,
    _: Visitor,
    kind: OrderKind = OrderKind.PURCHASE,
    item: Annotated[str, Query(max_length=100)] = "",
    lot: Annotated[str, Query(max_length=100)] = "",
    quantity: Annotated[str, Query(max_length=12)] = "",
    place: Annotated[str, Query(max_length=100)] = "",
    returns: Annotated[str, Query(max_length=100)] = "",
) -> Any:
    """The form; what the address names is filled in."""
    from_kinds, to_kinds = RULES[kind].from_kinds, RULES[kind].to_kinds
    filled = {"item": item, "lot_number": lot, "quantity": quantity}
    lines = [filled, *[dict.fromkeys(filled, "")] * (LINES_SHOWN - 1)]
    return render(
        request, "new_order.html", kind=kind, kinds=list(OrderKind), place=place, returns=returns,
        sources=places_to_choose(database, from_kinds), from_kinds=",".join(sorted(from_kinds)),
        targets=_targets(database, kind), to_kinds=",".join(sorted(to_kinds)), items=items_to_choose(database),
        owners=owners_to_choose(database), lines=lines, names_lots=RULES[kind].names_lots,
        urgencies=list(Urgency),
    )  # fmt: skip


@router.post("/orders")
def new_order(
    database: Ledger,
    actor: Requester,
    client_id: ClientId,
    kind: Annotated[OrderKind, Form()],
    from_place: Word = "",
    to_place: Word = "",
    owner: Word = "house",
    number: Word = "",
    patient_ref: Word = "",
    returns_order: Word = "",
    note: Reason = "",
    urgency: Word = Urgency.ROUTINE.value,
    item: Words = None,
    quantity: Words = None,
    lot_number: Words = None,
    lines: Text = "",
    file: UploadFile | None = None,
) -> Any:
    """Keep it, and show it."""
    rows = [*rows_of(item=item, quantity=quantity, lot_number=lot_number), *pasted_rows(lines, COLUMNS)]
    if file is not None and file.size:
        rows += pasted_rows(_text_of(file), COLUMNS)
    if not rows:
        raise Invalid("this order asks for nothing", "Go back and enter at least one line.")
    said = checked(
        OrderIn, client_id=client_id, kind=kind, from_place=from_place, to_place=to_place, owner=owner,
        number=number.strip() or None, patient_ref=patient_ref.strip(), returns_order=returns_order.strip() or None,
        note=note, urgency=urgency, lines=[
            {**row, "quantity": whole(row["quantity"], f"the quantity in line {at}")} for at, row in enumerate(rows, 1)
        ],
    )  # fmt: skip
    new = orders.NewOrder(
        **said.model_dump(exclude={"client_id", "lines"}),
        lines=tuple(orders.Asked(**line.model_dump()) for line in said.lines),
    )
    made = orders.request_order(database, new, client_id=client_id, actor=actor.name)
    return RedirectResponse(f"/orders/{made['number']}", 303)


def _targets(database: Database, kind: OrderKind) -> list[Row]:
    found = places_to_choose(database, RULES[kind].to_kinds)
    if kind is OrderKind.DESTRUCTION and not found:
        found = [{"name": SCRAP, "title": "Destroyed", "kind": "scrap"}]
    return found


def _text_of(file: UploadFile) -> str:
    content = file.file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise Invalid("this file is larger than 1 MB", "Split it into several orders.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("this file is not UTF-8 text", "Save it as CSV (UTF-8) and choose it again.") from error
