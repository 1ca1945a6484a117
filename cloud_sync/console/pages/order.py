"""One order of any kind from its request to its end: who decided what, what is reserved and why other stock is not,
what came or went, and what is to be done next."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.labels.totes import list_totes
from cloud_sync.actions.master_data.choices import item_of_gtin, items_to_choose, places_to_choose
from cloud_sync.actions.orders import fulfilment, orders, substitution
from cloud_sync.actions.orders.allocate import list_reservations
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.order import CameIn, SubstituteIn
from cloud_sync.console.forms import ClientId, Reason, Word, Words, checked, reason_of, rows_of, whole
from cloud_sync.console.order_lists import work_of
from cloud_sync.console.page_route import Approver, Issuer, Mover, PageRoute, Receiver, Requester, Visitor
from cloud_sync.console.scan_words import label_of
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.orders import RULES, OrderKind, OrderStep, fault_of_performing, fault_of_step
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database, Row
from edge_agent.domain.wire.records import Action

RESERVATIONS_MAX = 1000
PASSED_OVER_MAX = 30
TOTES_MAX = 200

router = APIRouter(route_class=PageRoute)
Number = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,300}$")]
Ids = Annotated[list[int] | None, Form()]

PASSED_OVER = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("expires_on", "Expires", Show.DAY),
    Column("place", "Place", filters=True),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("reasons", "Why not", value=lambda row: "; ".join(each["text"] for each in row["reasons"])),
)
MOVED = (
    Column("item", "Item"),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("serial", "Serial", optional=True),
    Column("action", "What", Show.WORDS, filters=True),
    Column("quantity", "Quantity", Show.NUMBER),
)


@router.get("/orders/{number}")
def order_page(number: Number, request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """The order's page."""
    order = orders.order(database, number)
    kind = OrderKind(order["kind"])
    zone = house_zone(database)
    reserved: list[Row] = []
    passed: list[Row] = []
    if RULES[kind].reservations:
        reserved = list_reservations(database, demand=number, rows_max=RESERVATIONS_MAX)
        passed = fulfilment.passed_over(database, number, at=now, rows_max=PASSED_OVER_MAX)
    moved = [row for row in order["lots"] if row["action"] != Action.ALLOCATE]
    work = work_of(order)
    return list_page(
        request, "order.html", order=order, kind=kind, work=work, zone=zone, now=now, reserved=reserved,
        faults={step: _fault_of_step(order, step, actor.name) for step in OrderStep if step in RULES[kind].needs},
        fault_of_doing=_fault_of_doing(order, actor.name),
        expected=_expected(order) if "receive" in work else [], is_placed=not work or work[0] == "receive",
        house=places_to_choose(database, INTERNAL),
        items=items_to_choose(database),
        passed=table(request, "passed-over", PASSED_OVER, passed, zone=zone, prefix="passed-"),
        moved=table(request, "moved", MOVED, moved, zone=zone, prefix="moved-"),
        signing=signable(database, RecordKind.ORDER, number, actor),
        totes=list_totes(database, order=number, rows_max=TOTES_MAX),
    )  # fmt: skip


