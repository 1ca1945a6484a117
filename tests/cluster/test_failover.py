"""Servers die and are paused while gateways send: nothing that was acknowledged is lost, and nothing is there twice.

By ``./dev test-cluster``: it takes minutes, and needs patroni, etcd-server and postgresql-15 of Debian.
"""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic

import pytest

from cloud_sync.errors import DatabaseDown
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from tests.cluster.patroni_cluster import MISSING, PatroniCluster, patroni_cluster, value_at
from tests.cluster.postgres_pair import until
from tests.support.builders import GatewayWithKey, minute, reading

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        bool(MISSING), reason=f"NOT TRIED, for {', '.join(MISSING)} are not here: ./dev test-cluster installs them"
    ),
]

GATEWAYS = 6
BACK_WITHIN_S = 30
ACKNOWLEDGED = (BatchOutcome.STORED, BatchOutcome.DUPLICATE)


@dataclass
class Sender:
    """A gateway that sends one batch after another, each until it is acknowledged."""

    gateway: GatewayWithKey
    database: Database
    is_over: threading.Event
    acknowledged: list[str] = field(default_factory=list)
    last_at: float = 0.0
    longest_s: float = 0.0

    def run(self) -> None:
        number = 0
        self.last_at = monotonic()
        while not self.is_over.is_set():
            number += 1
            self._send(self.gateway.batch(reading(minute(number), 5.0 + number % 3, "probe")))

    def _send(self, raw: bytes) -> None:
        while True:
            try:
                (receipt,) = store_batches(self.database, [raw])
            except DatabaseDown:
                continue
            assert receipt.outcome in ACKNOWLEDGED, receipt
            self.acknowledged.append(receipt.digest)
            self.longest_s = max(self.longest_s, monotonic() - self.last_at)
            self.last_at = monotonic()
            return


@pytest.fixture(scope="module")
def cluster() -> Iterator[PatroniCluster]:
    with patroni_cluster() as cluster:
        yield cluster


def test_servers_die_and_are_paused_and_no_receipt_is_false(cluster: PatroniCluster) -> None:
    over = threading.Event()
    with Database.at_url(cluster.url) as database:
        senders = [Sender(GatewayWithKey(f"gw-{n}"), database, over) for n in range(GATEWAYS)]
        for each in senders:
            each.gateway.register(database)
        threads = [threading.Thread(target=each.run) for each in senders]
        for thread in threads:
            thread.start()
        try:
            for number in range(4):
                is_killed = number % 2 == 0
                _all_send(senders)
                node = cluster.wait_for_all()
                cluster.kill(node) if is_killed else node.signal(signal.SIGSTOP)
                at = monotonic()
                counts = [len(each.acknowledged) for each in senders]
                until(lambda counts=counts: any(_sent_since(senders, counts)), 120)  # type: ignore[misc]
                back_s = monotonic() - at
                _all_send(senders)
                took_s = max(each.last_at for each in senders) - at
                harm = f"{node.name} {'killed' if is_killed else 'paused'}"
                print(f"{harm}: writes are back after {back_s:.1f} s, all send again after {took_s:.1f} s")
                assert back_s <= BACK_WITHIN_S
                cluster.start(node) if is_killed else node.signal(signal.SIGCONT)
            cluster.wait_for_all()
        finally:
            over.set()
            for thread in threads:
                thread.join()
    kept = value_at(cluster.url, "SELECT string_agg(encode(digest, 'hex'), ' ') FROM evidence").split()
    told = Counter(digest for each in senders for digest in each.acknowledged)
    assert set(told.values()) == {1} and len(told) >= GATEWAYS * 10
    assert Counter(kept) == told


def _all_send(senders: list[Sender]) -> None:
    """Until each of them was acknowledged something that it sent after this."""
    counts = [len(each.acknowledged) for each in senders]
    until(lambda: all(_sent_since(senders, counts)), 120)


def _sent_since(senders: list[Sender], counts: list[int]) -> list[bool]:
    """Which of them had something acknowledged since they had so many receipts. The first may have been on its way."""
    return [len(each.acknowledged) >= count + 3 for each, count in zip(senders, counts, strict=True)]
