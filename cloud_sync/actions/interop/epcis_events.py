"""Asking for events: those that partners sent and our own facts, in one order, page by page.

Our own are read from the ledger's rows when they are asked for, so they say what the ledger knows now, with ids that
stay. Whoever sees an owner's stock only is told that owner's facts, and nothing of what partners sent.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cloud_sync.actions.interop.epcis_own_facts import Found as Found
from cloud_sync.actions.interop.epcis_own_facts import captured, ledger_for_owner, ledger_in, shown, tell
from cloud_sync.actions.interop.epcis_own_facts import events_of_movements as events_of_movements
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.facts import STEPS_OF_MOVEMENTS, Source, row_of_event_id, statement_of
from cloud_sync.interop.epcis.identifiers import read_id
from cloud_sync.interop.epcis.query import Query
from cloud_sync.storage.database import ACTING_FOR, Connection, Database
from cloud_sync.storage.queries import queries

SCANNED_MAX = 10_000
"""Events looked at for one page; a page may hold fewer than asked for and still have one behind it."""
ROW_ID_MAX = 2**62
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_ALL_ACTIONS = sorted({action for actions in STEPS_OF_MOVEMENTS.values() for action in actions})


class Place(NamedTuple):
    """Where an event stands in the order of all."""

    at: datetime
    source: int
    row_id: int


@dataclass(frozen=True, slots=True)
class Order:
    """In which order events are wanted. ``by_record_time``: when they were recorded, not when they happened."""

    by_record_time: bool = False
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in their order; ``token`` says from where to go on, None at the end."""

    found: Sequence[Found]
    token: str | None


AS_IT_HAPPENED = Order()


def list_events(
    database: Database, query: Query, *, limit: int, token: str | None = None, order: Order = AS_IT_HAPPENED
) -> EventPage:
    """A page of the events that answer ``query``, the oldest first unless ``order`` says otherwise.

    Raises ``Invalid`` for a token that is not ours, and for more than ``SCANNED_MAX`` events to be put into the order
    of their recording.
    """
    if order.by_record_time:
        return _by_record_time(database, query, limit, token, is_descending=order.is_descending)
    first = Place(query.until or LAST, -1, -1) if order.is_descending else Place(query.since or FIRST, -1, -1)
    after = _place_of(token) if token else first
    for_owner = ledger_for_owner(database)
    found: list[Found] = []
    scanned = 0
    with database.transaction() as connection:
        ledger = for_owner or ledger_in(connection)
        sources = _sources(connection, query)
        while scanned < SCANNED_MAX:
            places = _next_places(connection, sources, query, after, limit, is_descending=order.is_descending)
            for place, each in told_at(connection, ledger, places):
                after = place
                if each is not None and query.matches(each.event):
                    found.append(each)
                    if len(found) == limit:
                        return EventPage(found, _token_of(after))
            scanned += len(places)
            if len(places) < limit:
                return EventPage(found, None)
    return EventPage(found, _token_of(after))


def _by_record_time(
    database: Database, query: Query, limit: int, token: str | None, *, is_descending: bool
) -> EventPage:
    """All that answer are put into order: nothing in the ledger stands in the order in which it can be told."""
    passed = _passed(token) if token else 0
    everything: list[Found] = []
    following: str | None = None
    while True:
        page = list_events(database, query, limit=SCANNED_MAX, token=following)
        everything += page.found
        following = page.token
        if following is None:
            break
        if len(everything) >= SCANNED_MAX or not page.found:
            raise Invalid(
                f"more than {SCANNED_MAX} events would have to be ordered by recordTime",
                "Narrow the question: GE_eventTime and LT_eventTime, or a key; or order by eventTime.",
            )
    everything.sort(key=_recorded, reverse=is_descending)
    found = everything[passed : passed + limit]
    more = passed + limit < len(everything)
    return EventPage(found, _token_of_passed(passed + limit) if more else None)


def _recorded(each: Found) -> tuple[datetime, str]:
    said = each.event.get("recordTime")
    at = instant_of(said) if isinstance(said, str) else None
    return at or FIRST, str(each.event.get("eventID", ""))


def count_up_to(database: Database, query: Query, most: int) -> int:
    """How many events answer ``query``, ``most`` + 1 where it is more than ``most``."""
    count, token = 0, None
    while count <= most:
        page = list_events(database, query, limit=min(most + 1 - count, 1000), token=token)
        count, token = count + len(page.found), page.token
        if token is None:
            break
    return min(count, most + 1)


