"""How quick a FEFO allocation is among a million positions: alone, among sixteen at a usual pace, and flat out.

Sixteen clients are threads of one process, as they are in a ledger that is served (``cloud-sync serve`` has one unless
it is told otherwise): what comes at the same moment shares a transaction there. f950df4 is asked by four processes of
four, as its own bench does. At a usual pace requests come when they come (Poisson, ``RATE_PER_S`` in all) and each
one's time runs from the moment it was meant to start: one that waits behind a slow one counts as slow, too. Flat out
each client asks again as soon as it is answered: then the time of one answer is, by arithmetic, sixteen over the
throughput.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from random import Random
from threading import Barrier, Thread
from time import perf_counter, sleep
from typing import Any

import psycopg

from cloud_sync.actions.orders.allocate import allocate
from cloud_sync.commands.loading import keep_what_is_there
from cloud_sync.storage.database import Database
from tests.bench.baseline import COMMIT, run_in, tree
from tests.bench.figure import Figure
from tests.bench.ledger import LARGE_LOTS, SMALL_LOTS, filled, positions_of
from tests.bench.ledger_data import ITEMS
from tests.bench.pace import Timed, p99_of, quantile, told, undisturbed_ms, watch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RATE_PER_S = 50.0
"""Of all clients together: five orders of ten lines each second, a busy wholesaler."""
PROCESSES, THREADS = 1, 16
WARM_UP = 20
ALONE = 600
OPEN_EACH, CLOSED_EACH = 60, 200


def allocate_one(database: Database, random: Random, item: str | None = None) -> dict[str, Any]:
    """The answer to a request for a few units of this item, or of any."""
    answer = allocate(
        database,
        client_id=uuid.uuid4(),
        item=item or f"item-{random.randrange(ITEMS)}",
        owner="house",
        quantity=random.randint(1, 20),
        demand=f"SO-{random.randrange(10**9)}",
        site=None,
        shelf_life_min_days=0,
        at=NOW,
        actor="bench",
    )
    assert answer["reservations"] or answer["skipped"] or answer["missing"]
    return answer


def _client(database: Database, seed: int, ready: Barrier, rounds: int, every_s: float | None) -> list[Timed]:
    """What each took of ``rounds`` allocations; flat out, or ``every_s`` on the average."""
    random = Random(seed)
    for _ in range(WARM_UP):
        allocate_one(database, random)
    ready.wait()
    meant = perf_counter()
    took = []
    for _ in range(rounds):
        if every_s is None:
            meant = perf_counter()
        else:
            meant += random.expovariate(1 / every_s)
            sleep(max(0.0, meant - perf_counter()))
        allocate_one(database, random)
        took.append(Timed.since(meant))
    return took


def _process(url: str, seed: int, rounds: int, every_s: float | None) -> None:
    """The clients of one process; says ``ready``, waits for a line, and prints all times and how long it took."""
    database = Database.at_url(url)
    told: list[Timed] = []
    ready = Barrier(THREADS + 1, keep_what_is_there)  # as a ledger does once it is prepared

    def run(client: int) -> None:
        told.extend(_client(database, client, ready, rounds, every_s))

    threads = [Thread(target=run, args=(seed * THREADS + number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    ready.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    measured = [(each.began_s, each.took_ms) for each in told]
    print(json.dumps({"measured": measured, "lasted_s": perf_counter() - began}), flush=True)
    database.close()


@cache
def _sixteen(lots: int, rounds: int, every_s: float | None) -> tuple[list[Timed], float]:
    url = filled(lots).url
    pick_what_is_reserved(url)
    watch()
    return sixteen_clients(url, rounds, every_s)


def sixteen_clients(url: str, rounds: int, every_s: float | None) -> tuple[list[Timed], float]:
    """All allocations of sixteen clients, and allocations per second."""
    command = [sys.executable, "-m", "tests.bench.ledger_allocate", url]
    clients = [
        subprocess.Popen(
            [*command, str(number), str(rounds), "" if every_s is None else str(every_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for client in clients:
        assert client.stdout is not None and client.stdout.readline() == "ready\n"
    for client in clients:
        assert client.stdin is not None
        client.stdin.write("go\n")
        client.stdin.flush()
    told = [json.loads(client.communicate()[0]) for client in clients]
    measured = [Timed(*each) for one in told for each in one["measured"]]
    return measured, len(measured) / max(one["lasted_s"] for one in told)


def pick_what_is_reserved(url: str) -> None:
    """Nobody's stock is reserved for weeks: otherwise all that expires first would be soon, of each item."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE reservation SET ended_at = clock_timestamp(), ended_as = 'picked' WHERE ended_at IS NULL"
        )
        connection.execute("VACUUM ANALYZE reservation")


