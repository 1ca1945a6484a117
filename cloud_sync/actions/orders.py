"""Orders: ask, approve, carry out, cancel. How far an order has come follows from the facts that name it.

Locks: an order is owned after the holds, and before items and lots (storage/locks.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from cloud_sync.actions.allocate import promise
from cloud_sync.actions.cases import LEDGER
from cloud_sync.actions.master_data import item_named, place_named
from cloud_sync.actions.movements import Line, Transfer, keep_promises, move_in
from cloud_sync.actions.order_matching import release_excess
from cloud_sync.actions.order_state import OrderNow, orders_now
from cloud_sync.actions.requests import answer, answered_before
from cloud_sync.domain.booking import SCRAP
from cloud_sync.domain.orders import (
    RULES,
    OrderKind,
    Step,
    fault_of_performing,
    fault_of_places,
    fault_of_step,
)
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import own_holds, own_items, own_orders, share_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.eligibility import Context
from edge_agent.domain.records import Action

NUMBERS_AT_ONCE_MAX = 1000


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


@dataclass(frozen=True, slots=True)
class Came:
    """Goods that came for an order. ``expires_on`` as on the label."""

    item: str
    lot_number: str
    quantity: int
    serial: str = ""
    expires_on: date | None = None


def request_order(database: Database, new: NewOrder, *, client_id: UUID, actor: str) -> Row:
    """Keep an order and give it. The same under the same ``client_id`` again changes nothing.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        return request_in(connection, new, client_id=client_id, actor=actor)


def request_in(connection: Connection, new: NewOrder, *, client_id: UUID, actor: str) -> Row:
    """:func:`request_order` in the caller's transaction."""
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
    }
    if before := answered_before(connection, "order_requested", client_id, request):
        return shown_order(connection, before)
    number = _add(connection, new, actor)
    answer(connection, "order_requested", client_id, request, number, actor=actor)
    return shown_order(connection, number)


def take_step(database: Database, number: str, step: Step, reason: str, *, at: datetime, actor: str) -> Row:
    """Approve, reject, place (ordered) or witness an order; gives it. Who did it already gets it as it is.

    Raises ``NotFound``, ``NotAllowed`` where somebody else has to, ``Conflict`` where it is not the time.
    """
    with database.transaction() as connection:
        order = _own(connection, number)
        if order.taken.get(step) == actor:
            return shown_order(connection, number)
        if fault := fault_of_step(order.kind, step, order.taken, order.row["requested_by"], actor):
            text, is_about_who = fault
            raise (NotAllowed if is_about_who else Conflict)(
                f"order {number}: {text}", _ASK_OTHER if is_about_who else None
            )
        if step is Step.ORDERED:
            _check_supplier(connection, order, at)
        if step is Step.REJECTED and any(order.open_of(line) < line.wanted for line in order.lines):
            raise Conflict(f"order {number} is under way already", "Cancel what is open of it.")
        _keep_step(connection, order, step, reason, actor)
        return shown_order(connection, number)


def cancel(database: Database, number: str, quantities: Mapping[int, int] | None, reason: str, *, actor: str) -> Row:
    """Cancel ``quantities`` (line -> base units) of an order, or all that is open; promises to it are taken back.

    Raises ``NotFound``, and ``Conflict`` if so much is not open any more.
    """
    with database.transaction() as connection:
        order = _own(connection, number)
        lines = {line.line: line for line in order.lines}
        if quantities is None:
            quantities = {line.line: order.open_of(line) for line in order.lines if order.open_of(line)}
            if not quantities:
                raise Conflict(f"nothing of order {number} is open", "What was done is undone by a return or a count.")
        for number_of_line, quantity in sorted(quantities.items()):
            if number_of_line not in lines:
                raise NotFound(f"order {number} has no line {number_of_line}")
            is_open = order.open_of(lines[number_of_line])
            if quantity > is_open:
                raise Conflict(f"only {is_open} of line {number_of_line} of order {number} are open, not {quantity}")
            queries("orders").add_order_step(
                connection,
                order_id=order.row["id"],
                step=Step.CANCELLED.value,
                line=number_of_line,
                quantity=quantity,
                by_whom=actor,
                reason=reason,
            )
        data = {"lines": {str(line): quantity for line, quantity in quantities.items()}}
        add_event(connection, actor=actor, kind="order_cancelled", subject=f"order:{number}", reason=reason, data=data)
        release_excess(connection, _now(connection, number), actor=actor, reason=f"{number} cancelled: {reason}")
        return shown_order(connection, number)


