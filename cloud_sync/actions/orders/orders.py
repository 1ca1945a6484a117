"""Orders: ask, approve, carry out, cancel. How far an order has come follows from the facts that name it.

Locks: an order is owned after the holds, and before items and lots (storage/locks.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.booking import OWN_PLACES, SCRAP
from cloud_sync.domain.orders import (
    RULES,
    OrderKind,
    OrderStep,
    Urgency,
    fault_of_places,
    fault_of_step,
)
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.governance.agreements import agreements_of, expired_on
from cloud_sync.posting.governance.agreements import told as agreement_told
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.personal_data import keep_prescription_apart
from cloud_sync.posting.planning.rationing import check_rations
from cloud_sync.posting.reservations.order_state import OrderNow, orders_now
from cloud_sync.posting.reservations.reservation_moves import release_excess
from cloud_sync.posting.signatures import check_two_approve
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_orders
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import day_of, zone_named
from edge_agent.domain.wire.records import Action


@dataclass(frozen=True, slots=True)
class Asked:
    """A line to order. ``lot_number`` and ``serial`` '' leave open which."""

    item: str
    quantity: int
    lot_number: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What somebody asks for. ``number`` None lets the ledger choose one."""

    kind: OrderKind
    from_place: str
    to_place: str
    lines: tuple[Asked, ...]
    number: str | None = None
    owner: str = "house"
    patient_ref: str = ""
    returns_order: str | None = None
    note: str = ""
    urgency: Urgency = Urgency.ROUTINE


def request_order(database: Database, new: NewOrder, *, client_id: UUID, actor: str) -> Row:
    """Keep an order and give it. The same under the same ``client_id`` again changes nothing.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        return request_in(connection, new, client_id=client_id, actor=actor)


def request_in(connection: Connection, new: NewOrder, *, client_id: UUID, actor: str) -> Row:
    """:func:`request_order` in the caller's transaction."""
    new = replace(new, patient_ref=keep_prescription_apart(connection, new.patient_ref))
    request = {
        "kind": new.kind.value,
        "number": new.number,
        "from_place": new.from_place,
        "to_place": new.to_place,
        "owner": new.owner,
        "patient_ref": new.patient_ref,
        "returns_order": new.returns_order,
        "note": new.note,
        "lines": [[line.item, line.quantity, line.lot_number, line.serial] for line in new.lines],
        **_urgency(new),
    }
    if before := answered_before(connection, "order_requested", client_id, request):
        return shown_order(connection, before)
    number = _add(connection, new, actor)
    answer(connection, "order_requested", client_id, request, number, actor=actor)
    return shown_order(connection, number)


def take_step(database: Database, number: str, step: OrderStep, reason: str, *, at: datetime, actor: str) -> Row:
    """Approve, reject, place (ordered) or witness an order; gives it. Who did it already gets it as it is.

    Raises ``NotFound``, ``NotAllowed`` where somebody else has to, ``Conflict`` where it is not the time.
    """
    with database.transaction() as connection:
        order = lock_order(connection, number)
        if order.taken.get(step) == actor:
            return shown_order(connection, number)
        if fault := fault_of_step(order.kind, step, order.taken, order.row["requested_by"], actor):
            text, is_about_who = fault
            raise (NotAllowed if is_about_who else Conflict)(
                f"order {number}: {text}", ASK_OTHER if is_about_who else None
            )
        if step is OrderStep.ORDERED:
            _check_supplier(connection, order, at)
        if step is OrderStep.REJECTED and any(order.open_of(line) < line.wanted for line in order.lines):
            raise Conflict(f"order {number} is already being filled", "Cancel the outstanding quantity instead.")
        if step is OrderStep.APPROVED:
            goods = list(queries("signatures").goods_of_order(connection, number=number))
            requester = frozenset({order.row["requested_by"]})
            urgency = Urgency(order.row["urgency"])
            check_two_approve(connection, RecordKind.ORDER, number, goods, urgency=urgency, at=at, but=requester)
        _keep_step(connection, order, step, reason, actor)
        return shown_order(connection, number)


def cancel(
    database: Database,
    number: str,
    quantities: Mapping[int, int] | None,
    reason: str,
    *,
    client_id: UUID | None = None,
    actor: str,
) -> Row:
    """Cancel ``quantities`` (line -> base units) of an order, or all that is open; reservations to it are taken back.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, and ``Conflict`` if so much is not
    open any more.
    """
    lines_said = None if quantities is None else {str(line): quantity for line, quantity in quantities.items()}
    request = {"order": number, "lines": lines_said, "reason": reason}
    with database.transaction() as connection:
        if client_id and answered_before(connection, "cancellation_requested", client_id, request):
            return shown_order(connection, number)
        cancel_in(connection, number, quantities, reason, actor=actor)
        if client_id:
            answer(connection, "cancellation_requested", client_id, request, number, actor=actor)
        return shown_order(connection, number)