@cache
def times_alone(lots: int) -> list[Timed]:
    """One client."""
    watch()
    return one_client(filled(lots), 1, ALONE)


def one_client(database: Database, seed: int, rounds: int) -> list[Timed]:
    """All allocations of one client."""
    return _client(database, seed, Barrier(1, keep_what_is_there), rounds, None)


def times_of_sixteen(lots: int) -> list[Timed]:
    """Sixteen clients at a usual pace."""
    return _sixteen(lots, OPEN_EACH, PROCESSES * THREADS / RATE_PER_S)[0]


def _closed(lots: int) -> list[Timed]:
    return _sixteen(lots, CLOSED_EACH, None)[0]


def _figure(name: str, times_of: Callable[[int], list[Timed]], share: float, target: float | None, how: str) -> Figure:
    large, small = (times_of(lots) for lots in (LARGE_LOTS, SMALL_LOTS))
    note = f"{how}; {told(large)}; {positions_of(LARGE_LOTS)}"
    value, against = (quantile(undisturbed_ms(each), share) for each in (large, small))
    return Figure(name, value, "ms", target, against=against, peer=positions_of(SMALL_LOTS), note=note)


def allocate_p50() -> Figure:
    """The usual case, one client."""
    return _figure("allocate_p50_ms", times_alone, 0.5, None, "1 client")


def allocate_p99() -> Figure:
    """The slow ones, one client."""
    return _figure("allocate_p99_ms", times_alone, 0.99, 10.0, "1 client")


def allocate_16_p50() -> Figure:
    """The usual case, sixteen clients at a usual pace."""
    return _figure("allocate_16_p50_ms", times_of_sixteen, 0.5, None, f"16 clients, {RATE_PER_S:.0f}/s in all")


def allocate_16_p99() -> Figure:
    """The slow ones, sixteen clients at a usual pace."""
    how = f"16 clients, {RATE_PER_S:.0f}/s in all (Poisson), from the intended start"
    return _figure("allocate_16_p99_ms", times_of_sixteen, 0.99, 10.0, how)


def allocate_16_closed_p99() -> Figure:
    """The slow ones, sixteen clients that each ask again at once."""
    return Figure(
        "allocate_16_closed_p99_ms",
        p99_of(_closed(LARGE_LOTS)),
        "ms",
        20.0,
        against=_of_baseline()["p99_ms"],
        peer=f"{COMMIT}, all of it",
        note=f"16 clients flat out; {told(_closed(LARGE_LOTS))}; {positions_of(LARGE_LOTS)}",
    )


def allocate_16_closed() -> Figure:
    """How many a second, sixteen clients that each ask again at once."""
    ours, theirs = _sixteen(LARGE_LOTS, CLOSED_EACH, None)[1], _of_baseline()["per_s"]
    return Figure(
        "allocate_16_closed_per_s",
        ours,
        "1/s",
        3.0,
        at_least=True,
        target_is_ratio=True,
        against=theirs,
        peer=COMMIT,
        note=f"16 clients flat out, {positions_of(LARGE_LOTS)}",
    )


OF_BASELINE = """
import json
import psycopg
from tests.bench import ledger_allocate as m
psycopg.connect(m.filled(m.LARGE_LOTS).url, autocommit=True).execute("CHECKPOINT")
took_ms, per_s = m._sixteen(m.LARGE_LOTS, m.CLOSED_EACH, None)
print(json.dumps({"per_s": per_s, "p99_ms": took_ms[int(len(took_ms) * 0.99)]}))
"""


@cache
def _of_baseline() -> dict[str, float]:
    """Its own figures, by its own code."""
    return run_in(tree(), "-c", OF_BASELINE)


FIGURES = {
    "allocate_p50_ms": allocate_p50,
    "allocate_p99_ms": allocate_p99,
    "allocate_16_p50_ms": allocate_16_p50,
    "allocate_16_p99_ms": allocate_16_p99,
    "allocate_16_closed_p99_ms": allocate_16_closed_p99,
    "allocate_16_closed_per_s": allocate_16_closed,
}

if __name__ == "__main__":
    _process(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) if sys.argv[4] else None)
