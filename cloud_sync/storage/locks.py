"""Who waits for whom, so that no decision is made on stock while its holds change.

Take them in this order, at the start of the transaction:

0. The channels whose readings are judged or whose place changes (``actions.tracks``), in the order of ids.
1. ``share_holds`` if the transaction books movements or decides whether stock may be issued; take it by way of
   ``actions.bookings.lock_for_booking``, for where production is involved, booking has to own the holds.
   ``own_holds`` if it changes excursions, places, holds or dispositions. Sharers run side by side; an owner runs alone.
2. ``own_items`` for each item whose stock is promised (FEFO), in the order of ids.
3. ``own_lots`` for the lots whose movements are booked, in the order of ids; a promise shares its lots, in the same
   order, by its references to them, and then its positions.
4. Orders (``own_orders`` of orders.sql), which may also come right after ``own_holds``: then nobody else books.
5. Promises (rows of reservation), counts.

All are released at the end of the transaction. Promises of an order may touch lots in the order of its lines, so two
transactions can still meet; then one of them is done again (``database.again_if_overtaken``).
"""

from collections.abc import Iterable

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import Statement

# Any fixed numbers; they only must differ from each other and from MIGRATION_LOCK.
_HOLDS = 0x484F4C44
_ITEMS = 0x4954454D


# The same as statements, to be sent with others (``queries.in_one_go``).
SHARE_HOLDS: Statement = ("SELECT pg_advisory_xact_lock_shared(%(key)s)", {"key": _HOLDS})


def own_item_named(name: str) -> Statement:
    """``own_items`` of the item with this name, if there is one."""
    lock = "SELECT pg_advisory_xact_lock(%(key)s, (id %% 2147483648)::integer) FROM item WHERE name = %(name)s"
    return lock, {"key": _ITEMS, "name": name}


def share_holds(connection: Connection) -> None:
    """Wait until nobody changes holds; keep anybody from changing them until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_HOLDS,))


def own_holds(connection: Connection) -> None:
    """Wait until nobody books or decides; keep everybody from it until the end of the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_HOLDS,))


def own_items(connection: Connection, item_ids: Iterable[int]) -> None:
    """One promise at a time for each of these items."""
    for item_id in sorted(set(item_ids)):
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_ITEMS, item_id % 2**31))


def own_lots(connection: Connection, lot_ids: Iterable[int]) -> None:
    """One booking at a time for each of these lots."""
    connection.execute("SELECT FROM lot WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (sorted(set(lot_ids)),))
