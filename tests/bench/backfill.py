"""What a week without a link takes to make good: from the journal on the disk to judged readings in the ledger.

Real parts throughout: a journal, the forwarder, HTTPS to ``cloud-sync serve`` in a process of its own, PostgreSQL. The
peer is PostgreSQL alone: a COPY of the very rows that came of it, into a table made as ``reading`` is, with the same
months, indexes and constraints, on the same server right afterwards.
"""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter

import psycopg
from psycopg import sql

from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.stored_batch import JournalLine, line_of
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.ids import DeviceName, GatewayName
from edge_agent.domain.wire.records import Action, Lane, Notice, NoticeKind, Quality, Reading, Record
from edge_agent.errors import LinkDown
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.identity import Identity
from tests.bench.figure import Figure
from tests.bench.journal import real_disk
from tests.bench.ledger import new_database
from tests.support.builders import GatewayWithKey, Ledger, line, notice, scan, stamp
from tests.support.certificates import certificates

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICES = 50
PERIOD_S = 10
WEEK_H = 7 * 24
RECORDS_PER_BATCH = 25
"""What fifty devices say in the five seconds between two commits of a journal."""
LOTS_PER_PLACE = 4
HOURS_AT_ONCE = 12
BLOCK_BYTES = 1 << 18


def backfill() -> Figure:
    """A week as a gateway that goes on measuring writes it: a batch every five seconds."""
    return _measured("backfill_copy_ratio", WEEK_H, RECORDS_PER_BATCH, target=0.4)


def backfill_of_full_batches() -> Figure:
    """A day in batches as large as those of a gateway with many more devices."""
    return _measured("backfill_full_batches_copy_ratio", 24, 1_000)


FIGURES: dict[str, Callable[[], Figure]] = {
    "backfill_copy_ratio": backfill,
    "backfill_full_batches_copy_ratio": backfill_of_full_batches,
}


def _measured(name: str, hours: int, records_per_batch: int, target: float | None = None) -> Figure:
    count = hours * 3600 // PERIOD_S * DEVICES
    with real_disk() as home:
        database = new_database(f"{name}_{uuid.uuid4().hex[:8]}")
        gateway = GatewayWithKey("gw-back")
        _monitor(database, gateway)
        journal = _journal(home, gateway, hours, records_per_batch)
        with _serving(home, database.url) as address:
            took_s = asyncio.run(_forward(journal, address, home))
        values = _check(database, count)
        copy_s = _copy_s(database.url, home / "rows")
    note = (
        f"{count:,} readings ({values:,} values) of {hours} h of {DEVICES} devices at {PERIOD_S} s, "
        f"{records_per_batch} records a batch: journal file, forwarder, HTTPS, ledger, judged; "
        f"{took_s:.0f} s against {copy_s:.0f} s"
    )
    return Figure(name, count / took_s, "readings/s", target, at_least=True, target_is_ratio=True,
                  against=count / copy_s, peer="COPY", note=note)  # fmt: skip


def _monitor(database: Database, gateway: GatewayWithKey) -> None:
    """Refrigerators with a policy, a probe and a few lots in each."""
    ledger = Ledger(database)
    dock = GatewayWithKey("gw-dock")  # another one: what one gateway tells from a second journal is doubted at first
    for each in (gateway, dock):
        each.register(database)
    ledger.add_policy()
    ledger.add_item()
    ledger.add_place("acme", "supplier")
    ledger.add_place("site", "site")
    for number in range(DEVICES):
        ledger.add_place(f"fridge-{number}", "room", "site", "cold")
        ledger.put_probe(f"fridge-{number}", f"fridge-{number}/probe", gateway.name)
        lots = [line(10, f"L{number}-{lot}") for lot in range(LOTS_PER_PLACE)]
        raw = dock.batch(scan(NOW - timedelta(hours=1), Action.RECEIVE, "acme", f"fridge-{number}", *lots))
        assert store_batch(database, raw).outcome is BatchOutcome.STORED


def _journal(home: Path, gateway: GatewayWithKey, hours: int, records_per_batch: int) -> Journal:
    """As the agent leaves it, but written many hours at once: the disk is not what is measured here."""
    identity = Identity(gateway.key.private_bytes_raw())
    journal = start_journal(
        home / "journal", GatewayName(gateway.name), sign=identity.sign, verify=identity.verify, clock=SystemClock()
    )
    waiting: list[JournalLine] = []
    for hour, lines in enumerate(_hours(hours), start=1):
        waiting += lines
        if hour % HOURS_AT_ONCE and hour < hours:
            continue
        full = len(waiting) - len(waiting) % records_per_batch if hour < hours else len(waiting)
        batches = [waiting[at : at + records_per_batch] for at in range(0, full, records_per_batch)]
        del waiting[:full]
        journal.adopt(f"hour-{hour}", [], _kept, anew=((Lane.READINGS, each) for each in batches))
        _tell("journal", hour, hours)
    return journal


