"""Reservations of held stock are broken at once, those of expired stock soon; their demands are planned again."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries


def break_reservations(connection: Connection, lot_ids: Iterable[int]) -> None:
    """Break the open reservations of held stock of these lots, in the transaction that holds it.

    Call it after the hold is in place. Whoever books owns the lots before it ends reservations of them.
    """
    ids = sorted(set(lot_ids))
    if not ids:
        return
    broken = list(queries("reservations").break_held_reservations(connection, lot_ids=ids))
    _tell(connection, broken, "reservation_broken")


def expire_reservations(database: Database, *, at: datetime) -> int:
    """End the open reservations of stock that may no longer be used ``at`` that time; gives how many.

    Harmless to call at any time, from any number of workers.
    """
    with database.transaction() as connection:
        return end_expired(connection, None, at=at)


def end_expired(connection: Connection, lot_ids: Iterable[int] | None, *, at: datetime) -> int:
    """:func:`expire_reservations` in the caller's transaction; of these lots only, None: of all."""
    ids = None if lot_ids is None else sorted(set(lot_ids))
    expired = list(queries("reservations").end_expired(connection, at=at, lot_ids=ids))
    _tell(connection, expired, "reservation_expired")
    return len(expired)


def replan(connection: Connection, broken: Sequence[Row]) -> None:
    """Tell of each demand that lost stock (``demand``, ``quantity`` base units, ``lot_id``): it needs other stock."""
    for row in broken:
        data = {"quantity": row["quantity"], "lot": row["lot_id"], "reservation": row["id"]}
        add_event(connection, actor=LEDGER, kind="replan_needed", subject=f"demand:{row['demand']}", data=data)


def _tell(connection: Connection, ended: Sequence[Row], kind: str) -> None:
    for row in ended:
        data = {"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]}
        subject = f"lot:{row['lot_id']}"
        add_event(connection, actor=LEDGER, kind=kind, subject=subject, reason=row["ended_reason"], data=data)
    replan(connection, ended)
