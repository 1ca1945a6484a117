"""Which lots open recalls reach: those they name, whenever they arrive, and what is made of them."""

from collections.abc import Iterable, Sequence

from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries


def reach_recalls(connection: Connection, lot_ids: Iterable[int] | None, *, recall_id: int | None = None) -> None:
    """Bring the reach of open recalls up to date for these lots (None: for all), and break reservations of what is new.

    The caller holds the lock of ``bookings.lock_for_booking`` or owns the holds.
    """
    if not queries("recalls").is_any_open(connection):
        return
    ids = None if lot_ids is None else sorted(set(lot_ids))
    _tell_reached(connection, list(queries("recalls").reach(connection, lot_ids=ids, recall_id=recall_id)))


def redo_reaches(connection: Connection) -> None:
    """Find out anew what was made of recalled lots; for when movements turn out to have happened at other times.

    The caller owns the holds.
    """
    if not queries("recalls").is_any_open(connection):
        return
    before = {(row["recall_id"], row["lot_id"]): row["since"] for row in queries("recalls").forget_products(connection)}
    reached = list(queries("recalls").reach(connection, lot_ids=None, recall_id=None))
    now = {(row["recall_id"], row["lot_id"]) for row in reached}
    for recall_id, lot_id in sorted(before.keys() & now):
        since = before[recall_id, lot_id]
        queries("recalls").keep_since(connection, recall_id=recall_id, lot_id=lot_id, since=since)
    for recall_id, lot_id in sorted(before.keys() - now):
        data = {"recall": recall_id}
        add_event(connection, actor=LEDGER, kind="lot_not_recalled", subject=f"lot:{lot_id}", data=data)
    _tell_reached(connection, [row for row in reached if (row["recall_id"], row["lot_id"]) not in before])


def _tell_reached(connection: Connection, new: Sequence[Row]) -> None:
    for row in new:
        data = {"recall": row["recall_id"], "is_product": row["is_product"]}
        add_event(connection, actor=LEDGER, kind="lot_recalled", subject=f"lot:{row['lot_id']}", data=data)
    break_reservations(connection, [row["lot_id"] for row in new])