def show_event(database: Database, event_id: str) -> Found:
    """One event by its id; of several that a partner gave the same id, the last. Raises ``NotFound``."""
    for_owner = ledger_for_owner(database)
    with database.transaction() as connection:
        ledger = for_owner or ledger_in(connection)
        if (statement := row_of_event_id(ledger, event_id)) is not None:
            if (found := shown(connection, ledger, statement)) is not None and found.event["eventID"] == event_id:
                return found
        elif ACTING_FOR.get() is None:
            rows = list(queries("epcis").captured_named(connection, event_names=[event_id]))
            if rows:
                return captured(rows[-1])
    raise NotFound(f"there is no event {event_id}", "See GET /epcis/events for those there are.")


Finder = Callable[..., Any]


def _sources(connection: Connection, query: Query) -> dict[Source, Finder]:
    """The queries to look through, with what narrows them: each gives ``id`` and ``at``."""
    epcis = queries("epcis")
    keys, lots = query.keys, None
    if keys is not None:
        lots = _lots_of(connection, keys)
    steps = query.values("EQ_bizStep")
    actions = _ALL_ACTIONS if steps is None else sorted({a for step in steps for a in STEPS_OF_MOVEMENTS.get(step, ())})
    found: dict[Source, Finder] = {}
    if ACTING_FOR.get() is None:
        found[Source.CAPTURED] = (
            _with(epcis.captured_between) if keys is None else _with(epcis.captured_of_keys, keys=keys)
        )
    if keys is not None and (ssccs := [gs1.sscc for key in keys if (gs1 := read_id(key)) is not None and gs1.sscc]):
        return {**found, Source.PACKED: _with(epcis.packings_of_totes, ssccs=ssccs)}
    if lots == []:
        return found
    named = {} if lots is None else {"lot_ids": lots}
    if actions:
        moved = epcis.movements_between if lots is None else epcis.movements_of_lots
        found[Source.MOVEMENT] = _with(moved, actions=actions, **named)
        found[Source.CORRECTED] = _with(epcis.mistimed_between, lot_ids=lots)
    if steps is None or {"packing", "unpacking"} & set(steps):
        found[Source.PACKED] = _with(epcis.packings_between, lot_ids=lots)
    if steps is None or {"holding", "storing", "sensor_reporting"} & set(steps):
        found |= _quality_sources(named)
    found[Source.RETOLD] = _with(epcis.retold_between, lot_ids=lots)
    return found


def _quality_sources(named: Mapping[str, Any]) -> dict[Source, Finder]:
    epcis = queries("epcis")
    if not named:
        return {
            Source.HOLD: _with(epcis.holds_between),
            Source.LIFTED: _with(epcis.lifted_between),
            Source.EXCURSION: _with(epcis.excursions_between),
            Source.DECISION: _with(epcis.decisions_between),
        }
    return {
        Source.HOLD: _with(epcis.holds_of_lots, is_lifted=False, **named),
        Source.LIFTED: _with(epcis.holds_of_lots, is_lifted=True, **named),
        Source.EXCURSION: _with(epcis.excursions_of_lots, **named),
        Source.DECISION: _with(epcis.decisions_of_lots, **named),
    }


def _with(find: Finder, **more: Any) -> Finder:
    return lambda connection, **asked: find(connection, **asked, **more)


def _lots_of(connection: Connection, keys: Sequence[str]) -> list[int]:
    """Our lots that any of these keys names, or units of them."""
    named = [found for key in keys if (found := read_id(key)) is not None]
    own = [key.split(":")[3:] for key in keys if key.startswith(("urn:x-lotwarden:lot:", "urn:x-lotwarden:unit:"))]
    of_lots = [(each.gtin, each.lot, "") for each in named if each.lot]
    of_lots += [("", parts[1], parts[0]) for parts in own if len(parts) > 1]
    serials = [each.serial for each in named if each.serial]
    serials += [f"(01){each.gtin}(21){each.serial}" for each in named if each.serial]
    lots: set[int] = set()
    if of_lots:
        rows = queries("epcis").lots_of_keys(
            connection,
            gtins=[gtin for gtin, _, _ in of_lots],
            lot_numbers=[number for _, number, _ in of_lots],
            item_names=[item for _, _, item in of_lots],
        )
        lots |= {row["id"] for row in rows}
    if serials:
        lots |= {row["id"] for row in queries("epcis").lots_of_serials(connection, serials=serials)}
    return sorted(lots)


