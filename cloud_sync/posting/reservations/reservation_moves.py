"""Promises that follow their stock: part of one ends, is made again where the stock is, or is taken back.

Locks: the caller owns the orders and lots that the promises are about (storage/locks.py); promises are taken here.
"""

from collections.abc import Sequence

from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.reservations.broken_reservations import break_promises
from cloud_sync.posting.reservations.order_state import OrderNow
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def release_excess(connection: Connection, order: OrderNow, *, actor: str, reason: str) -> None:
    """Take back promises to ``order`` that are more than it has open, the latest first."""
    promises = list(queries("orders").own_promises_of(connection, demand=order.number))
    for line in order.lines:
        excess = order.promised_to(line) - order.open_of(line)
        for promise in reversed(promises):
            if excess <= 0:
                break
            if not line.is_about(promise["item_id"], promise["lot_number"], promise["serial"]):
                continue
            freed = min(excess, promise["quantity"])
            end_part(connection, promise, freed, "void", reason, actor=actor)
            promise["quantity"] -= freed
            excess -= freed


def end_part(connection: Connection, promise: Row, quantity: int, ended_as: str, reason: str, *, actor: str) -> None:
    """End ``quantity`` base units of an open promise, which the caller has locked; what is left stays promised."""
    if quantity <= 0:
        return
    left = promise["quantity"] - quantity
    there = promise["quantity"] + _unpromised(connection, promise, promise["place_id"])
    if there < left:
        lost = left - max(0, there)
        left, ended_as, reason = left - lost, "broken", f"{reason}; {lost} more are not there any longer"
    queries("reservations").end_reservation(
        connection, reservation_id=promise["id"], ended_as=ended_as, ended_reason=reason
    )
    add_event(
        connection,
        actor=actor,
        kind=f"reservation_{ended_as}",
        subject=f"lot:{promise['lot_id']}",
        reason=reason,
        data={"reservation": promise["id"], "demand": promise["demand"], "quantity": quantity, "left": left},
    )
    if left:
        promise["id"] = promise_again(connection, promise, left, promise["place_id"])


def promise_again(connection: Connection, promise: Row, quantity: int, place_id: int) -> int | None:
    """Promise stock of the same lot to the same demand, in this place, as far as there is any; gives its id."""
    quantity = min(quantity, _unpromised(connection, promise, place_id))
    if quantity <= 0:
        return None
    reservation_id: int = queries("reservations").add_reservation(
        connection,
        client_id=promise["client_id"],
        lot_id=promise["lot_id"],
        serial=promise["serial"],
        place_id=place_id,
        quantity=quantity,
        demand=promise["demand"],
        reserved_by=promise["reserved_by"],
        expires_at=promise["expires_at"],
    )
    return reservation_id


def carry_promise(connection: Connection, promise: Row, quantity: int, place_id: int) -> None:
    """Promise stock that moved within the house to the same demand where it is now; what is held there is not."""
    if promise_again(connection, promise, quantity, place_id) is not None:
        break_promises(connection, [promise["lot_id"]])


def carry_promises(connection: Connection, movements: Sequence[NewMovement]) -> None:
    """No place has more promised than there is: what is too much goes where the stock went, or is broken."""
    if not movements:
        return
    rows = queries("orders").overpromised(
        connection,
        lot_ids=[movement.lot_id for movement in movements],
        serials=[movement.serial for movement in movements],
        place_ids=[movement.from_place for movement in movements],
    )
    for row in list(rows):
        here = {"lot_id": row["lot_id"], "serial": row["serial"], "place_id": row["place_id"]}
        last = next(m for m in reversed(movements) if (m.lot_id, m.serial, m.from_place) == tuple(here.values()))
        (target,) = queries("orders").place_facts(connection, place_ids=[last.to_place])
        excess = row["reserved"] - max(0, row["quantity"])
        for promise in list(queries("orders").own_promises_at(connection, **here)):
            taken = min(excess, promise["quantity"])
            if target["kind"] in INTERNAL:
                text = f"went with its stock to {target['name']}"
                end_part(connection, promise, taken, "void", text, actor=LEDGER)
                if taken:
                    carry_promise(connection, promise, taken, target["id"])
            else:
                end_part(connection, promise, taken, "broken", f"its stock left to {target['name']}", actor=LEDGER)
            excess -= taken


def _unpromised(connection: Connection, promise: Row, place_id: int) -> int:
    units: int = queries("orders").unpromised(
        connection, lot_id=promise["lot_id"], serial=promise["serial"], place_id=place_id
    )
    return units
