"""Events of captured documents, kept so that they can be asked for; and a case for what cannot be read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from cloud_sync.interop.epcis.checks import instant_of
from cloud_sync.interop.epcis.documents import Document
from cloud_sync.interop.epcis.event_hash import pre_hash
from cloud_sync.interop.epcis.identifiers import canonical
from cloud_sync.interop.epcis.query import ROLES, keys_in
from cloud_sync.interop.epcis.rules import Event, faults_of
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.serials.told_units import keep_told_units
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

INVALID = "epcis_invalid"
ERRORS_MAX = 100
"""Of one job: who sends a thousand wrong events has made one mistake."""
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_ANY_KEY = (*ROLES["MATCH_anyEPC"], *ROLES["MATCH_anyEPCClass"])


@dataclass(frozen=True, slots=True)
class Told:
    """A valid event, ready to be kept. ``digest`` is of all that it says, and of who says it."""

    event_id: str
    hash: bytes
    digest: bytes
    type: str
    event_time: datetime
    biz_step: str
    biz_location: str
    body: str
    keys: tuple[str, ...]
    parent: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document turned out to be: its valid events, and what is wrong by the number of the event (0: of all)."""

    told: Sequence[Told]
    errors: Sequence[Mapping[str, Any]]
    events: int
    prefixes: Mapping[str, str]


def read_events(document: Document, told_by: str) -> Reading:
    """The events of a document, each looked at. Pure; costs about a tenth of a millisecond each."""
    if document.fault:
        return unreadable(document.fault, len(document.events))
    told: list[Told] = []
    errors: list[dict[str, Any]] = []
    prefixes = document.prefixes
    for number, event in enumerate(document.events, start=1):
        if faults := faults_of(event):
            errors.append({"event": number, "faults": faults})
        else:
            told.append(_told(event, prefixes, told_by))
    return Reading(told, errors, len(document.events), prefixes)


def unreadable(reason: str, events: int = 0) -> Reading:
    """The reading of a document that is none."""
    return Reading((), ({"event": 0, "faults": [reason]},), events, {})


def _told(event: Event, prefixes: Mapping[str, str], told_by: str) -> Told:
    # When its sender recorded it is not of the event: here it is when we did.
    said = {name: value for name, value in event.items() if name != "recordTime"}
    body = _ENCODER.encode(said)
    digest = sha256(f"{told_by}\n{body}".encode()).digest()
    at = instant_of(event["eventTime"])
    assert at is not None  # noqa: S101 - the rules have seen to it
    return Told(
        event_id=event.get("eventID") or _id_of(digest),
        hash=sha256(pre_hash(event, prefixes).encode()).digest(),
        digest=digest,
        type=event["type"],
        event_time=at,
        biz_step=event.get("bizStep", ""),
        biz_location=canonical(event["bizLocation"]["id"]) if "bizLocation" in event else "",
        body=body,
        keys=tuple(keys_in(event, _ANY_KEY)),
        parent=canonical(event["parentID"]) if "parentID" in event else "",
    )


def _id_of(digest: bytes) -> str:
    """An id for an event that came without: a UUID (version 8, RFC 9562) of what it says and who says it."""
    bits = int.from_bytes(digest[:16], "big") & ~(0xF000 << 64) & ~(0b11 << 62) | 8 << 76 | 0b10 << 62
    return f"urn:uuid:{UUID(int=bits)}"


def keep_capture(
    connection: Connection, document_id: int, reading: Reading, *, error_behaviour: str, told_by: str, at: datetime
) -> Row:
    """Keep what was read of a document as the job says, and the job; gives the job.

    ``rollback``: all of it or nothing; ``proceed``: what is valid. What is not opens a case.
    """
    told = () if reading.errors and error_behaviour == "rollback" else reading.told
    job: Row = queries("epcis").add_capture(
        connection,
        id=uuid4(),
        document_id=document_id,
        error_behaviour=error_behaviour,
        told_by=told_by,
        event_count=reading.events,
        events_kept=len(told),
        errors=Jsonb(list(reading.errors[:ERRORS_MAX])),
    )
    if told:
        new = _keep(connection, job["id"], told, reading.prefixes, at)
        keep_told_units(connection, new, told_by=told_by)
    if reading.errors:
        open_case(connection, _case(job, reading))
    return job


def _keep(
    connection: Connection, capture_id: UUID, told: Sequence[Told], prefixes: Mapping[str, str], at: datetime
) -> list[tuple[int, Mapping[str, Any]]]:
    """Keep events; gives the id and the body of each that is new."""
    new = list(
        queries("epcis").add_events(
            connection,
            capture_id=capture_id,
            event_names=[each.event_id for each in told],
            hashes=[each.hash for each in told],
            digests=[each.digest for each in told],
            types=[each.type for each in told],
            event_times=[each.event_time for each in told],
            recorded_at=at,
            biz_steps=[each.biz_step for each in told],
            biz_locations=[each.biz_location for each in told],
            bodies=[each.body for each in told],
            prefixes=json.dumps(prefixes),
        )
    )
    named = [(key, told[row["number"] - 1], row["id"]) for row in new for key in told[row["number"] - 1].keys]
    queries("epcis").add_event_keys(
        connection,
        keys=[key for key, _, _ in named],
        event_times=[each.event_time for _, each, _ in named],
        events=[event for _, _, event in named],
        are_parents=[key == each.parent for key, each, _ in named],
    )
    return [(row["id"], json.loads(told[row["number"] - 1].body)) for row in new]


def _case(job: Row, reading: Reading) -> Case:
    first = reading.errors[0]
    where = f"event {first['event']}: " if first["event"] else ""
    kept = f"{job['events_kept']} of its {job['events']} events are kept"
    text = f"{job['told_by']} sent an EPCIS document that is not valid; {kept}. {where}{first['faults'][0]}"
    return Case(INVALID, f"document:{job['document_id']}", text, data={"capture": str(job["id"])})