def _next_places(
    connection: Connection, sources: Mapping[Source, Finder], query: Query, after: Place, limit: int,
    *, is_descending: bool,
) -> list[Place]:  # fmt: skip
    """The next so many rows of all sources together, in their order."""
    places: list[Place] = []
    for source, find in sources.items():
        # Of the same moment, sources come in their order, or backwards: either way the ids of those below are all to
        # one side, and those of the ones above to the other.
        after_id = after.row_id if source == after.source else ROW_ID_MAX if source < after.source else -1
        rows = find(
            connection, after_at=after.at, after_id=after_id, since=query.since or "-infinity",
            until=query.until or "infinity", is_descending=is_descending, rows_max=limit,
        )  # fmt: skip
        places += [Place(row["at"], source, row["id"]) for row in rows]
    return sorted(places, reverse=is_descending)[:limit]


def places_of_lot(connection: Connection, lot_id: int) -> list[Place]:
    """All that is said of a lot, and all that was said of it and does not hold any more; the oldest first."""
    named = {"lot_ids": [lot_id]}
    sources = {
        Source.MOVEMENT: _with(queries("epcis").movements_of_lots, actions=_ALL_ACTIONS, **named),
        Source.PACKED: _with(queries("epcis").packings_between, **named),
        Source.RETOLD: _with(queries("epcis").retold_between, **named),
        **_quality_sources(named),
    }
    return _next_places(connection, sources, Query(), Place(FIRST, -1, -1), SCANNED_MAX, is_descending=False)


def told_at(connection: Connection, ledger: bytes, places: Sequence[Place]) -> list[tuple[Place, Found | None]]:
    """What stands at these places, in their order; None where there is nothing to tell."""
    asked: dict[Source, list[tuple[int, int | None]]] = {}
    for place in places:
        source, key = _asked_at(place)
        asked.setdefault(source, []).append(key)
    found = {source: tell(connection, ledger, source, keys) for source, keys in asked.items()}
    return [(place, found[source].get(key)) for place in places for source, key in [_asked_at(place)]]


def _asked_at(place: Place) -> tuple[Source, tuple[int, int | None]]:
    """Which statement stands at a place. A movement stands there as it is known; where its time was said wrongly, as it
    was said first."""
    source = Source(place.source)
    if source is Source.RETOLD:
        statement = statement_of(place.row_id)
        return statement.source, (statement.row_id, statement.revision)
    if source is Source.MOVEMENT:
        return Source.CORRECTED, (place.row_id, None)
    if source is Source.CORRECTED:
        return Source.MOVEMENT, (place.row_id, 0)
    return source, (place.row_id, None)


NOT_OURS = "this nextPageToken is none of ours"
TAKE_IT = "Take it from the Link header of the page before."


def _token_of(place: Place) -> str:
    return _as_token([place.at.isoformat(), place.source, place.row_id])


def _token_of_passed(passed: int) -> str:
    return _as_token(["recorded", passed])


def _as_token(said: list[Any]) -> str:
    text = json.dumps(said, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _said_in(token: str) -> list[Any]:
    said = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    if not isinstance(said, list):
        raise ValueError(NOT_OURS)
    return said


def _passed(token: str) -> int:
    try:
        word, passed = _said_in(token)
        if word != "recorded" or not 0 <= int(passed) <= SCANNED_MAX:
            raise ValueError(NOT_OURS)
        return int(passed)
    except (ValueError, TypeError) as error:
        raise Invalid(NOT_OURS, TAKE_IT) from error


def _place_of(token: str) -> Place:
    try:
        at, source, row_id = _said_in(token)
        place = Place(datetime.fromisoformat(at), int(source), int(row_id))
    except (ValueError, TypeError) as error:
        raise Invalid(NOT_OURS, TAKE_IT) from error
    if place.at.tzinfo is None or not -1 <= place.source <= max(Source) or not -1 <= place.row_id < ROW_ID_MAX:
        raise Invalid(NOT_OURS, TAKE_IT)
    return place
