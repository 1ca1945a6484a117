"""Statements of the ledger read from its rows: our own facts as events, and events of partners as they were sent."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime

from cloud_sync.actions.gateways.ledger_keys import keys_in as ledger_keys_in
from cloud_sync.interop.epcis.event_hash import event_hash
from cloud_sync.interop.epcis.facts import (
    Source,
    Statement,
    event_of_decision,
    event_of_excursion,
    event_of_hold,
    event_of_packing,
    events_of_movement,
)
from cloud_sync.interop.epcis.rules import Event
from cloud_sync.storage.database import ACTING_FOR, Connection, Database, Row
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class Found:
    """An event, its hash, and the namespaces of the document that it came in."""

    event: Event
    hash: str
    prefixes: Mapping[str, str]


Revision = int | None
"""After how many corrections; None: after all of them."""
Asked = Sequence[tuple[int, Revision]]
Told = dict[tuple[int, Revision], Found]


def tell(connection: Connection, ledger: bytes, source: Source, asked: Asked) -> Told:
    """What these rows say, each after so many corrections; what says nothing is left out.

    ``source`` ``MOVEMENT`` is a movement as it was said first, ``CORRECTED`` as its time is known now.
    """
    return _READERS[source](connection, ledger, asked)


def events_of_movements(database: Database, movement_ids: Sequence[int]) -> list[Event]:
    """These movements as events, as they are known now."""
    for_owner = ledger_for_owner(database)
    with database.transaction() as connection:
        ledger = for_owner or ledger_in(connection)
        told = tell(connection, ledger, Source.CORRECTED, [(each, None) for each in movement_ids])
        return [told[each, None].event for each in movement_ids if (each, None) in told]


def captured(row: Row) -> Found:
    """An event as its sender sent it."""
    event = {**row["body"], "eventID": row["event_id"], "recordTime": _time(row["recorded_at"])}
    return Found(event, f"ni:///sha-256;{row['hash'].hex()}?ver=CBV2.0", row["prefixes"])


def _tell_captured(connection: Connection, _: bytes, asked: Asked) -> Told:
    rows = {row["id"]: row for row in queries("epcis").captured_told(connection, ids=_ids(asked))}
    return {key: captured(rows[key[0]]) for key in asked if key[0] in rows}


def _tell_movements(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    """As they were said, of those whose time was corrected since."""
    return _movements(connection, ledger, asked, Source.MOVEMENT)


def _tell_corrected(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    """As their time is known now."""
    return _movements(connection, ledger, asked, Source.CORRECTED)


def _movements(connection: Connection, ledger: bytes, asked: Asked, if_corrected: Source) -> Told:
    rows = {row["id"]: row for row in queries("epcis").movements_told(connection, ids=_ids(asked))}
    batches = {row["from_place_id"] for row in rows.values() if row["from_kind"] == "production"}
    inputs: dict[tuple[int, int], list[Row]] = {}
    if batches:
        for row in queries("epcis").consumed(connection, place_ids=sorted(batches)):
            inputs.setdefault((row["place_id"], row["first"]), []).append(row)
    told: Told = {}
    for key in asked:
        if (found := rows.get(key[0])) is not None:
            source = if_corrected if found["said_at"] is not None else Source.MOVEMENT
            consumed = inputs.get((found["from_place_id"], found["id"]), ())
            for event in events_of_movement({**found, "source": source, "revision": key[1]}, ledger, consumed):
                told[key] = _ours(event)
    return told


def _tell_holds(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    return _holds(connection, ledger, asked, Source.HOLD)


def _tell_lifted(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    return _holds(connection, ledger, asked, Source.LIFTED)


def _holds(connection: Connection, ledger: bytes, asked: Asked, source: Source) -> Told:
    ended = source is Source.LIFTED
    rows = {
        row["id"]: {**row, "source": source, **({"corrections": row["lifted_corrections"]} if ended else {})}
        for row in queries("epcis").holds_told(connection, ids=_ids(asked))
        if row["goods"] and (row["lifted_at"] is not None or not ended)
    }
    return _each(event_of_hold, rows, ledger, asked)


def _tell_excursions(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    rows = {row["id"]: row for row in queries("epcis").excursions_told(connection, ids=_ids(asked))}
    return _each(event_of_excursion, rows, ledger, asked)


def _tell_decisions(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    rows = {row["id"]: row for row in queries("epcis").decisions_told(connection, ids=_ids(asked))}
    return _each(event_of_decision, rows, ledger, asked)


def _tell_packings(connection: Connection, ledger: bytes, asked: Asked) -> Told:
    rows = {
        row["id"]: row for row in queries("epcis").packings_told(connection, ids=_ids(asked)) if row["goods"]
    }  # an owner sees those of their own goods
    return _each(event_of_packing, rows, ledger, asked)


def _each(event_of: Callable[[Row, bytes], Event], rows: Mapping[int, Row], ledger: bytes, asked: Asked) -> Told:
    return {key: _ours(event_of({**rows[key[0]], "revision": key[1]}, ledger)) for key in asked if key[0] in rows}


_READERS: Mapping[Source, Callable[[Connection, bytes, Asked], Told]] = {
    Source.CAPTURED: _tell_captured,
    Source.MOVEMENT: _tell_movements,
    Source.CORRECTED: _tell_corrected,
    Source.HOLD: _tell_holds,
    Source.LIFTED: _tell_lifted,
    Source.EXCURSION: _tell_excursions,
    Source.DECISION: _tell_decisions,
    Source.PACKED: _tell_packings,
}


def shown(connection: Connection, ledger: bytes, statement: Statement) -> Found | None:
    """One statement of ours; None if there is nothing that says it."""
    if statement.source in (Source.CAPTURED, Source.RETOLD):
        return None
    asked = (statement.row_id, statement.revision)
    return tell(connection, ledger, statement.source, [asked]).get(asked)


def ledger_in(connection: Connection) -> bytes:
    """What tells this ledger from others: its first public key, made on the first call."""
    first: bytes | None = queries("epcis").ledger_is(connection)
    if first is None:
        ledger_keys_in(connection)
        first = queries("epcis").ledger_is(connection)
    assert first is not None  # noqa: S101 - it was made just now
    return bytes(first)


def ledger_for_owner(database: Database) -> bytes | None:
    """The same for whoever sees an owner's stock alone, and may not read keys; None for the others."""
    if ACTING_FOR.get() is None:
        return None

    def read() -> bytes:
        ACTING_FOR.set(None)
        with database.transaction() as connection:
            return ledger_in(connection)

    return copy_context().run(read)


def _ids(asked: Asked) -> list[int]:
    return sorted({row_id for row_id, _ in asked})


def _ours(event: Event) -> Found:
    return Found(event, event_hash(event), {})


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