def cancel_in(
    connection: Connection, number: str, quantities: Mapping[int, int] | None, reason: str, *, actor: str
) -> None:
    """:func:`cancel` in the caller's transaction."""
    order = lock_order(connection, number)
    lines = {line.line: line for line in order.lines}
    if quantities is None:
        quantities = {line.line: order.open_of(line) for line in order.lines if order.open_of(line)}
        if not quantities:
            raise Conflict(
                f"order {number} has nothing outstanding", "To undo a completed step, book a return or a count."
            )
    for number_of_line, quantity in sorted(quantities.items()):
        if number_of_line not in lines:
            raise NotFound(f"order {number} has no line {number_of_line}")
        is_open = order.open_of(lines[number_of_line])
        if quantity > is_open:
            raise Conflict(
                f"line {number_of_line} of order {number} has only {is_open} units outstanding; "
                f"cannot cancel {quantity}"
            )
        queries("orders").add_order_step(
            connection,
            order_id=order.row["id"],
            step=OrderStep.CANCELLED.value,
            line=number_of_line,
            quantity=quantity,
            by_whom=actor,
            reason=reason,
        )
    data = {"lines": {str(line): quantity for line, quantity in quantities.items()}}
    add_event(connection, actor=actor, kind="order_cancelled", subject=f"order:{number}", reason=reason, data=data)
    release_excess(connection, order_now(connection, number), actor=actor, reason=f"{number} cancelled: {reason}")


def order(database: Database, number: str) -> Row:
    """An order as it is now. Raises ``NotFound``."""
    with database.transaction() as connection:
        return shown_order(connection, number)


def shown_order(connection: Connection, number: str) -> Row:
    """An order as it is now, in the caller's transaction. Raises ``NotFound``."""
    return _with_discrepancies(connection, [order_now(connection, number)])[0]