def _kept() -> list[Notice]:
    return [notice(NOW, NoticeKind.STATISTICS, "some hours are kept")]


def _hours(hours: int) -> Iterator[Sequence[JournalLine]]:
    """Each device is once too warm for a quarter of an hour, some time in the first day."""
    random = Random(7)
    names = [DeviceName(f"fridge-{number}/probe") for number in range(DEVICES)]
    warm_from = [random.randrange(min(24, hours) * 360) for _ in names]
    for hour in range(hours):
        lines = []
        for tick in range(hour * 360, (hour + 1) * 360):
            at = NOW + timedelta(seconds=PERIOD_S * tick)
            for number, name in enumerate(names):
                warmer_by = 5.0 if 0 <= tick - warm_from[number] < 90 else 0.0
                values = {
                    "temp_c": round(random.uniform(3.0, 6.9) + warmer_by, 1),
                    "rh_pct": round(random.uniform(35, 65), 1),
                }
                taken = stamp(at + timedelta(milliseconds=37 * number))
                lines.append(line_of(Reading(taken, name, Quality.GOOD, values)))
        yield lines


@contextmanager
def _serving(home: Path, url: str) -> Iterator[str]:
    """The ledger as a service, with TLS; gives its address."""
    ca_file, server_file = certificates(home / "tls")
    assert ca_file.exists()
    config = home / "ledger.toml"
    config.write_text(
        f'[server]\nport = 0\ntls_cert_file = "{server_file}"\ntls_key_file = "{server_file}"\n'
        f'[database]\nurl = "{url}"\n'
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud_sync", "serve", "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield next(line.split("listens on ")[1].split()[0] for line in process.stdout if "listens on" in line)
    finally:
        process.terminate()
        process.wait()


async def _forward(journal: Journal, address: str, home: Path) -> float:
    """Seconds until the ledger has acknowledged everything."""
    thread, clock = JournalThread(), SystemClock()
    uplink = HttpsUplink(UplinkSection(url=address, ca_file=home / "tls" / "ca.pem"))

    async def record(_record: Record) -> None:
        raise AssertionError("there is nothing to alarm about")

    forwarder = Forwarder(journal, thread, uplink, clock, random=Random(1).random, record=record, retry_max_s=1.0)
    began = perf_counter()
    waits = True
    while waits:
        with suppress(LinkDown):  # the ledger was too slow to answer: again, as the agent does
            waits = await forwarder.forward_once()  # it tells how far it has come
    took_s = perf_counter() - began
    assert await thread.call(journal.pending_records) == 0
    await uplink.close()
    await thread.call(journal.close)
    thread.close()
    return took_s


OF_THE_SETUP = {"channel_not_judged", "policy_without_silence_rule", "site_without_time_zone"}
"""Cases of a policy that has rules for the temperature alone, and of a site that nobody described further."""


def _check(database: Database, count: int) -> int:
    """That everything is there, and was judged; gives how many values."""
    ledger = Ledger(database)
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": count * 2}]
    assert len(ledger.excursions()) == DEVICES
    assert len(ledger.held()) == DEVICES * LOTS_PER_PLACE
    assert set(ledger.open_cases()) <= OF_THE_SETUP, set(ledger.open_cases())
    return count * 2


def _copy_s(url: str, file: Path) -> float:
    """COPY of what is in ``reading`` from a file, as psql would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (LIKE reading INCLUDING ALL) PARTITION BY RANGE (at)")
        months = connection.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)"
            " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'reading'::regclass"
        ).fetchall()
        for month, bounds in months:
            statement = sql.SQL("CREATE TABLE {} PARTITION OF bare {}")
            connection.execute(statement.format(sql.Identifier(f"bare_{month}"), sql.SQL(bounds)))
        options = sql.SQL(os.environ.get("LOTWARDEN_BENCH_COPY", ""))
        with file.open("wb") as out, connection.cursor() as cursor:
            rows = sql.SQL("COPY (SELECT * FROM reading ORDER BY evidence_id, seq) TO STDOUT {}")
            with cursor.copy(rows.format(options)) as copy:
                out.writelines(copy)
        connection.execute("CHECKPOINT")
        began = perf_counter()
        with (
            file.open("rb") as given,
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY bare FROM STDIN {}").format(options)) as copy,
        ):
            while block := given.read(BLOCK_BYTES):
                copy.write(block)
        return perf_counter() - began


def _tell(what: str, done: int, total: int) -> None:
    """How far it has come, for whoever waits."""
    if sys.stderr.isatty():
        print(f"\r  {what}: {done * 100 // total} % ", end="" if done < total else "\n", file=sys.stderr, flush=True)
