"""Reservations that follow their stock: part of one ends, is made again where the stock is, or is taken back.

Locks: the caller owns the orders and lots that the reservations are about (storage/locks.py);
reservations are locked here.
"""

from collections.abc import Sequence

from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.reservations.order_state import OrderNow
from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

UNPACKING = "unpacking"
"""The kind of the place where opened cases end."""


def release_excess(connection: Connection, order: OrderNow, *, actor: str, reason: str) -> None:
    """Take back reservations to ``order`` that are more than it has open, the latest first."""
    reservations = list(queries("orders").lock_reservations_of(connection, demand=order.number))
    for line in order.lines:
        excess = order.reserved_to(line) - order.open_of(line)
        for reservation in reversed(reservations):
            if excess <= 0:
                break
            if not line.is_about(reservation["item_id"], reservation["lot_number"], reservation["serial"]):
                continue
            freed = min(excess, reservation["quantity"])
            end_part(connection, reservation, freed, "void", reason, actor=actor)
            reservation["quantity"] -= freed
            excess -= freed


def end_part(
    connection: Connection, reservation: Row, quantity: int, ended_as: str, reason: str, *, actor: str
) -> None:
    """End ``quantity`` base units of an open reservation, which the caller has locked; what is left stays reserved."""
    if quantity <= 0:
        return
    left = reservation["quantity"] - quantity
    there = reservation["quantity"] + _unreserved(connection, reservation, reservation["place_id"])
    if there < left:
        lost = left - max(0, there)
        left, ended_as, reason = left - lost, "broken", f"{reason}; {lost} more are not there any longer"
    queries("reservations").end_reservation(
        connection, reservation_id=reservation["id"], ended_as=ended_as, ended_reason=reason
    )
    add_event(
        connection,
        actor=actor,
        kind=f"reservation_{ended_as}",
        subject=f"lot:{reservation['lot_id']}",
        reason=reason,
        data={"reservation": reservation["id"], "demand": reservation["demand"], "quantity": quantity, "left": left},
    )
    if left:
        reservation["id"] = reserve_again(connection, reservation, left, reservation["place_id"])


def reserve_again(connection: Connection, reservation: Row, quantity: int, place_id: int) -> int | None:
    """Reservation stock of the same lot to the same demand, in this place, as far as there is any; gives its id."""
    quantity = min(quantity, _unreserved(connection, reservation, place_id))
    if quantity <= 0:
        return None
    reservation_id: int = queries("reservations").add_reservation(
        connection,
        client_id=reservation["client_id"],
        lot_id=reservation["lot_id"],
        serial=reservation["serial"],
        place_id=place_id,
        quantity=quantity,
        demand=reservation["demand"],
        reserved_by=reservation["reserved_by"],
        expires_at=reservation["expires_at"],
    )
    return reservation_id


def move_reservation(connection: Connection, reservation: Row, quantity: int, place_id: int) -> None:
    """Reservation stock that moved within the house to the same demand where it is now; what is held there is not."""
    if reserve_again(connection, reservation, quantity, place_id) is not None:
        break_reservations(connection, [reservation["lot_id"]])


def move_reservations(connection: Connection, movements: Sequence[NewMovement]) -> None:
    """No place has more reserved than there is: what is too much goes where the stock went, or is broken."""
    if not movements:
        return
    rows = queries("orders").overreserved(
        connection,
        lot_ids=Column(movement.lot_id for movement in movements),
        serials=Column(movement.serial for movement in movements),
        place_ids=Column(movement.from_place for movement in movements),
    )
    for row in list(rows):
        here = {"lot_id": row["lot_id"], "serial": row["serial"], "place_id": row["place_id"]}
        last = next(m for m in reversed(movements) if (m.lot_id, m.serial, m.from_place) == tuple(here.values()))
        (target,) = queries("orders").place_facts(connection, place_ids=[last.to_place])
        excess = row["reserved"] - max(0, row["quantity"])
        for reservation in list(queries("orders").lock_reservations_at(connection, **here)):
            taken = min(excess, reservation["quantity"])
            if target["kind"] == UNPACKING:
                text = f"its case {row['serial']} was opened"
                end_part(connection, reservation, taken, "void", text, actor=LEDGER)
                _reserve_what_came_out(connection, reservation, taken, last, movements)
            elif target["kind"] in INTERNAL:
                text = f"went with its stock to {target['name']}"
                end_part(connection, reservation, taken, "void", text, actor=LEDGER)
                if taken:
                    move_reservation(connection, reservation, taken, target["id"])
            else:
                end_part(connection, reservation, taken, "broken", f"its stock left to {target['name']}", actor=LEDGER)
            excess -= taken


def _reserve_what_came_out(
    connection: Connection, reservation: Row, quantity: int, opening: NewMovement, movements: Sequence[NewMovement]
) -> None:
    """What was reserved of a case is reserved of its content: loose units first, then those with serials."""
    out = {m.serial for m in movements if (m.lot_id, m.from_place) == (opening.lot_id, opening.to_place)}
    for serial in sorted(out):
        inside = {**reservation, "serial": serial}
        taken = min(quantity, _unreserved(connection, inside, opening.from_place))
        if taken > 0:
            move_reservation(connection, inside, taken, opening.from_place)
            quantity -= taken


def _unreserved(connection: Connection, reservation: Row, place_id: int) -> int:
    units: int = queries("orders").unreserved(
        connection, lot_id=reservation["lot_id"], serial=reservation["serial"], place_id=place_id
    )
    return units
