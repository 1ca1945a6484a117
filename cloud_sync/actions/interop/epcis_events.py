"""Asking for events: those that partners sent and our own facts, in one order, page by page.

Our own are read from the ledger's rows when they are asked for, so they say what the ledger knows now, with ids that
stay. Whoever sees an owner's stock only is told that owner's facts, and nothing of what partners sent.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cloud_sync.actions.gateways.ledger_keys import keys_in as ledger_keys_in
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.interop.epcis.event_hash import event_hash
from cloud_sync.interop.epcis.facts import (
    STEPS_OF_MOVEMENTS,
    Source,
    event_of_decision,
    event_of_excursion,
    event_of_hold,
    events_of_movement,
    row_of_event_id,
)
from cloud_sync.interop.epcis.identifiers import read_id
from cloud_sync.interop.epcis.query import Query
from cloud_sync.interop.epcis.rules import Event
from cloud_sync.storage.database import ACTING_FOR, Connection, Database, Row
from cloud_sync.storage.queries import queries

SCANNED_MAX = 10_000
"""Events looked at for one page; a page may hold fewer than asked for and still have one behind it."""
ROW_ID_MAX = 2**62
_ALL_ACTIONS = sorted({action for actions in STEPS_OF_MOVEMENTS.values() for action in actions})


class Place(NamedTuple):
    """Where an event stands in the order of all."""

    at: datetime
    source: int
    row_id: int


@dataclass(frozen=True, slots=True)
class Found:
    """An event, its hash, and the namespaces of the document that it came in."""

    event: Event
    hash: str
    prefixes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in their order; ``token`` says from where to go on, None at the end."""

    found: Sequence[Found]
    token: str | None


def list_events(database: Database, query: Query, *, limit: int, token: str | None = None) -> EventPage:
    """A page of the events that answer ``query``, the oldest first. Raises ``Invalid`` for a token that is not ours."""
    after = _place_of(token) if token else Place(query.since or datetime.min.replace(tzinfo=UTC), -1, -1)
    for_owner = _ledger_for_owner(database)
    found: list[Found] = []
    scanned = 0
    with database.transaction() as connection:
        ledger = for_owner or _ledger_in(connection)
        sources = _sources(connection, query)
        while scanned < SCANNED_MAX:
            places = _next_places(connection, sources, query, after, limit)
            for place, each in _told(connection, ledger, places):
                after = place
                if each is not None and query.matches(each.event):
                    found.append(each)
                    if len(found) == limit:
                        return EventPage(found, _token_of(after))
            scanned += len(places)
            if len(places) < limit:
                return EventPage(found, None)
    return EventPage(found, _token_of(after))


def show_event(database: Database, event_id: str) -> Found:
    """One event by its id; of several that a partner gave the same id, the last. Raises ``NotFound``."""
    for_owner = _ledger_for_owner(database)
    with database.transaction() as connection:
        ledger = for_owner or _ledger_in(connection)
        if (ours := row_of_event_id(ledger, event_id)) is not None:
            source, row_id = ours
            for _, found in _BY_ID.get(source, _READERS[source])(connection, ledger, [row_id]):
                return found
        elif ACTING_FOR.get() is None:
            rows = list(queries("epcis").captured_named(connection, event_names=[event_id]))
            if rows:
                return _captured(rows[-1])
    raise NotFound(f"there is no event {event_id}", "See GET /epcis/events for those there are.")


Finder = Callable[..., Any]


def events_of_movements(database: Database, movement_ids: Sequence[int]) -> list[Event]:
    """These movements as events, as they are known now."""
    for_owner = _ledger_for_owner(database)
    with database.transaction() as connection:
        ledger = for_owner or _ledger_in(connection)
        return [found.event for _, found in _tell_movements(connection, ledger, movement_ids)]


