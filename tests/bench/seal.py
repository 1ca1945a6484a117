"""How quick the seal is: events sealed a second, how long one waits for its checkpoint, a check of ten million.

``LOTWARDEN_SEAL_EVENTS`` is how many events the check is of; the time is given for ten million, by proportion, and the
note says of how many it was measured.
"""

import os
from functools import cache
from random import Random
from statistics import quantiles
from threading import Event, Thread
from time import perf_counter, sleep

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from cloud_sync.seal.publishing import latest_note
from cloud_sync.seal.sealing import Sealer, seal_once
from cloud_sync.seal.verification import Finding, verify
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from tests.bench.figure import Figure
from tests.bench.ledger import new_database
from tests.conftest import database_url

EVENTS = int(os.environ.get("LOTWARDEN_SEAL_EVENTS", "10000000"))
BACKUPS, BACKUP_SHARE = 5, 0.1
MUTATIONS = int(os.environ.get("LOTWARDEN_SEAL_MUTATIONS", "1000"))
AT_ONCE = 200_000
OFFERED_PER_S, LAG_FOR_S = 1000, 20.0
TEN_MILLION = 10_000_000


def _add_events(url: str, count: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO event (actor, kind, subject, reason, data)"
            " SELECT 'person-' || mod(g, 50), 'lot_moved', 'lot:' || mod(g, 100000), 'bench',"
            " jsonb_build_object('from', 'room-1', 'to', 'room-2', 'quantity', g) FROM generate_series(1, %s) g",
            (count,),
        )


@cache
def _sealed() -> tuple[Database, float]:
    """A ledger with so many sealed events, and how many were sealed in a second."""
    database = new_database("sealed")
    took_s, done = 0.0, 0
    while done < EVENTS:
        count = min(AT_ONCE, EVENTS - done)
        _add_events(database.url, count)
        began = perf_counter()
        while seal_once(database):
            pass
        took_s += perf_counter() - began
        done += count
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) event")
        connection.execute("VACUUM (ANALYZE) seal_row")
        connection.execute("VACUUM (ANALYZE) seal_tile")
    return database, EVENTS / took_s


def events_per_s() -> Figure:
    """Events sealed a second: read, hashed, put into tiles, signed, committed."""
    note = f"{EVENTS} events, {AT_ONCE} at once"
    return Figure("seal_events_per_s", _sealed()[1], "1/s", 20_000, at_least=True, note=note)


def lag() -> Figure:
    """How long committed events wait for a checkpoint, at a steady thousand a second: the slowest of a hundred."""
    database = new_database("lag")
    waited: list[float] = []
    stop = Event()

    def offer() -> None:
        while not stop.wait(0.1):
            _add_events(database.url, OFFERED_PER_S // 10)

    with Sealer(database):
        offering = Thread(target=offer)
        offering.start()
        began = perf_counter()
        while perf_counter() - began < LAG_FOR_S:
            waited.append(_one_wait(database))
        stop.set()
        offering.join()
    value = quantiles(waited, n=100)[98]
    return Figure("seal_lag_s", value, "s", 1.0, note=f"p99 of {len(waited)}, beside {OFFERED_PER_S} events/s")


def _one_wait(database: Database) -> float:
    with psycopg.connect(database.url, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO event (actor, kind, subject) VALUES ('bench', 'waited', 'lot:1') RETURNING id"
        ).fetchone()
        began = perf_counter()
        sealed = (
            "SELECT EXISTS (SELECT FROM seal_row s, LATERAL (SELECT sealed_to FROM seal_checkpoint ORDER BY size DESC"
            " LIMIT 1) k WHERE s.of_table = 'event' AND s.row_id = %s AND pg_visible_in_snapshot(s.xact, k.sealed_to))"
        )
        while connection.execute(sealed, row).fetchone() != (True,):
            sleep(0.01)
        return perf_counter() - began


def verify_10m() -> Figure:
    """A whole check: every row, leaf, tile, checkpoint."""
    database, _ = _sealed()
    began = perf_counter()
    report = verify(database)
    took_s = perf_counter() - began
    assert report.findings == [] and report.size >= EVENTS, report
    note = f"measured {took_s:.1f} s of {EVENTS} events"
    return Figure("seal_verify_10m_s", took_s * TEN_MILLION / EVENTS, "s", 60.0, note=note)


def mutations_missed() -> Figure:
    """Changes by a superuser past all triggers, and older backups put in place, that a check does not find."""
    from tests.integration.cloud.seal.test_verification import tell_story
    from tests.support.seal_mutations import mutate, undo

    database, backups = new_database("mutated"), []
    for number in range(BACKUPS):
        add_events(database, number)
        backups.append(_backup(database, f"backup_{number}"))
    tell_story(database)
    while seal_once(database):
        pass
    kept = latest_note(database)
    random, missed, restored = Random(14), 0, 0
    with psycopg.connect(database.url) as connection:
        for _ in range(MUTATIONS):
            if random.random() < BACKUP_SHARE:
                restored += 1
                missed += not _restored(database.url, random.choice(backups), kept, goes_on=random.random() < 0.5)
                continue
            mutation = mutate(connection, random)
            missed += not verify(database).findings
            undo(connection, mutation)
    assert verify(database, [kept]).findings == []
    return Figure("seal_mutations_missed", missed, "", 0, note=f"of {MUTATIONS}, of which {restored} restored backups")


def add_events(database: Database, number: int) -> None:
    """Something that happened, sealed."""
    with database.transaction() as connection:
        add_event(connection, actor="bench", kind="tried", subject=f"bench:{number}")
    while seal_once(database):
        pass


def _backup(database: Database, name: str) -> str:
    """A copy of the whole database as it is now; gives its name."""
    _copy(database.url, conninfo_to_dict(database.url)["dbname"], name)
    return name


def _copy(url: str, of: object, name: str) -> str:
    copied = database_url(url, name)
    with psycopg.connect(database_url(url, "postgres"), autocommit=True) as administrator:
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (of,))
        names = (Identifier(name), Identifier(str(of)))
        administrator.execute(SQL("DROP DATABASE IF EXISTS {}").format(names[0]))
        administrator.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    return copied


def _restored(url: str, backup: str, kept: str, *, goes_on: bool) -> list[Finding]:
    """What a check finds, knowing a checkpoint that was kept, when an older backup stands in place of the ledger."""
    with Database.at_url(_copy(url, backup, "restored")) as database:
        if goes_on:
            for number in range(3):
                add_events(database, number)
        return verify(database, [kept]).findings


FIGURES = {
    "seal_events_per_s": events_per_s,
    "seal_lag_s": lag,
    "seal_verify_10m_s": verify_10m,
    "seal_mutations_missed": mutations_missed,
}
