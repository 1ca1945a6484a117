"""A ledger with two refrigerators and a gateway, for the tests of what happens in them."""

import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Record
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges


@pytest.fixture
def gateway() -> GatewayWithKey:
    """``gw-1``, with a key of its own."""
    return GatewayWithKey()


@pytest.fixture
def ledger(database: Database, gateway: GatewayWithKey) -> Ledger:
    """A ledger with two refrigerators, which knows ``gateway``."""
    return ledger_with_two_fridges(database, gateway)


class Said:
    """Say records to the ledger, each call one batch."""

    def __init__(self, ledger: Ledger, gateway: GatewayWithKey) -> None:
        self._ledger = ledger
        self._gateway = gateway

    def __call__(self, *records: Record) -> None:
        receipt = store_batch(self._ledger.database, self._gateway.batch(*records))
        assert receipt.outcome is BatchOutcome.STORED, receipt.reason


@pytest.fixture
def say(ledger: Ledger, gateway: GatewayWithKey) -> Said:
    """Say records to the ledger, each call one batch."""
    return Said(ledger, gateway)
