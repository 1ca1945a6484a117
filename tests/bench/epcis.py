"""How many validated events are captured in a second, durably, and how quick a question by EPC is among a million.

``LOTWARDEN_EPCIS_EVENTS`` is among how many events the question is asked.
"""

import os
import uuid
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any

import psycopg

from cloud_sync.actions.interop.epcis_capture import capture
from cloud_sync.actions.interop.epcis_events import list_events
from cloud_sync.interop.epcis.documents import with_context, write_json
from cloud_sync.interop.epcis.identifiers import canonical
from cloud_sync.interop.epcis.query import read_query
from cloud_sync.storage.database import Database
from tests.bench.figure import Figure
from tests.bench.ledger import new_database

EVENTS = int(os.environ.get("LOTWARDEN_EPCIS_EVENTS", "1000000"))
CAPTURED = min(EVENTS, 100_000)
IN_DOCUMENT = 2_000
AT_ONCE = 2
ASKED = 1_000
AT = datetime(2026, 5, 20, 10, tzinfo=UTC)


def event(number: int) -> dict[str, Any]:
    """A shipping event of a serialised unit and a lot, with the fields that partners send."""
    at = AT + timedelta(seconds=number)
    place = {"id": "urn:epc:id:sgln:0614141.00001.0"}
    return {
        "type": "ObjectEvent", "eventTime": at.isoformat(timespec="milliseconds"), "eventTimeZoneOffset": "-05:00",
        "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit", "readPoint": place,
        "epcList": [f"urn:epc:id:sgtin:0614141.107346.{number}"],
        "quantityList": [{"epcClass": f"urn:epc:class:lgtin:0614141.107346.L{number // 500}", "quantity": 7}],
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epcglobal:cbv:bt:0614141000012:{number // 50}"}],
        "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:5012345.00000"}],
    }  # fmt: skip


def documents(count: int) -> list[bytes]:
    """Documents of so many events together, each event another one."""
    return [
        write_json(with_context([event(n) for n in range(first, first + IN_DOCUMENT)], creationDate=AT.isoformat()))
        for first in range(0, count, IN_DOCUMENT)
    ]


_LEDGER: list[Database] = []


def _open(url: str) -> None:
    """In each process: its own connections, and what is loaded once."""
    _LEDGER.append(Database.at_url(url))


def _send(content: bytes) -> int:
    job = capture(
        _LEDGER[0], content, is_xml=False, error_behaviour="rollback", told_by=f"partner-{uuid.uuid4()}", at=AT
    )
    return int(job["events_kept"])


def capture_per_s() -> Figure:
    """Events captured a second: kept byte for byte, validated, hashed, made findable, committed to the disk. As many
    processes as ``serve --workers`` has take them."""
    database = new_database("epcis-capture")
    sent = documents(CAPTURED)
    warm, sent = sent[:AT_ONCE], sent[AT_ONCE:]
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn"), _open, (database.url,)) as workers:
        list(workers.map(_send, warm))
        began = perf_counter()
        kept = sum(workers.map(_send, sent))
        took_s = perf_counter() - began
    note = f"{kept} events in documents of {IN_DOCUMENT}, {AT_ONCE} processes"
    return Figure("epcis_capture_per_s", kept / took_s, "1/s", 5_000, at_least=True, note=note)


FILL = """
    SET LOCAL maintenance_work_mem = '256MB';
    SET LOCAL synchronous_commit = off;
    DROP INDEX epcis_event_capture;
    DROP INDEX epcis_event_named;
    DROP INDEX epcis_event_time;
    ALTER TABLE epcis_event DROP CONSTRAINT epcis_event_digest_key;
    ALTER TABLE epcis_event_key DROP CONSTRAINT epcis_event_key_pkey;
    INSERT INTO interop_document (kind, media_type, content, bytes, sha256, told_by)
    VALUES ('epcis', 'application/ld+json', 'x', 1, sha256('x'), 'partner');
    INSERT INTO epcis_capture (id, document_id, error_behaviour, told_by, events, events_kept)
    SELECT '11111111-1111-4111-8111-111111111111', id, 'rollback', 'partner', %(count)s, %(count)s
    FROM interop_document;
    INSERT INTO epcis_event (capture_id, event_id, hash, digest, type, event_time, recorded_at, biz_step, body)
    SELECT '11111111-1111-4111-8111-111111111111', 'urn:uuid:' || n, sha256(n::text::bytea), sha256(n::text::bytea),
           'ObjectEvent', %(at)s + n * interval '1 s', %(at)s, 'shipping',
           replace(%(body)s, 'SERIAL', (n / 3)::text)::json
    FROM generate_series(1, %(count)s) n;
    INSERT INTO epcis_event_key
    SELECT replace(%(unit)s, 'SERIAL', (id / 3)::text), event_time, id, false FROM epcis_event;
    INSERT INTO epcis_event_key SELECT replace(%(lot)s, 'SERIAL', (id / 500)::text), event_time, id, false
    FROM epcis_event;
    ALTER TABLE epcis_event_key ADD CONSTRAINT epcis_event_key_pkey PRIMARY KEY (key, event_time, event, is_parent);
    ALTER TABLE epcis_event ADD CONSTRAINT epcis_event_digest_key UNIQUE (digest);
    CREATE INDEX epcis_event_capture ON epcis_event (capture_id, id);
    CREATE INDEX epcis_event_named ON epcis_event (event_id, id);
    CREATE INDEX epcis_event_time ON epcis_event (event_time, id);
"""
"""Indexes are made when all is there: a million events are loaded in a minute, not in ten."""
UNIT = canonical("urn:epc:id:sgtin:0614141.107346.SERIAL")


def filled(name: str) -> Database:
    """A ledger with so many captured events; each unit has three, each lot five hundred."""
    database = new_database(name)
    body = write_json(with_context([event(0)])).decode()
    body = body[body.index('"eventList":[') + len('"eventList":[') : body.rindex("]}")]
    said = {
        "count": EVENTS, "at": AT, "body": body.replace("107346.0", "107346.SERIAL"), "unit": UNIT,
        "lot": canonical("urn:epc:class:lgtin:0614141.107346.LSERIAL"),
    }  # fmt: skip
    with psycopg.connect(database.url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(FILL, said)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) epcis_event")
        connection.execute("VACUUM (ANALYZE) epcis_event_key")
        connection.execute("CHECKPOINT")  # what loading them left to be written is no part of a question
    return database


def query_p99_ms() -> Figure:
    """The slowest of a hundred questions for all events of a unit, answered as values, among so many events."""
    database, random = filled("epcis-query"), Random(1)
    took_ms: list[float] = []
    for number in range(ASKED):
        unit = UNIT.replace("SERIAL", str(random.randrange(1, EVENTS // 3)))
        began = perf_counter()
        page = list_events(database, read_query({"MATCH_anyEPC": [unit]}), limit=30)
        took_ms.append((perf_counter() - began) * 1000)
        assert len(page.found) == 3, number
    return Figure(
        "epcis_query_p99_ms", quantiles(took_ms, n=100)[98], "ms", 20, note=f"among {EVENTS} events, {ASKED} questions"
    )


FIGURES = {"epcis_capture_per_s": capture_per_s, "epcis_query_p99_ms": query_p99_ms}
