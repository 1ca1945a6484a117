"""Orders carried out: reserve stock, pick it, issue it, receive what came, destroy.

Locks: an order is owned after the holds, and before items and lots (storage/locks.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from cloud_sync.actions.orders.orders import ASK_OTHER, lock_order, order_now, shown_order
from cloud_sync.actions.stock.movements import MovementLine, Transfer, fulfil_reservations, move_in
from cloud_sync.domain.orders import (
    RULES,
    OrderKind,
    OrderStep,
    fault_of_performing,
)
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.reservations.fefo_allocation import blocked_stock
from cloud_sync.posting.reservations.order_state import OrderNow, orders_now
from cloud_sync.posting.reservations.reservations import reserve
from cloud_sync.posting.reservations.substitutes import offers
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds, lock_items, share_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import Context
from edge_agent.domain.wire.records import Action

NUMBERS_AT_ONCE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Came:
    """Goods that came for an order. ``expires_on`` as on the label."""

    item: str
    lot_number: str
    quantity: int
    serial: str = ""
    expires_on: date | None = None
    expires_hour: time | None = None


def allocate_order(database: Database, number: str, *, client_id: UUID, at: datetime, actor: str) -> dict[str, Any]:
    """Reserve stock for all that is open of a requisition or transfer; gives what was reserved, skipped and is missing.

    For what is missing, substitutes are offered; :func:`cloud_sync.actions.orders.substitution.substitute` takes one.
    Asking again reserves only what is still missing; the same ``client_id`` returns the same answer.
    Raises ``NotFound``, ``Conflict``.
    """
    with database.transaction() as connection:
        if before := answered_before(connection, "order_allocated", client_id, {"order": number}):
            return dict(before)
        order = order_now(connection, number)
        if not RULES[order.kind].reservations:
            raise Conflict(f"order {number} is a {order.kind}", "Stock is reserved for requisitions and transfers.")
        share_holds(connection)
        result = _allocate(connection, number, client_id, at, actor)
        answer(connection, "order_allocated", client_id, {"order": number}, result, actor=actor)
        return result


def passed_over(database: Database, number: str, *, at: datetime, rows_max: int) -> list[Row]:
    """Stock of what an order asks for that may not be taken for it now, first expired first, with all reasons.

    Of each item, the first ``rows_max`` positions are looked at. Raises ``NotFound``.
    """
    with database.transaction() as connection:
        order = order_now(connection, number)
        return [
            row
            for item_id in sorted({line.item_id for line in order.lines})
            for row in blocked_stock(
                connection,
                item_id,
                _context_of(connection, order, item_id, at),
                order.row["from_place"],
                prescription=_prescription_of(order),
                rows_max=rows_max,
                rows_skipped=0,
            )
        ]


def replan(connection: Connection, number: str, *, at: datetime, actor: str = LEDGER) -> dict[str, Any] | None:
    """Reserve other stock for a demand whose reservations were broken; None if no such order is known or open.

    The caller owns the holds (it broke the reservations), or has taken no lock yet. Held stock is passed over, so
    what cannot be had elsewhere stays missing.
    """
    orders = orders_now(connection, [number])
    if number not in orders or not RULES[orders[number].kind].reservations:
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
    """Plan every order again that lost a reservation since it was planned last; gives their numbers.

    Each in a transaction of its own: harmless to call at any time, from any number of workers.
    """
    with database.transaction() as connection:
        numbers = [row["number"] for row in queries("orders").broken_demands(connection, rows_max=NUMBERS_AT_ONCE_MAX)]
    for number in numbers:
        with database.transaction() as connection:
            replan(connection, number, at=at, actor=actor)
    return numbers


def pick(
    database: Database, number: str, reservation_ids: Sequence[int] | None, *, to_place: str, at: datetime, actor: str
) -> list[Row]:
    """Pick reserved stock (all, or these reservations) to a place of the house; it stays reserved there."""
    return _keep(database, number, reservation_ids, Action.PICK, to_place, at, actor)


def issue(
    database: Database, number: str, reservation_ids: Sequence[int] | None, *, action: Action, at: datetime, actor: str
) -> list[Row]:
    """Ship or dispense reserved stock (all, or these reservations); a transfer's goods are on their way then.

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
        lock_holds(connection)
        order = lock_order(connection, number)
        if order.kind not in (OrderKind.PURCHASE, OrderKind.TRANSFER, OrderKind.RETURN):
            raise Conflict(f"nothing is received for order {number}, a {order.kind}")
        _check_performing(order, actor)
        source = _transit_of(order) if order.kind is OrderKind.TRANSFER else order.row["from_place"]
        if order.kind is OrderKind.TRANSFER:
            _ensure_transit(connection, order)
        action = Action.RETURN if order.kind is OrderKind.RETURN else Action.RECEIVE
        transfer = Transfer(action, source, to_place or order.row["to_place"], occurred_at, number)
        lines = tuple(
            MovementLine(
                each.item,
                each.lot_number,
                each.quantity,
                order.row["owner"],
                each.serial,
                each.expires_on,
                each.expires_hour,
            )
            for each in came
        )
        move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)
        return shown_order(connection, number)