def _sources(connection: Connection, query: Query) -> dict[Source, Callable[..., Any]]:
    """The queries to look through, with what narrows them: each gives ``id`` and ``at``."""
    epcis = queries("epcis")
    keys, lots = query.keys, None
    if keys is not None:
        lots = _lots_of(connection, keys)
    steps = query.values("EQ_bizStep")
    actions = _ALL_ACTIONS if steps is None else sorted({a for step in steps for a in STEPS_OF_MOVEMENTS.get(step, ())})
    found: dict[Source, Callable[..., Any]] = {}
    if ACTING_FOR.get() is None:
        found[Source.CAPTURED] = (
            _with(epcis.captured_between) if keys is None else _with(epcis.captured_of_keys, keys=keys)
        )
    if lots == []:
        return found
    named = {} if lots is None else {"lot_ids": lots}
    if actions:
        moved = epcis.movements_between if lots is None else epcis.movements_of_lots
        found[Source.MOVEMENT] = _with(moved, actions=actions, **named)
        found[Source.CORRECTED] = _with(epcis.mistimed_between, lot_ids=lots)
    if steps is None or {"holding", "storing", "sensor_reporting"} & set(steps):
        of_lots = lots is not None
        found[Source.HOLD] = (
            _with(epcis.holds_of_lots, is_lifted=False, **named) if of_lots else _with(epcis.holds_between)
        )
        found[Source.LIFTED] = (
            _with(epcis.holds_of_lots, is_lifted=True, **named) if of_lots else _with(epcis.lifted_between)
        )
        found[Source.EXCURSION] = _with(epcis.excursions_of_lots if of_lots else epcis.excursions_between, **named)
        found[Source.DECISION] = _with(epcis.decisions_of_lots if of_lots else epcis.decisions_between, **named)
    return found


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
    rows = queries("epcis").lots_of_keys(
        connection,
        gtins=[gtin for gtin, _, _ in of_lots],
        lot_numbers=[number for _, number, _ in of_lots],
        item_names=[item for _, _, item in of_lots],
    )
    lots: set[int] = {row["id"] for row in rows}
    if serials:
        lots |= {row["id"] for row in queries("epcis").lots_of_serials(connection, serials=serials)}
    return sorted(lots)


def _next_places(
    connection: Connection, sources: Mapping[Source, Finder], query: Query, after: Place, limit: int
) -> list[Place]:
    """The next so many rows of all sources together, in their order."""
    places: list[Place] = []
    for source, find in sources.items():
        # Of the same moment, sources come in their order.
        after_id = after.row_id if source == after.source else ROW_ID_MAX if source < after.source else -1
        rows = find(connection, after_at=after.at, after_id=after_id, until=query.until or "infinity", rows_max=limit)
        places += [Place(row["at"], source, row["id"]) for row in rows]
    return sorted(places)[:limit]


def _told(connection: Connection, ledger: bytes, places: Sequence[Place]) -> list[tuple[Place, Found | None]]:
    """What stands at these places, in their order; None where there is nothing to tell."""
    found: dict[tuple[int, int], Found] = {}
    for source in sorted({place.source for place in places}):
        ids = [place.row_id for place in places if place.source == source]
        found |= {(source, row_id): each for row_id, each in _READERS[Source(source)](connection, ledger, ids)}
    return [(place, found.get((place.source, place.row_id))) for place in places]


Told = list[tuple[int, Found]]


def _tell_captured(connection: Connection, _: bytes, ids: Sequence[int]) -> Told:
    return [(row["id"], _captured(row)) for row in queries("epcis").captured_told(connection, ids=list(ids))]


def _captured(row: Row) -> Found:
    event = {**row["body"], "eventID": row["event_id"], "recordTime": _time(row["recorded_at"])}
    return Found(event, f"ni:///sha-256;{row['hash'].hex()}?ver=CBV2.0", row["prefixes"])


