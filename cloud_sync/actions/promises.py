"""Promises of stock that is held by now are broken at once, and the demands behind them are planned anew."""

from collections.abc import Iterable, Sequence

from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries


def break_promises(connection: Connection, lot_ids: Iterable[int]) -> None:
    """Break the open reservations of held stock of these lots, in the transaction that holds it.

    Call it after the hold is in place. Whoever books owns the lots before it ends reservations of them.
    """
    ids = sorted(set(lot_ids))
    if not ids:
        return
    broken = list(queries("reservations").break_held_reservations(connection, lot_ids=ids))
    for row in broken:
        data = {"reservation": row["id"], "demand": row["demand"], "quantity": row["quantity"]}
        subject = f"lot:{row['lot_id']}"
        reason = row["ended_reason"]
        add_event(connection, actor=LEDGER, kind="reservation_broken", subject=subject, reason=reason, data=data)
    replan(connection, broken)


def replan(connection: Connection, broken: Sequence[Row]) -> None:
    """Tell of each demand that lost stock (``demand``, ``quantity`` base units, ``lot_id``): it needs other stock."""
    for row in broken:
        data = {"quantity": row["quantity"], "lot": row["lot_id"], "reservation": row["id"]}
        add_event(connection, actor=LEDGER, kind="replan_needed", subject=f"demand:{row['demand']}", data=data)
