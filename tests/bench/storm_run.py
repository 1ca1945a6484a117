"""A region comes back after an outage: gateways send what they kept, every room broke its limit, people go on working.

``python storm_run.py GATEWAYS LOTS READINGS WORKERS`` in the root of a checkout runs that build, this one or an older
one (so it calls nothing that both do not have), and prints what it took as JSON; of each allocation, when it was meant
to begin, in ``perf_counter`` seconds, and how many ms it took. Workers are processes, as those of a served ledger are;
one client allocates twenty times a second meanwhile.
"""

import importlib
import json
import pickle
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, ".")  # the checkout that is measured, not that of this file
sys.path[:] = [each for each in sys.path if Path(each).resolve() != Path(__file__).resolve().parent]

SITES, ITEMS, CALM_LOTS = 10, 20, 200
ALLOCATION_EVERY_S = 0.05
CALM_S = 4.0
READINGS_A_BATCH = 100
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def first_module(*names: str) -> Any:
    """The first of these modules that the build has."""
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(names[-1])


builders = first_module("tests.support.builders", "tests.builders")
allocate = first_module("cloud_sync.actions.orders.allocate", "cloud_sync.actions.allocate").allocate
Database = importlib.import_module("cloud_sync.storage.database").Database
store_batches = importlib.import_module("cloud_sync.ingest.batches").store_batches


def main(gateways: int, lots: int, readings: int, workers: int) -> None:
    """Fill a ledger, let the storm loose, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        database = Database.embedded(Path(folder) / "pg")
        ledger = builders.Ledger(database)
        senders = _filled(ledger, gateways, lots)
        backlog = Path(folder) / "backlog"
        backlog.write_bytes(pickle.dumps([_backlog(n, sender, readings) for n, sender in enumerate(senders)]))
        told = _storm(database, backlog, workers)
        held = _held(ledger)
        assert held == gateways * lots, (held, gateways * lots)
        print(json.dumps({"gateways": gateways, "lots_held": held, **told}), flush=True)
        database.close()


def _filled(ledger: Any, gateways: int, lots: int) -> list[Any]:
    ledger.add_policy()
    ledger.add_place("acme", "supplier")
    for n in range(SITES):
        ledger.add_place(f"site-{n}", "site")
    for n in range(ITEMS):
        ledger.add_item(f"item-{n}", gtin=f"{9501101530003 + n * 10:014d}")
    senders = []
    for n in range(gateways):
        ledger.add_place(f"room-{n}", "room", f"site-{n % SITES}", "cold")
        sender = builders.GatewayWithKey(f"gw-{n}")
        sender.register(ledger.database)
        ledger.put_probe(f"room-{n}", f"probe-{n}", sender.name)
        senders.append(sender)
    ledger.add_place("calm", "room", "site-0")
    ledger.run("INSERT INTO event (actor, kind, subject) VALUES ('bench', 'filled', 'bench:1')")
    for n in range(gateways):
        _stock(ledger, f"room-{n}", f"R{n}-", lots, 10)
    _stock(ledger, "calm", "CALM-", CALM_LOTS, 1_000_000)
    for side, sign in (("to_place", 1), ("from_place", -1)):
        ledger.run(
            f"INSERT INTO position (lot_id, serial, place_id, quantity) SELECT lot_id, '', {side}, {sign} * quantity"
            " FROM movement"
        )
    ledger.run("INSERT INTO residency (lot_id, serial, place_id, began_at)"
               " SELECT lot_id, '', to_place, occurred_at FROM movement")  # fmt: skip
    owner_url = ledger.database.url.replace("lotwarden_runtime@", "postgres@")  # older builds have no other role
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
    for n, sender in enumerate(senders):
        store_batches(ledger.database, [sender.batch(_reading(0, 5.0, n))])
    return senders


def _stock(ledger: Any, room: str, tag: str, lots: int, quantity: int) -> None:
    ledger.run(
        """INSERT INTO lot (item_id, lot_number, owner, expires_on)
           SELECT i.id, %(tag)s || k, 'house', '2030-01-01'
           FROM generate_series(1, %(n)s) k JOIN item i ON i.name = 'item-' || (k %% 20)""",
        {"tag": tag, "n": lots},
    )
    ledger.run(
        """INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
           SELECT 'b/' || l.id, l.id, %(q)s, a.id, r.id, '2026-01-05 00:00Z', 'receive', (SELECT max(id) FROM event)
           FROM lot l, place a, place r
           WHERE l.lot_number LIKE %(like)s AND a.name = 'acme' AND r.name = %(room)s""",
        {"q": quantity, "like": tag + "%", "room": room},
    )


def _backlog(number: int, sender: Any, readings: int) -> list[bytes]:
    """All that a gateway kept: too warm for twenty of four hundred readings, and cold again."""
    values = [9.5 if 40 <= k % 400 < 60 else 5.0 + k % 7 / 10 for k in range(1, readings + 1)]
    said = [_reading(k / 6, value, number) for k, value in enumerate(values, start=1)]
    return [sender.batch(*said[at : at + READINGS_A_BATCH]) for at in range(0, len(said), READINGS_A_BATCH)]


def _reading(minute: float, value: float, number: int) -> Any:
    return builders.reading(builders.minute(minute), value, f"probe-{number}")


def _storm(database: Any, backlog: Path, workers: int) -> dict[str, Any]:
    told: list[tuple[float, float]] = []
    storms, stop = threading.Event(), threading.Event()
    allocator = threading.Thread(target=_allocate, args=(database, told, storms, stop))
    senders = [
        subprocess.Popen(
            [sys.executable, __file__, "worker", database.url, str(backlog), str(number), str(workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(workers)
    ]
    for each in senders:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    allocator.start()
    time.sleep(CALM_S)
    storms.set()
    began = time.perf_counter()
    for each in senders:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in senders:
        each.wait()
        assert each.returncode == 0
    seconds = time.perf_counter() - began
    stop.set()
    allocator.join()
    return {"seconds": seconds, "allocations": told}


def _allocate(database: Any, told: list[tuple[float, float]], storms: threading.Event, stop: threading.Event) -> None:
    """Twenty a second; those of the storm are timed, from when they were meant to start."""
    meant, number = time.perf_counter(), 0
    while not stop.is_set():
        meant, number = meant + ALLOCATION_EVERY_S, number + 1
        time.sleep(max(0.0, meant - time.perf_counter()))
        is_timed = storms.is_set()
        allocate(
            database,
            client_id=uuid.uuid4(),
            item=f"item-{number % ITEMS}",
            owner="house",
            quantity=1,
            demand="bench",
            site=None,
            shelf_life_min_days=0,
            at=NOW,
            actor="bench",
        )
        if is_timed:
            told.append((meant, (time.perf_counter() - meant) * 1000))


def _worker(url: str, backlog: Path, number: int, workers: int) -> None:
    database = Database.at_url(url)
    mine = pickle.loads(backlog.read_bytes())[number::workers]
    with database.transaction():
        print("ready", flush=True)
    sys.stdin.readline()
    for raws in mine:
        for receipt in store_batches(database, raws):
            assert receipt.outcome.value == "stored", receipt
    database.close()


def _held(ledger: Any) -> int:
    names = {row["name"] for row in ledger.rows("SELECT viewname AS name FROM pg_views WHERE schemaname = 'public'")}
    view = "active_hold" if "active_hold" in names else "hold_now"
    return int(ledger.rows(f"SELECT count(DISTINCT lot_id) AS n FROM {view} WHERE kind = 'exposure'")[0]["n"])


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        _worker(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main(*(int(each) for each in sys.argv[1:5]))