def list_orders(
    database: Database,
    *,
    kind: OrderKind | None = None,
    place: str | None = None,
    words: str = "",
    oldest_first: bool = False,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Orders as they are now, the latest first; ``words``: only those that have them in number, note, place or item."""
    with database.transaction() as connection:
        rows = queries("orders").order_numbers(
            connection,
            kind=kind,
            place=place,
            words=words,
            oldest_first=oldest_first,
            rows_max=rows_max,
            rows_skipped=rows_skipped,
        )
        numbers = [row["number"] for row in rows]
        found = orders_now(connection, numbers)
        return _with_discrepancies(connection, [found[number] for number in numbers])


ASK_OTHER = "Ask a colleague: one person alone must not be able to do it."


def _urgency(new: NewOrder) -> dict[str, str]:
    return {} if new.urgency is Urgency.ROUTINE else {"urgency": new.urgency.value}


def _add(connection: Connection, new: NewOrder, actor: str) -> str:
    if new.kind is OrderKind.DESTRUCTION and new.to_place == SCRAP:
        title, kind = OWN_PLACES[SCRAP]
        queries("movements").add_own_place(connection, name=SCRAP, title=title, kind=kind)
    source, target = place_named(connection, new.from_place), place_named(connection, new.to_place)
    if fault := fault_of_places(new.kind, source["kind"], target["kind"]):
        raise Invalid(fault)
    if source["id"] == target["id"]:
        raise Invalid(f"the order goes from {new.from_place} to itself", "Name two different places.")
    if queries("master_data").owner_by_name(connection, name=new.owner) is None:
        raise NotFound(f"there is no owner {new.owner}", "See GET /v1/owners for those there are, or create it.")
    keys = [(line.item, line.lot_number, line.serial) for line in new.lines]
    if len(set(keys)) < len(keys):
        raise Invalid("two lines ask for the same", "Write one line with the sum.")
    if RULES[new.kind].names_lots and any(not line.lot_number for line in new.lines):
        raise Invalid(f"a {new.kind} names the lot of each line")
    items = {line.item: int(item_named(connection, line.item)["id"]) for line in new.lines}
    if new.kind is OrderKind.REQUISITION and new.owner == "house":
        wanted = [(items[line.item], line.quantity) for line in new.lines]
        check_rations(connection, source["id"], target["id"], wanted)
    returned = order_now(connection, new.returns_order) if new.returns_order else None
    if returned and (new.kind is not OrderKind.RETURN or returned.row["to_place"] != new.from_place):
        raise Invalid(f"{new.returns_order} did not go to {new.from_place}, so nothing of it is returned from there")
    order_id: int | None = queries("orders").add_order(
        connection,
        number=new.number,
        prefix=RULES[new.kind].prefix,
        kind=new.kind.value,
        from_place=source["id"],
        to_place=target["id"],
        owner=new.owner,
        patient_ref=new.patient_ref,
        returns_order=returned.row["id"] if returned else None,
        note=new.note,
        requested_by=actor,
    )
    if order_id is None:
        raise Conflict(f"there is an order {new.number} already", "Choose another number, or leave it out.")
    for number, line in enumerate(new.lines, start=1):
        queries("orders").add_order_line(
            connection,
            order_id=order_id,
            line=number,
            item_id=items[line.item],
            quantity=line.quantity,
            lot_number=line.lot_number,
            serial=line.serial,
            instead_of=None,
        )
    if new.urgency is not Urgency.ROUTINE:
        queries("orders").add_urgency(connection, order_id=order_id, urgency=new.urgency.value)
    number_given = new.number or f"{RULES[new.kind].prefix}-{order_id}"
    data = {
        "kind": new.kind.value,
        "from_place": new.from_place,
        "to_place": new.to_place,
        "lines": [[line.item, line.quantity, line.lot_number, line.serial] for line in new.lines],
        **_urgency(new),
    }
    add_event(connection, actor=actor, kind="order_added", subject=f"order:{number_given}", reason=new.note, data=data)
    return number_given


def _keep_step(connection: Connection, order: OrderNow, step: OrderStep, reason: str, actor: str) -> None:
    queries("orders").add_order_step(
        connection, order_id=order.row["id"], step=step.value, line=None, quantity=None, by_whom=actor, reason=reason
    )
    add_event(connection, actor=actor, kind=f"order_{step}", subject=f"order:{order.number}", reason=reason)


def _check_supplier(connection: Connection, order: OrderNow, at: datetime) -> None:
    supplier = place_named(connection, order.row["from_place"])
    today = day_of(at, zone_named(place_named(connection, order.row["to_place"])["zone"]))
    for agreement in expired_on(agreements_of(connection, [supplier["id"]]), today):
        raise Conflict(
            f"{agreement_told(agreement)}: nothing is ordered there",
            "File the new agreement first (POST /v1/documents), or order from another supplier.",
        )
    name = order.row["from_place"]
    if name not in {row["name"] for row in queries("records").judged_suppliers(connection)}:
        return
    (row,) = queries("records").supplier_standing(connection, names=[name])
    until = row["qualified_until"]
    if row["status"] != "qualified" or (until is not None and today > until):
        why = row["status"] if row["status"] != "qualified" else f"qualified until {until} only"
        raise Conflict(
            f"supplier {name} is {why}",
            "Order from a qualified supplier, or have its qualification brought up to date.",
        )


def lock_order(connection: Connection, number: str) -> OrderNow:
    """An order as it is now, which nobody else changes until this transaction ends. Raises ``NotFound``."""
    lock_orders(connection, [number])
    return order_now(connection, number)


def order_now(connection: Connection, number: str) -> OrderNow:
    """An order as it is now. Raises ``NotFound``."""
    found = orders_now(connection, [number])
    if number not in found:
        raise NotFound(f"there is no order {number}", "See GET /v1/orders for those there are.")
    return found[number]


def _with_discrepancies(connection: Connection, orders: Sequence[OrderNow]) -> list[Row]:
    cases = list(queries("orders").cases_of_orders(connection, numbers=[order.number for order in orders]))
    shown = []
    for each in orders:
        told = [
            {"case_id": c["id"], "code": c["data"]["code"], "text": c["text"], "open": c["resolved_at"] is None}
            for c in cases
            if c["data"]["order"] == each.number
        ]
        shown.append({**each.shown(), "discrepancies": told + _short(each)})
    return shown


def _short(order: OrderNow) -> list[dict[str, Any]]:
    """Lines of which less came than was ordered, and the rest was cancelled since."""
    if order.kind is not OrderKind.PURCHASE:
        return []
    short = []
    for line in order.lines:
        came = order.filled.by_line[line.line].get(Action.RECEIVE, 0)
        if came and line.cancelled:
            text = (
                f"line {line.line}: {came} of {line.quantity} {order.items[line.item_id]} came, the rest was cancelled"
            )
            short.append({"case_id": None, "code": "short", "text": text, "open": False})
    return short
