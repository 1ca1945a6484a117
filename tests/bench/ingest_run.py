"""Scanned lines booked by gateways that send what they kept.

``python ingest_run.py LOTS GATEWAYS`` in a checkout's root runs that build, this one or an older one, and prints lines
per second, and how many processors were busy, as JSON. Each gateway is a process.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

sys.path[:] = [".", *(each for each in sys.path if Path(each or ".").resolve() != Path(__file__).resolve().parent)]

BATCHES, BATCHES_AT_ONCE, LINES_A_SCAN = 1_100, 100, 5
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BINS = 2_000


def first_module(*names: str) -> Any:
    """The first of these modules that the build has."""
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(names[-1])


builders = first_module("tests.support.builders", "tests.builders")
Action = first_module("edge_agent.domain.wire.records", "edge_agent.domain.records").Action
Database = importlib.import_module("cloud_sync.storage.database").Database
store_batches = importlib.import_module("cloud_sync.ingest.batches").store_batches


def main(lots: int, gateways: int) -> None:
    """Fill a ledger, let the gateways send, and print how many lines were booked in a second."""
    database = importlib.import_module("tests.bench.ledger").filled(lots)
    ledger = builders.Ledger(database)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # this build has done so, an older one has not
    ledger.run("INSERT INTO item_gtin SELECT '09501101530003', min(id), 1 FROM item")
    sending = [
        subprocess.Popen(
            [sys.executable, __file__, "gateway", database.url, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(gateways)
    ]
    for each in sending:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    began, busy_s = time.perf_counter(), _busy_s()
    for each in sending:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in sending:
        assert each.stdout is not None and each.stdout.readline() == "sent\n"
    took, busy_s = time.perf_counter() - began, _busy_s() - busy_s
    for each in sending:
        assert each.wait() == 0
    booked = ledger.rows("SELECT count(*) AS n FROM movement WHERE fact LIKE 'gw-x-%%'")[0]["n"]
    warmed = gateways * BATCHES_AT_ONCE * LINES_A_SCAN * 2
    assert booked == gateways * BATCHES * LINES_A_SCAN * 2, booked
    print(json.dumps({"lines_per_s": (booked - warmed) / took, "processors": busy_s / took}), flush=True)


def _busy_s() -> float:
    """Of all processors since the machine started: in programs and in the kernel, not waiting, not taken away."""
    user, nice, system, _idle, _disk, irq, softirq, *_ = Path("/proc/stat").read_text().split()[1:]
    return sum(int(ticks) for ticks in (user, nice, system, irq, softirq)) / os.sysconf("SC_CLK_TCK")


def _gateway(url: str, number: int) -> None:
    database = Database.at_url(url)
    ledger = builders.Ledger(database)
    gateway = builders.GatewayWithKey(f"gw-x-{number}")
    gateway.register(database)
    if any(row["column_name"] == "place_id" for row in ledger.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'gateway'")):  # fmt: skip
        ledger.run("UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = 'site') WHERE place_id IS NULL")
    raws = [_batch(gateway, number, n) for n in range(BATCHES)]
    parts = [raws[at : at + BATCHES_AT_ONCE] for at in range(0, BATCHES, BATCHES_AT_ONCE)]
    _send(database, parts[0])
    gc.collect()
    gc.freeze()  # what is loaded is looked through no more, as in a ledger that is served
    print("ready", flush=True)
    sys.stdin.readline()
    for part in parts[1:]:
        _send(database, part)
    print("sent", flush=True)
    database.close()


def _send(database: Any, raws: list[bytes]) -> None:
    for receipt in store_batches(database, raws):
        assert receipt.outcome.value == "stored", receipt


def _batch(gateway: Any, number: int, n: int) -> bytes:
    at = NOW + timedelta(minutes=n)
    bin_name = f"bin-{(number * BATCHES + n) % BINS}"
    lines = [builders.line(10, f"S{number}-{n}-{each}") for each in range(LINES_A_SCAN)]
    raw: bytes = gateway.batch(
        builders.scan(at, Action.RECEIVE, "acme", "dock", *lines),
        builders.scan(at + timedelta(seconds=20), Action.PUT_AWAY, "dock", bin_name, *lines),
    )
    return raw


if __name__ == "__main__":
    if sys.argv[1] == "gateway":
        _gateway(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