@router.post("/orders/{number}/approve")
def approve(number: Number, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """Approve what a colleague requested."""
    return _step(database, number, OrderStep.APPROVED, reason, now, actor.name)


@router.post("/orders/{number}/reject")
def reject(number: Number, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """Reject an order of which nothing was done."""
    return _step(database, number, OrderStep.REJECTED, reason, now, actor.name)


@router.post("/orders/{number}/place")
def place(number: Number, database: Ledger, actor: Requester, now: Now, reason: Reason = "") -> Any:
    """Say that an approved purchase was ordered from its supplier."""
    return _step(database, number, OrderStep.ORDERED, reason, now, actor.name)


@router.post("/orders/{number}/witness")
def witness(number: Number, database: Ledger, actor: Approver, now: Now, reason: Reason = "") -> Any:
    """Say that one will be there when it is destroyed."""
    return _step(database, number, OrderStep.WITNESSED, reason, now, actor.name)


@router.post("/orders/{number}/destroy")
def destroy(number: Number, database: Ledger, actor: Mover, now: Now, client_id: ClientId) -> Any:
    """Book that it was destroyed."""
    fulfilment.destroy(database, number, client_id=client_id, at=now, actor=actor.name)
    return _shown(number)


@router.post("/orders/{number}/allocate")
def allocate(number: Number, database: Ledger, actor: Requester, now: Now, client_id: ClientId) -> Any:
    """Reserve stock, first expired first out."""
    fulfilment.allocate_order(database, number, client_id=client_id, at=now, actor=actor.name)
    return _shown(number)


@router.post("/orders/{number}/pick")
def pick(number: Number, database: Ledger, actor: Mover, now: Now, to_place: Word = "", reservation: Ids = None) -> Any:
    """Move the ticked reservations to the place where the order is assembled."""
    fulfilment.pick(database, number, _ticked(reservation), to_place=to_place, at=now, actor=actor.name)
    return _shown(number)


@router.post("/orders/{number}/issue")
def issue(
    number: Number,
    database: Ledger,
    actor: Issuer,
    now: Now,
    action: Annotated[Action, Form()] = Action.SHIP,
    reservation: Ids = None,
) -> Any:
    """Ship or dispense the ticked reservations."""
    if action not in (Action.SHIP, Action.DISPENSE):
        raise Invalid(f"an order is shipped or dispensed, not {action}")
    fulfilment.issue(database, number, _ticked(reservation), action=action, at=now, actor=actor.name)
    return _shown(number)


@router.post("/orders/{number}/receive")
def receive(
    number: Number,
    database: Ledger,
    actor: Receiver,
    now: Now,
    client_id: ClientId,
    to_place: Word = "",
    item: Words = None,
    lot_number: Words = None,
    quantity: Words = None,
    serial: Words = None,
    expires_on: Words = None,
) -> Any:
    """Book the receipt, whatever the order says; what is wrong with it becomes a case. A lot may be a scanned label."""
    typed = rows_of(item=item, lot_number=lot_number, quantity=quantity, serial=serial, expires_on=expires_on)
    rows = [_as_labelled(database, row, now.date()) for row in typed]
    came = [row for row in rows if row["lot_number"]]
    if not came:
        raise Invalid("no lot number was entered", "Go back and enter or scan the lot of each row that arrived.")
    if without := [row for row in rows if row["expires_on"] and not row["lot_number"]]:
        raise Invalid(f"the lot number of {without[0]['item']} is missing", "Go back and enter it, or scan the label.")
    lines = [
        checked(CameIn, **{name: cell for name, cell in row.items() if cell and name != "quantity"},
                quantity=whole(row["quantity"], f"the quantity of lot {row['lot_number']}"))
        for row in came
    ]  # fmt: skip
    fulfilment.receive(
        database, number, [fulfilment.Came(**line.model_dump()) for line in lines], to_place=to_place or None,
        client_id=client_id, occurred_at=now, at=now, actor=actor.name,
    )  # fmt: skip
    return _shown(number)


def _as_labelled(database: Database, row: dict[str, str], today: date) -> dict[str, str]:
    """The row with what stands on the label, if one was scanned into the field of its lot."""
    label = label_of(row["lot_number"], today)
    if label is None or not label.gtin or not label.lot:
        return row
    item = item_of_gtin(database, label.gtin)
    if item is None:
        raise Invalid(f"GTIN {label.gtin} belongs to no item", "Have it added to its item, or type the lot number.")
    if row["item"] not in ("", item):
        raise Invalid(f"the label of {item} is in the row of {row['item']}", "Go back and scan it into its own row.")
    expires_on = row["expires_on"] or (label.expires_on.isoformat() if label.expires_on else "")
    serial = row["serial"] or label.serial or ""
    return {**row, "item": item, "lot_number": label.lot, "expires_on": expires_on, "serial": serial}


@router.post("/orders/{number}/cancel")
def cancel(
    number: Number, database: Ledger, actor: Requester, client_id: ClientId, reason: Reason = "", line: Word = "",
    quantity: Word = "",
) -> Any:  # fmt: skip
    """Cancel what is open: all of it (this closes a receipt), or some of a line."""
    quantities = {whole(line, "the line"): whole(quantity, "the quantity")} if line else None
    why = reason_of(reason, "cancelling")
    orders.cancel(database, number, quantities, why, client_id=client_id, actor=actor.name)
    return _shown(number)


@router.post("/orders/{number}/substitute")
def substitute(
    number: Number, database: Ledger, actor: Requester, client_id: ClientId, line: Word = "", item: Word = "",
    quantity: Word = "", instead_of: Word = "", reason: Reason = "",
) -> Any:  # fmt: skip
    """Ask for a substitute instead of what is open of a line."""
    said = checked(
        SubstituteIn, client_id=client_id, line=whole(line, "the line"), item=item, reason=reason,
        quantity=whole(quantity, "the quantity"), instead_of=whole(instead_of, "the quantity instead"),
    )  # fmt: skip
    values = said.model_dump(exclude={"line"})
    substitution.substitute(database, number, said.line, **values, actor=actor.name)
    return _shown(number)


def _step(database: Ledger, number: str, step: OrderStep, reason: str, now: Now, actor: str) -> Any:
    orders.take_step(database, number, step, reason_of(reason, "a decision"), at=now, actor=actor)
    return _shown(number)


def _shown(number: str) -> RedirectResponse:
    return RedirectResponse(f"/orders/{number}", 303)


def _ticked(reservation: list[int] | None) -> list[int]:
    if not reservation:
        raise Invalid("nothing was ticked", "Go back and tick what this is about.")
    return reservation


def _taken(order: Row) -> dict[OrderStep, str]:
    return {OrderStep(step["step"]): step["by_whom"] for step in order["steps"] if step["line"] is None}


def _fault_of_step(order: Row, step: OrderStep, actor: str) -> str:
    fault = fault_of_step(OrderKind(order["kind"]), step, _taken(order), order["requested_by"], actor)
    return fault[0] if fault else ""


def _fault_of_doing(order: Row, actor: str) -> str:
    fault = fault_of_performing(OrderKind(order["kind"]), _taken(order), actor)
    return fault[0] if fault else ""


def _expected(order: Row) -> list[dict[str, Any]]:
    """What may come, to be filled in: what is on its way of a transfer, else what is open of each line."""
    if order["kind"] != OrderKind.TRANSFER:
        return [
            {"item": line["item"], "lot_number": line["lot_number"], "serial": line["serial"], "quantity": line["open"]}
            for line in order["lines"] if line["open"]
        ]  # fmt: skip
    on_way: dict[tuple[str, str, str], int] = {}
    for row in order["lots"]:
        sign = {Action.SHIP: 1, Action.RECEIVE: -1}.get(row["action"], 0)
        key = row["item"], row["lot_number"], row["serial"]
        on_way[key] = on_way.get(key, 0) + sign * row["quantity"]
    return [
        {"item": item, "lot_number": lot, "serial": serial, "quantity": left}
        for (item, lot, serial), left in on_way.items() if left > 0
    ]  # fmt: skip
