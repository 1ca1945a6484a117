"""Who waits for whom, so that no decision is made on stock while its holds change.

Take them in this order, at the start of the transaction:

-  A turn to store in bulk (``take_turn_in_bulk``): nobody waits for it who owns anything.
0. The channels whose readings are judged or whose place changes (``posting.monitoring.rule_tracks``), in the order of
   ids; then ``lock_judged_places`` for the places whose excursions may follow.
1. The holds. ``lock_holds`` if the transaction changes places, rules, decisions or facts of the past: it is alone then.
   All others share them: who books (by way of ``posting.movements.lock_for_booking``; where production is involved,
   booking is alone), who decides whether stock may be issued (``share_holds``), and who holds the stock of a place
   because of what was measured there (``lock_exposed``).
2. The rooms, in the order of ids: ``share_rooms`` of the places between which is booked, ``lock_exposed`` of those
   whose excursions change. Who allocates shares those of the first stock without waiting (``ROOMS``), and passes over
   what is in a room that somebody owns: its holds are about to change. Nobody waits for a room who owns a lot.
3. ``lock_orders`` for all orders that the transaction is about: those that the movements to book name, too.
4. ``lock_items`` for each item whose stock is reserved (FEFO), in the order of ids.
5. The lots, in the order of ids: ``lock_lots`` of those whose movements are booked, ``lock_exposed`` of those that were
   in the place then, and of what was made of them. Whoever makes a reservation waits for its lot by the way.
6. Reservations (rows of reservation), counts.

Why that is enough for holds by measurement: an excursion exposes what was in its place, and follows it. What comes to
or leaves the place meanwhile waits for the room; what moves elsewhere waits for the lot, and whoever has waited looks
again at what the other one has written, for both write before they give the lot back. Production, where the exposure of
one lot decides on that of others, is never shared. A reservation looks for holds once it has its lot; a hold breaks
reservations once it has the lot.

All are released at the end of the transaction. Reservations of an order may touch lots in the order of its lines, so
two transactions can still meet; then one of them is done again (``database.again_if_overtaken``).
"""

from collections.abc import Iterable, Mapping, Sequence

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import Statement, queries
from edge_agent.domain.intervals import Interval

# Any fixed numbers; they only must differ from each other and from MIGRATION_LOCK.
_HOLDS = 0x484F4C44
_ITEMS = 0x4954454D
_PLACES = 0x504C4143
_BULK = 0x42554C4B
ROOMS = 0x524F4F4D
"""The key of the locks of rooms."""


# The same as statements, to be sent with others (``queries.pipeline``).
SHARE_HOLDS: Statement = (queries("locks").share.sql, {"key": _HOLDS})


def lock_item_named(name: str) -> Statement:
    """``lock_items`` of the item with this name, if there is one."""
    return queries("locks").lock_item_named.sql, {"key": _ITEMS, "name": name}


def lock_items_named(names: Iterable[str]) -> Statement:
    """``lock_items`` of all items with these names; gives their ids and names."""
    return queries("locks").lock_items_named.sql, {"key": _ITEMS, "names": sorted(set(names))}


def begin_together(connection: Connection, subjects: Sequence[str]) -> None:
    """What ``plans_kept`` does, until the end of the transaction; wait until nobody else answers what was asked under
    any of these client ids; then ``share_holds``."""
    connection.execute(queries("reservations").begin_together.sql, {"keys": subjects, "holds_key": _HOLDS})


def take_turn_in_bulk(connection: Connection, at_once: int) -> None:
    """Wait until fewer than ``at_once`` transactions, of whatever process, store in bulk; have the turn until the end.

    More of them would make nothing quicker, and whoever works meanwhile would wait for the processor behind all.
    """
    asked = {"key": _BULK, "at_once": at_once}
    if connection.execute(queries("locks").take_free_turn.sql, asked).fetchone() is None:
        connection.execute(queries("locks").wait_for_turn.sql, asked)


def share_holds(connection: Connection) -> None:
    """Wait until nobody changes holds; keep anybody from changing them until the end of the transaction."""
    connection.execute(*SHARE_HOLDS)


def lock_holds(connection: Connection) -> None:
    """Wait until nobody books or decides; keep everybody from it until the end of the transaction."""
    connection.execute(queries("locks").own.sql, {"key": _HOLDS})


def share_rooms(connection: Connection, *, place_ids: Iterable[int] = (), place_names: Iterable[str] = ()) -> None:
    """Keep anybody from changing what these places, or those they are in, expose stock to."""
    connection.execute(
        queries("locks").share_rooms.sql,
        {"key": ROOMS, "place_ids": sorted(set(place_ids)), "names": sorted(set(place_names))},
    )


def lock_exposed(connection: Connection, extents: Mapping[int, Interval]) -> None:
    """Wait until nobody books or decides on what was in these places (by id) then; keep everybody from it until the end
    of the transaction. Whoever has to do with other stock goes on."""
    share_holds(connection)
    places = sorted(extents)
    connection.execute(queries("locks").lock_rooms.sql, {"key": ROOMS, "place_ids": places})
    connection.execute(
        queries("locks").lock_lots_exposed.sql,
        {
            "place_ids": places,
            "firsts": [extents[place].begins for place in places],
            "befores": [extents[place].ends for place in places],
        },
    )


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