def allocate_order(database: Database, number: str, *, client_id: UUID, at: datetime, actor: str) -> dict[str, Any]:
    """Promise stock to all that is open of a demand or transfer; gives what was promised, skipped and is missing.

    Asking again promises only what is still missing; the same ``client_id`` gives the same answer. Raises ``NotFound``,
    ``Conflict``.
    """
    with database.transaction() as connection:
        if before := answered_before(connection, "order_allocated", client_id, {"order": number}):
            return dict(before)
        order = _now(connection, number)
        if not RULES[order.kind].promises:
            raise Conflict(f"order {number} is a {order.kind}", "Stock is promised to demands and transfers.")
        share_holds(connection)
        result = _allocate(connection, number, client_id, at, actor)
        answer(connection, "order_allocated", client_id, {"order": number}, result, actor=actor)
        return result


def replan(connection: Connection, number: str, *, at: datetime, actor: str = LEDGER) -> dict[str, Any] | None:
    """Promise other stock to a demand whose promises were broken; None if no such order is known or open.

    The caller owns the holds (it broke the promises), or has taken no lock yet. Stock that is held is passed over, so
    what cannot be had elsewhere stays missing.
    """
    orders = orders_now(connection, [number])
    if number not in orders or not RULES[orders[number].kind].promises:
        return None
    share_holds(connection)
    result = _allocate(connection, number, uuid4(), at, actor)
    data = {
        "reservations": [each["id"] for line in result["lines"] for each in line["reservations"]],
        "missing": sum(line["missing"] for line in result["lines"]),
    }
    add_event(connection, actor=actor, kind="order_replanned", subject=f"order:{number}", data=data)
    return result


def replan_broken(database: Database, *, at: datetime, actor: str = LEDGER) -> list[str]:
    """Plan every order again that lost a promise since it was planned last; gives their numbers.

    Each in a transaction of its own: harmless to call at any time, from any number of workers.
    """
    with database.transaction() as connection:
        numbers = [row["number"] for row in queries("orders").broken_demands(connection, rows_max=NUMBERS_AT_ONCE_MAX)]
    for number in numbers:
        with database.transaction() as connection:
            replan(connection, number, at=at, actor=actor)
    return numbers


def gather(
    database: Database, number: str, reservation_ids: Sequence[int] | None, *, to_place: str, at: datetime, actor: str
) -> list[Row]:
    """Pick promised stock (all, or these promises) to where it is gathered; it stays promised there."""
    return _keep(database, number, reservation_ids, Action.PICK, to_place, at, actor)


def issue(
    database: Database, number: str, reservation_ids: Sequence[int] | None, *, action: Action, at: datetime, actor: str
) -> list[Row]:
    """Ship or dispense promised stock (all, or these promises); a transfer's goods are on their way then.

    Raises ``Conflict`` with all reasons if any of it is blocked by now; then nothing leaves.
    """
    return _keep(database, number, reservation_ids, action, None, at, actor)


