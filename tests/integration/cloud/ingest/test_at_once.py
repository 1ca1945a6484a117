"""Many doors at once: batches of scans and readings stored by real threads on real connections."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.monitoring.exposures import expose_excursions
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action, Lane
from edge_agent.domain.wire.wire import encode_record
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan

HANDS = 8


def test_the_same_batch_from_many_doors_is_stored_once(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raw = gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock"))
    outcomes = at_once([lambda: store_batch(ledger.database, raw).outcome] * HANDS)
    assert sorted(outcomes) == [BatchOutcome.DUPLICATE] * (HANDS - 1) + [BatchOutcome.STORED]
    assert ledger.balances()["L1", "", "dock"] == 10


def test_overlapping_batches_from_many_doors_leave_one(ledger: Ledger, gateway: GatewayWithKey) -> None:
    lines = [encode_record(scan(minute(n), Action.RECEIVE, "acme", "dock")) for n in range(10)]
    batches = [gateway.batch_at(first, lines[:5], Lane.SCANS) for first in range(1, 6)]
    outcomes = at_once([lambda raw=raw: store_batch(ledger.database, raw).outcome for raw in batches])
    assert sorted(outcomes) == [BatchOutcome.FORK] * 4 + [BatchOutcome.STORED]


@pytest.mark.parametrize("seed", range(3))
def test_no_exposed_lot_is_without_a_hold_however_scans_and_readings_race(ledger: Ledger, seed: int) -> None:
    random = Random(seed)
    lots = [f"L{number}" for number in range(6)]
    batches = []
    for number in range(HANDS):
        gateway = GatewayWithKey(f"hand-{number}", f"{number:08d}-1111-4111-8111-111111111111")
        gateway.register(ledger.database)
        for _ in range(6):
            some = random.sample(lots, 3)
            way = ["acme", *random.sample(["dock", "fridge-a", "shelf-a1", "fridge-b", "batch-7", "st-mary"], 3)]
            times = sorted(random.sample(range(20), 3))
            scans = [
                scan(minute(at), Action.MOVE, a, b, *(line(2, lot) for lot in some))
                for (a, b), at in zip(pairwise(way), times, strict=True)
            ]
            batches.append(gateway.batch(*scans))
    probes = GatewayWithKey("probes", "99999999-1111-4111-8111-111111111111")
    probes.register(ledger.database)
    for device, place in (("probe-x", "fridge-a"), ("probe-y", "fridge-b")):
        ledger.put_probe(place, device, probes.name)
        for at in range(20):
            batches.append(probes.batch(reading(minute(at), random.choice([5.0, 5.0, 9.0]), device)))
    random.shuffle(batches)

    outcomes = at_once([lambda raw=raw: store_batch(ledger.database, raw).outcome for raw in batches])
    assert set(outcomes) == {BatchOutcome.STORED}
    told = ledger.exposures()
    assert told
    redo_all(ledger.database)
    assert ledger.exposures() == told


def at_once(doings: Iterable[Callable[[], BatchOutcome]]) -> list[BatchOutcome]:
    """Do all of it on as many threads as there are hands, none of which starts before all are there."""
    doings = list(doings)
    ready = threading.Barrier(min(HANDS, len(doings)))
    with ThreadPoolExecutor(ready.parties, initializer=ready.wait, initargs=(30,)) as hands:
        futures = [hands.submit(doing) for doing in doings]
        return [future.result(timeout=60) for future in futures]


def redo_all(database: Database) -> None:
    """Everything that follows from the facts once more, from nothing, with nobody beside."""
    with database.transaction() as connection:
        rows = connection.execute("SELECT id FROM excursion").fetchall()
        connection.execute("DELETE FROM exposure")
        expose_excursions(connection, [row["id"] for row in rows])
