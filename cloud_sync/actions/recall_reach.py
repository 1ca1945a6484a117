"""Which lots open recalls reach: those they name, whenever they arrive, and what is made of them."""

from collections.abc import Iterable

from cloud_sync.actions.promises import break_promises
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import LEDGER, add_event
from cloud_sync.storage.queries import queries


def reach_recalls(connection: Connection, lot_ids: Iterable[int] | None, *, recall_id: int | None = None) -> None:
    """Bring the reach of open recalls up to date for these lots (None: for all), and break promises of what is new.

    The caller holds the lock of ``bookings.lock_for_booking`` or owns the holds.
    """
    if not queries("recalls").is_any_open(connection):
        return
    ids = None if lot_ids is None else sorted(set(lot_ids))
    new = list(queries("recalls").reach(connection, lot_ids=ids, recall_id=recall_id))
    for row in new:
        data = {"recall": row["recall_id"], "is_product": row["is_product"]}
        add_event(connection, actor=LEDGER, kind="lot_recalled", subject=f"lot:{row['lot_id']}", data=data)
    break_promises(connection, [row["lot_id"] for row in new])