def receive(
    database: Database,
    number: str,
    came: Sequence[Came],
    *,
    to_place: str | None,
    client_id: UUID,
    occurred_at: datetime,
    at: datetime,
    actor: str,
) -> Row:
    """Book what came for a purchase, transfer or return, and give the order with what is wrong with it.

    What came is booked whatever the order says: discrepancies become cases and holds. Raises ``NotFound``, ``Invalid``,
    and ``Conflict`` for an order that was not placed.
    """
    with database.transaction() as connection:
        own_holds(connection)
        order = _own(connection, number)
        if order.kind not in (OrderKind.PURCHASE, OrderKind.TRANSFER, OrderKind.RETURN):
            raise Conflict(f"nothing is received for order {number}, a {order.kind}")
        _check_performing(order, actor)
        source = _transit_of(order) if order.kind is OrderKind.TRANSFER else order.row["from_place"]
        if order.kind is OrderKind.TRANSFER:
            _ensure_transit(connection, order)
        action = Action.RETURN if order.kind is OrderKind.RETURN else Action.RECEIVE
        transfer = Transfer(action, source, to_place or order.row["to_place"], occurred_at, number)
        lines = tuple(
            Line(each.item, each.lot_number, each.quantity, order.row["owner"], each.serial, each.expires_on)
            for each in came
        )
        move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)
        return shown_order(connection, number)


