"""Batches that could not be booked when they came, and are booked again later: it comes to the same holds."""

import os
from collections.abc import Iterator, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.dead_letter_retry import reprocess
from cloud_sync.ingest.receipts import BatchReceipt
from cloud_sync.storage.database import Database
from tests.integration.cloud import test_any_order as any_order
from tests.integration.cloud import test_any_order_thinned as thinned
from tests.integration.cloud.test_any_order import EXAMPLES, WORLD
from tests.support.builders import Ledger
from tests.support.faults import SET_ASIDE_NOW, bring_in_fault, fault
from tests.support.recycled_databases import RecycledDatabases
from tests.support.reference_model import truth

some = settings(
    max_examples=max(EXAMPLES // 8, 1),
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.fixture(scope="module")
def faulty(databases: RecycledDatabases) -> Iterator[Database]:
    with databases.lent() as url:
        opened = databases.open(url)
        bring_in_fault(Ledger(opened))
        yield opened


@some
@given(any_order.histories)
def test_batches_that_were_set_aside_come_to_the_same_whenever_they_are_booked_again(
    faulty: Database, history: any_order.History
) -> None:
    ledger = any_order.new_ledger(faulty)
    ill = IllLedger(ledger, Random(history.arrival_seed))
    labels = any_order.deliver(ledger, history, ill.store)
    ill.book_again()
    any_order.assign_late_channel(ledger)  # of which perhaps nobody has heard until now
    any_order.compare(ledger, truth(WORLD, list(history.moves), list(history.measured)))
    any_order.compare_labels(ledger, labels)


@some
@given(thinned.thinnings)
def test_thinned_readings_that_were_set_aside_come_to_the_same(faulty: Database, history: thinned.Thinning) -> None:
    ill = IllLedger(Ledger(faulty), Random(history.seed))
    thinned.check(faulty, history, ill.store, ill.book_again)


class IllLedger:
    """A ledger that sets aside what comes while it is ill; what lies there is booked again at some time."""

    def __init__(self, ledger: Ledger, random: Random) -> None:
        self.ledger, self.random = ledger, random

    def store(self, database: Database, raws: Sequence[bytes]) -> list[BatchReceipt]:
        """As ``store_batches``, well or ill."""
        if self.random.random() < 0.4:
            with fault(self.ledger):
                return store_batches(database, raws)
        receipts = store_batches(database, raws)
        if self.random.random() < 0.3:
            self.book_again()
        return receipts

    def book_again(self) -> None:
        """All that lies aside, in any order."""
        waiting = [row["id"] for row in self.ledger.rows(SET_ASIDE_NOW)]
        for case_id in self.random.sample(waiting, len(waiting)):
            reprocess(self.ledger.database, case_id, reason="mended", actor="quinn")
        assert not self.ledger.rows(SET_ASIDE_NOW)
