"""Holds on goods, other than by exposure: placed by people and rules, followed wherever the goods go.

The walk is that of exposure (``goods_went`` in the schema); the view ``active_hold`` says what is blocked now.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from cloud_sync.errors import Conflict
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.typed_times import doubt_typed_times
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries

EVENTS = {"held": "lots_held", "freed": "lots_freed"}


def check_goods(connection: Connection, *, lot_id: int, serial: str | None, place: Row | None) -> None:
    """A hold on a place where the ledger knows no such goods would be on nothing. Raises ``Conflict``."""
    if place is None:
        return
    if not queries("holds").is_there(connection, lot_id=lot_id, serial=serial, place_id=place["id"]):
        unit = f" serial {serial}" if serial else ""
        raise Conflict(
            f"no stock of this lot{unit} is recorded in {place['name']}: there is nothing to hold there",
            "Hold the whole lot: leave the place out.",
        )


def place_hold_on(
    connection: Connection,
    *,
    kind: str,
    lot_id: int,
    place_id: int | None,
    serial: str | None,
    reason: str,
    placed_by: str,
    at: datetime,
    origin: str = "",
    case_id: int | None = None,
) -> int:
    """Hold the goods of a lot (or one serial of it) that are at and below a place ``at`` that time, or all of the lot.

    Gives the hold's id. Reservations of what is held are broken. The caller owns the holds (``locks.lock_holds``).
    """
    hold_id: int = queries("holds").add_hold(
        connection,
        kind=kind,
        lot_id=lot_id,
        serial=serial,
        place_id=place_id,
        reason=reason,
        placed_by=placed_by,
        origin=origin,
        since=at,
        case_id=case_id,
    )
    if place_id is not None:
        queries("holds").note_goods(connection, hold_id=hold_id)
    reach_holds(connection, [hold_id])
    return hold_id


def hold_what_came(
    connection: Connection, *, kind: str, fact: str, place_id: int, reason: str, origin: str
) -> tuple[int, bool]:
    """Hold by a rule what the movement with this fact brought to a place.

    Gives the hold's id, and whether it is new: what one event brought of a lot is one hold. The caller owns the holds
    and calls :func:`reach_holds` for them afterwards, once for all.
    """
    row: Row = queries("holds").hold_what_came(
        connection, kind=kind, fact=fact, place_id=place_id, reason=reason, placed_by=LEDGER, origin=origin
    )
    return row["id"], row["is_new"]


def reach_holds(connection: Connection, hold_ids: Iterable[int]) -> None:
    """Follow the goods of these holds. The caller owns the holds (``locks.lock_holds``)."""
    ids = sorted(set(hold_ids))
    if not ids:
        return
    _tell(connection, list(queries("holds").reach(connection, hold_ids=ids, lot_ids=[])))
    reached = [row["lot_id"] for row in queries("holds").lots_reached(connection, hold_ids=ids)]
    break_reservations(connection, reached)
    doubt_typed_times(connection, lot_ids=reached)


def reach_lots(connection: Connection, lot_ids: Iterable[int]) -> None:
    """Follow whatever is held of these lots and of all that was made of them, after movements of them.

    The caller holds the lock of ``movements.lock_for_booking`` and owns the lots.
    """
    if not queries("holds").is_any_hold(connection):
        return
    downstream = queries("exposure").downstream_lots(connection, lot_ids=sorted(set(lot_ids)))
    ids = [row["lot_id"] for row in downstream]
    _tell(connection, list(queries("holds").reach(connection, hold_ids=[], lot_ids=ids)))
    break_reservations(connection, ids)


def lift(connection: Connection, hold_id: int, *, lot_id: int, reason: str, actor: str) -> None:
    """End a hold by a decision. The caller owns the holds."""
    queries("holds").lift_hold(connection, hold_id=hold_id, lifted_by=actor, lifted_reason=reason)
    subject, data = f"lot:{lot_id}", {"hold": hold_id}
    add_event(connection, actor=actor, kind="hold_lifted", subject=subject, reason=reason, data=data)


def lift_holds_of_case(connection: Connection, case_id: int, *, reason: str, actor: str) -> None:
    """End the holds that were placed with a case. The caller owns the holds."""
    for row in list(queries("holds").holds_of_case(connection, case_id=case_id)):
        lift(connection, row["id"], lot_id=row["lot_id"], reason=reason, actor=actor)


def _tell(connection: Connection, rows: list[Row]) -> None:
    for (hold_id, change), group in groupby(rows, key=lambda row: (row["hold_id"], row["change"])):
        data = {"lots": [row["lot_id"] for row in group]}
        add_event(connection, actor=LEDGER, kind=EVENTS[change], subject=f"hold:{hold_id}", data=data)