def destroy(database: Database, number: str, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Book that all that is open of an approved and witnessed destruction was destroyed.

    Raises ``NotFound``, ``NotAllowed`` to the witness, ``Conflict`` where a step is missing or stock is not there.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        order = lock_order(connection, number)
        if order.kind is not OrderKind.DESTRUCTION:
            raise Conflict(f"order {number} is a {order.kind}, no destruction")
        _check_performing(order, actor)
        lines = tuple(
            MovementLine(
                order.items[line.item_id], line.lot_number, order.open_of(line), order.row["owner"], line.serial
            )
            for line in order.lines
            if order.open_of(line)
        )
        if not lines:
            if order.steps and any(row["action"] == Action.DESTROY for row in order.moved):
                return shown_order(connection, number)
            raise Conflict(f"order {number} has nothing outstanding")
        transfer = Transfer(Action.DESTROY, order.row["from_place"], order.row["to_place"], at, number)
        move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)
        return shown_order(connection, number)


def _check_performing(order: OrderNow, actor: str) -> None:
    if fault := fault_of_performing(order.kind, order.taken, actor):
        text, is_about_who = fault
        raise (NotAllowed if is_about_who else Conflict)(
            f"order {order.number}: {text}", ASK_OTHER if is_about_who else None
        )


def _allocate(connection: Connection, number: str, client_id: UUID, at: datetime, actor: str) -> dict[str, Any]:
    order = lock_order(connection, number)
    if OrderStep.REJECTED in order.taken:
        raise Conflict(f"order {number} was rejected by {order.taken[OrderStep.REJECTED]}")
    lock_items(connection, {line.item_id for line in order.lines})
    site = order.row["from_place"]
    prescription = _prescription_of(order)

    def context_of(item_id: int) -> Context:
        return _context_of(connection, order, item_id, at)

    lines = []
    for line in order.lines:
        wanted = order.open_of(line) - order.reserved_to(line)
        shown = {"line": line.line, "item": order.items[line.item_id]}
        if wanted <= 0:
            lines.append(
                {**shown, "reservations": [], "skipped": [], "skipped_more": {}, "missing": 0, "substitutes": []}
            )
            continue
        found = reserve(
            connection,
            line.item_id,
            wanted,
            context_of(line.item_id),
            site=site,
            demand=number,
            client_id=client_id,
            actor=actor,
            lot_number=line.lot_number,
            serial=line.serial,
            prescription=prescription,
        )
        short = 0 if line.lot_number or line.serial else found["missing"]
        offered = offers(connection, line.item_id, short, context_of, site, prescription=prescription)
        lines.append({**shown, **found, "substitutes": offered})
    return {"order": number, "lines": lines}


def _prescription_of(order: OrderNow) -> str:
    return str(order.row["patient_ref"]) if order.kind is OrderKind.REQUISITION else ""


def _context_of(connection: Connection, order: OrderNow, item_id: int, at: datetime) -> Context:
    """What the order demands of stock of an item."""
    days = queries("orders").shelf_life_demanded(connection, place_id=order.row["to_id"], item_id=item_id)
    return Context(at=at, owner=order.row["owner"], shelf_life_min=timedelta(days=days or 0))


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
        order = order_now(connection, number)
        if not RULES[order.kind].reservations:
            raise Conflict(f"order {number} is a {order.kind}: nothing is reserved for it")
        if order.kind is OrderKind.TRANSFER and action is Action.SHIP:
            to_place = _ensure_transit(connection, order)
        elif order.kind is OrderKind.TRANSFER and action is Action.DISPENSE:
            raise Conflict(f"order {number} is a transfer: ship it")
        target = to_place or order.row["to_place"]
        reserved = list(
            queries("reservations").reservations(
                connection, demand=number, lot_id=None, only_open=False, rows_max=100_000, rows_skipped=0
            )
        )
        if reservation_ids is None:
            chosen = [row for row in reserved if row["ended_as"] is None and row["place"] != target]
        else:
            by_id = {row["id"]: row for row in reserved}
            if missing := sorted(set(reservation_ids) - by_id.keys()):
                raise NotFound(f"order {number} has no reservation {missing[0]}", "See GET /v1/reservations?demand=...")
            chosen = [by_id[each] for each in set(reservation_ids)]
        if not chosen:
            raise Conflict(
                f"nothing is reserved for order {number}", f"Allocate first: POST /v1/orders/{number}/allocate"
            )
        return fulfil_reservations(connection, chosen, to_place=target, action=action, at=at, actor=actor)


def _ensure_transit(connection: Connection, order: OrderNow) -> str:
    name = _transit_of(order)
    title = f"On the way from {order.row['from_place']} to {order.row['to_place']}"
    queries("orders").add_transit_place(connection, name=name, title=title)
    return name


def _transit_of(order: OrderNow) -> str:
    return f"transit.{order.number}"