def destroy(database: Database, number: str, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Book that all that is open of an approved and witnessed destruction was destroyed.

    Raises ``NotFound``, ``NotAllowed`` to the witness, ``Conflict`` where a step is missing or stock is not there.
    """
    with database.transaction() as connection:
        own_holds(connection)
        order = _own(connection, number)
        if order.kind is not OrderKind.DESTRUCTION:
            raise Conflict(f"order {number} is a {order.kind}, no destruction")
        _check_performing(order, actor)
        lines = tuple(
            Line(order.items[line.item_id], line.lot_number, order.open_of(line), order.row["owner"], line.serial)
            for line in order.lines
            if order.open_of(line)
        )
        if not lines:
            if order.steps and any(row["action"] == Action.DESTROY for row in order.moved):
                return shown_order(connection, number)
            raise Conflict(f"nothing of order {number} is open")
        transfer = Transfer(Action.DESTROY, order.row["from_place"], order.row["to_place"], at, number)
        move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)
        return shown_order(connection, number)


def order(database: Database, number: str) -> Row:
    """An order as it is now. Raises ``NotFound``."""
    with database.transaction() as connection:
        return shown_order(connection, number)


def shown_order(connection: Connection, number: str) -> Row:
    """An order as it is now, in the caller's transaction. Raises ``NotFound``."""
    return _with_discrepancies(connection, [_now(connection, number)])[0]


def list_orders(
    database: Database,
    *,
    kind: OrderKind | None = None,
    place: str | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Orders as they are now, the latest first."""
    with database.transaction() as connection:
        rows = queries("orders").order_numbers(
            connection, kind=kind, place=place, rows_max=rows_max, rows_skipped=rows_skipped
        )
        numbers = [row["number"] for row in rows]
        found = orders_now(connection, numbers)
        return [_with_discrepancies(connection, [found[number]])[0] for number in numbers]


_ASK_OTHER = "Ask a colleague: one person alone must not be able to do it."


def _add(connection: Connection, new: NewOrder, actor: str) -> str:
    if new.kind is OrderKind.DESTRUCTION and new.to_place == SCRAP:
        queries("movements").add_scrap_place(connection, name=SCRAP)
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
    returned = _now(connection, new.returns_order) if new.returns_order else None
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
            item_id=item_named(connection, line.item)["id"],
            quantity=line.quantity,
            lot_number=line.lot_number,
            serial=line.serial,
        )
    number_given = new.number or f"{RULES[new.kind].prefix}-{order_id}"
    data = {
        "kind": new.kind.value,
        "from_place": new.from_place,
        "to_place": new.to_place,
        "lines": [[line.item, line.quantity, line.lot_number, line.serial] for line in new.lines],
    }
    add_event(connection, actor=actor, kind="order_added", subject=f"order:{number_given}", reason=new.note, data=data)
    return number_given


def _keep_step(connection: Connection, order: OrderNow, step: Step, reason: str, actor: str) -> None:
    queries("orders").add_order_step(
        connection, order_id=order.row["id"], step=step.value, line=None, quantity=None, by_whom=actor, reason=reason
    )
    add_event(connection, actor=actor, kind=f"order_{step}", subject=f"order:{order.number}", reason=reason)


def _check_supplier(connection: Connection, order: OrderNow, at: datetime) -> None:
    known = {row["name"]: row for row in queries("records").suppliers(connection)}
    judged = {row["name"] for row in queries("records").judged_suppliers(connection)}
    name = order.row["from_place"]
    if name not in judged:
        return
    row = known[name]
    until = row["qualified_until"]
    if row["status"] != "qualified" or (until is not None and at.date() > until):
        why = row["status"] if row["status"] != "qualified" else f"qualified until {until} only"
        raise Conflict(
            f"supplier {name} is {why}",
            "Order from a qualified supplier, or have its qualification brought up to date.",
        )


def _check_performing(order: OrderNow, actor: str) -> None:
    if fault := fault_of_performing(order.kind, order.taken, actor):
        text, is_about_who = fault
        raise (NotAllowed if is_about_who else Conflict)(f"order {order.number}: {text}")


def _allocate(connection: Connection, number: str, client_id: UUID, at: datetime, actor: str) -> dict[str, Any]:
    order = _own(connection, number)
    if Step.REJECTED in order.taken:
        raise Conflict(f"order {number} was rejected by {order.taken[Step.REJECTED]}")
    own_items(connection, {line.item_id for line in order.lines})
    lines = []
    for line in order.lines:
        wanted = order.open_of(line) - order.promised_to(line)
        shown = {"line": line.line, "item": order.items[line.item_id]}
        if wanted <= 0:
            lines.append({**shown, "reservations": [], "skipped": [], "missing": 0})
            continue
        days = queries("orders").shelf_life_demanded(connection, place_id=order.row["to_id"], item_id=line.item_id)
        context = Context(at=at, owner=order.row["owner"], shelf_life_min=timedelta(days=days or 0))
        found = promise(
            connection,
            line.item_id,
            wanted,
            context,
            site=order.row["from_place"],
            demand=number,
            client_id=client_id,
            actor=actor,
            lot_number=line.lot_number,
            serial=line.serial,
        )
        lines.append({**shown, **found})
    return {"order": number, "lines": lines}


def _keep(
    database: Database,
    number: str,
    reservation_ids: Sequence[int] | None,
    action: Action,
    to_place: str | None,
    at: datetime,
    actor: str,
) -> list[Row]:
    with database.transaction() as connection:
        order = _now(connection, number)
        if not RULES[order.kind].promises:
            raise Conflict(f"order {number} is a {order.kind}: nothing is promised to it")
        if order.kind is OrderKind.TRANSFER and action is Action.SHIP:
            to_place = _ensure_transit(connection, order)
        elif order.kind is OrderKind.TRANSFER and action is Action.DISPENSE:
            raise Conflict(f"order {number} is a transfer: ship it")
        target = to_place or order.row["to_place"]
        promised = list(
            queries("reservations").reservations(
                connection, demand=number, lot_id=None, only_open=False, rows_max=100_000, rows_skipped=0
            )
        )
        if reservation_ids is None:
            chosen = [row for row in promised if row["ended_as"] is None and row["place"] != target]
        else:
            by_id = {row["id"]: row for row in promised}
            if missing := sorted(set(reservation_ids) - by_id.keys()):
                raise NotFound(f"order {number} has no reservation {missing[0]}", "See GET /v1/reservations?demand=...")
            chosen = [by_id[each] for each in set(reservation_ids)]
        if not chosen:
            raise Conflict(
                f"nothing is promised to order {number}", f"Allocate first: POST /v1/orders/{number}/allocate"
            )
        return keep_promises(connection, chosen, to_place=target, action=action, at=at, actor=actor)


def _ensure_transit(connection: Connection, order: OrderNow) -> str:
    name = _transit_of(order)
    title = f"On the way from {order.row['from_place']} to {order.row['to_place']}"
    queries("orders").add_transit_place(connection, name=name, title=title)
    return name


def _transit_of(order: OrderNow) -> str:
    return f"transit.{order.number}"


def _own(connection: Connection, number: str) -> OrderNow:
    own_orders(connection, [number])
    return _now(connection, number)


def _now(connection: Connection, number: str) -> OrderNow:
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
