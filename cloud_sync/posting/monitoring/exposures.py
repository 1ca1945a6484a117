"""Which stock was in which excursion, followed wherever it went; the holds follow (view ``active_hold``)."""

from collections.abc import Iterable

from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.typed_times import doubt_typed_times
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

EVENTS = {"held": "lots_held", "freed": "lots_freed"}


def expose_excursions(connection: Connection, excursion_ids: Iterable[int]) -> None:
    """Redo all exposure by these excursions. The caller owns the holds (``locks.lock_holds``)."""
    ids = sorted(set(excursion_ids))
    if ids:
        _tell(connection, list(queries("exposure").expose(connection, excursion_ids=ids, lot_ids=[])))
        _break_reservations(connection, excursion_ids=ids, lot_ids=[])
        doubt_typed_times(connection, lot_ids=[], excursion_ids=ids)
        _mark(connection, excursion_ids=ids, lot_ids=[])


def expose_lots(connection: Connection, lot_ids: Iterable[int]) -> None:
    """Redo all exposure of these lots and of all that was made of them.

    The caller holds the lock of ``bookings.lock_for_booking`` and owns the lots.
    """
    if not queries("exposure").is_any_excursion(connection):
        return
    downstream = queries("exposure").downstream_lots(connection, lot_ids=sorted(set(lot_ids)))
    ids = [row["lot_id"] for row in downstream]
    _tell(connection, list(queries("exposure").expose(connection, excursion_ids=[], lot_ids=ids)))
    _break_reservations(connection, excursion_ids=[], lot_ids=ids)
    _mark(connection, excursion_ids=[], lot_ids=ids)


def free_excursions(connection: Connection, excursion_ids: Iterable[int]) -> None:
    """Say which lots are free again because these excursions, about to be withdrawn, turn out not to have been."""
    rows = queries("exposure").exposed_lots(connection, excursion_ids=sorted(set(excursion_ids)))
    _tell(connection, [{**row, "change": "freed"} for row in rows])


def _mark(connection: Connection, *, excursion_ids: list[int], lot_ids: list[int]) -> None:
    """So that allocations need not pass over each lot of which all is held."""
    queries("exposure").mark_wholly_exposed(connection, excursion_ids=excursion_ids, lot_ids=lot_ids)


def _break_reservations(connection: Connection, *, excursion_ids: list[int], lot_ids: list[int]) -> None:
    rows = queries("exposure").reserved_and_exposed(connection, excursion_ids=excursion_ids, lot_ids=lot_ids)
    break_reservations(connection, [row["lot_id"] for row in rows])


def _tell(connection: Connection, rows: list[Row]) -> None:
    """One event for each excursion and change, with all its lots: there may be thousands."""
    for row in rows:
        subject, data = f"excursion:{row['excursion_id']}", {"lots": row["lots"]}
        add_event(connection, actor=LEDGER, kind=EVENTS[row["change"]], subject=subject, data=data)
