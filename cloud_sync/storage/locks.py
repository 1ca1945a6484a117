"""Who waits for whom, so that no decision is made on stock while its holds change.

Take them in this order, at the start of the transaction:

0. The channels whose readings are judged or whose place changes (``posting.monitoring.rule_tracks``), in the order of
   ids; then ``lock_judged_places`` for the places whose excursions may follow.
1. ``share_holds`` if the transaction books movements or decides whether stock may be issued; take it by way of
   ``actions.bookings.lock_for_booking``, for where production is involved, booking has to own the holds.
   ``lock_holds`` if it changes excursions, places, holds or dispositions. Sharers run side by side, an owner alone.
2. ``lock_orders`` for all orders that the transaction is about: those that the movements to book name, too.
3. ``lock_items`` for each item whose stock is reserved (FEFO), in the order of ids.
4. ``lock_lots`` for the lots whose movements are booked. Whoever makes a reservation waits for its lot by the way.
5. Reservations (rows of reservation), counts.

All are released at the end of the transaction. Reservations of an order may touch lots in the order of its lines, so
two transactions can still meet; then one of them is done again (``database.again_if_overtaken``).
"""

from collections.abc import Iterable

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import Statement, queries

# Any fixed numbers; they only must differ from each other and from MIGRATION_LOCK.
_HOLDS = 0x484F4C44
_ITEMS = 0x4954454D
_PLACES = 0x504C4143


# The same as statements, to be sent with others (``queries.pipeline``).
SHARE_HOLDS: Statement = (queries("locks").share.sql, {"key": _HOLDS})


def lock_item_named(name: str) -> Statement:
    """``lock_items`` of the item with this name, if there is one."""
    return queries("locks").lock_item_named.sql, {"key": _ITEMS, "name": name}


def share_holds(connection: Connection) -> None:
    """Wait until nobody changes holds; keep anybody from changing them until the end of the transaction."""
    connection.execute(*SHARE_HOLDS)


def lock_holds(connection: Connection) -> None:
    """Wait until nobody books or decides; keep everybody from it until the end of the transaction."""
    connection.execute(queries("locks").own.sql, {"key": _HOLDS})


def lock_judged_places(connection: Connection, place_ids: Iterable[int]) -> None:
    """One judgement at a time of what the devices of each of these places say together."""
    for place_id in sorted(set(place_ids)):
        connection.execute(queries("locks").lock_one.sql, {"key": _PLACES, "id": place_id})


def lock_orders(connection: Connection, numbers: Iterable[str]) -> None:
    """These orders are nobody else's, if there are such; all that a transaction needs at once."""
    wanted = sorted({number for number in numbers if number})
    if wanted:
        connection.execute(queries("locks").lock_orders.sql, {"numbers": wanted})


def lock_items(connection: Connection, item_ids: Iterable[int]) -> None:
    """One reservation at a time for each of these items."""
    for item_id in sorted(set(item_ids)):
        connection.execute(queries("locks").lock_one.sql, {"key": _ITEMS, "id": item_id})


def lock_lots(connection: Connection, lot_ids: Iterable[int]) -> None:
    """One booking at a time for each of these lots."""
    connection.execute(queries("locks").lock_lots.sql, {"lot_ids": sorted(set(lot_ids))})