def _tell_movements(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    """As they are known now: what was corrected has another id than it was told by first."""
    return _movements(connection, ledger, ids, Source.CORRECTED)


def _tell_mistimed(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    """As they were said, which was wrong."""
    return _movements(connection, ledger, ids, Source.MOVEMENT)


def _movements(connection: Connection, ledger: bytes, ids: Sequence[int], if_corrected: Source) -> Told:
    rows = list(queries("epcis").movements_told(connection, ids=list(ids)))
    batches = {row["from_place_id"] for row in rows if row["from_kind"] == "production"}
    inputs: dict[tuple[int, int], list[Row]] = {}
    if batches:
        for row in queries("epcis").consumed(connection, place_ids=sorted(batches)):
            inputs.setdefault((row["place_id"], row["first"]), []).append(row)
    told: Told = []
    for row in rows:
        said = {**row, "source": if_corrected if row["said_at"] is not None else Source.MOVEMENT}
        events = events_of_movement(said, ledger, inputs.get((row["from_place_id"], row["id"]), ()))
        told += [(row["id"], _ours(event)) for event in events]
    return told


def _tell_holds(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    rows = queries("epcis").holds_told(connection, ids=list(ids))
    return [(row["id"], _ours(event_of_hold({**row, "source": Source.HOLD}, ledger))) for row in rows if row["goods"]]


def _tell_lifted(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    rows = queries("epcis").holds_told(connection, ids=list(ids))
    return [
        (row["id"], _ours(event_of_hold({**row, "source": Source.LIFTED}, ledger)))
        for row in rows
        if row["goods"] and row["lifted_at"] is not None
    ]


def _tell_excursions(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    rows = queries("epcis").excursions_told(connection, ids=list(ids))
    return [(row["id"], _ours(event_of_excursion(row, ledger))) for row in rows]


def _tell_decisions(connection: Connection, ledger: bytes, ids: Sequence[int]) -> Told:
    rows = queries("epcis").decisions_told(connection, ids=list(ids))
    return [(row["id"], _ours(event_of_decision(row, ledger))) for row in rows]


_READERS: Mapping[Source, Callable[[Connection, bytes, Sequence[int]], Told]] = {
    Source.CAPTURED: _tell_captured,
    Source.MOVEMENT: _tell_movements,
    Source.CORRECTED: _tell_mistimed,
    Source.HOLD: _tell_holds,
    Source.LIFTED: _tell_lifted,
    Source.EXCURSION: _tell_excursions,
    Source.DECISION: _tell_decisions,
}


_BY_ID: Mapping[Source, Callable[[Connection, bytes, Sequence[int]], Told]] = {
    Source.MOVEMENT: _tell_mistimed,
    Source.CORRECTED: _tell_movements,
}
"""What an id names: a movement that was corrected keeps its id for what was said first."""


def _ours(event: Event) -> Found:
    return Found(event, event_hash(event), {})


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _token_of(place: Place) -> str:
    said = json.dumps([place.at.isoformat(), place.source, place.row_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _place_of(token: str) -> Place:
    try:
        at, source, row_id = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = Place(datetime.fromisoformat(at), int(source), int(row_id))
    except (ValueError, TypeError) as error:
        raise Invalid(
            "this nextPageToken is none of ours", "Take it from the Link header of the page before."
        ) from error
    if place.at.tzinfo is None or not -1 <= place.source < len(Source) or not -1 <= place.row_id < ROW_ID_MAX:
        raise Invalid("this nextPageToken is none of ours", "Take it from the Link header of the page before.")
    return place


def _ledger_in(connection: Connection) -> bytes:
    """What tells this ledger from others: its first public key, made on the first call."""
    first: bytes | None = queries("epcis").ledger_is(connection)
    if first is None:
        ledger_keys_in(connection)
        first = queries("epcis").ledger_is(connection)
    assert first is not None  # noqa: S101 - it was made just now
    return bytes(first)


def _ledger_for_owner(database: Database) -> bytes | None:
    """The same for whoever sees an owner's stock alone, and may not read keys; None for the others."""
    if ACTING_FOR.get() is None:
        return None

    def read() -> bytes:
        ACTING_FOR.set(None)
        with database.transaction() as connection:
            return _ledger_in(connection)

    return copy_context().run(read)
