"""What is acknowledged is at the standby, too; and the standby takes over without anybody's help."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud_sync.errors import DatabaseDown
from cloud_sync.ingest.batches import store_batch, store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.storage.database import Database
from tests.cluster.postgres_pair import PostgresPair, asked, postgres_pair, until
from tests.support.builders import GatewayWithKey, minute, reading

CLIENT = uuid.UUID(int=7)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    with postgres_pair() as pair:
        yield pair


def asked_for(database: Database) -> str | None:
    """Ask under one client id; gives the answer of before."""
    with database.transaction() as connection:
        before: str | None = answered_before(connection, "wished", CLIENT, {"for": "more"})
        if before is None:
            answer(connection, "wished", CLIENT, {"for": "more"}, "yes", actor="amy")
    return before


def test_nothing_is_acknowledged_that_no_standby_has_and_the_standby_takes_over(pair: PostgresPair) -> None:
    with Database.at_url(pair.url) as database, ThreadPoolExecutor(2) as others:
        gateway = GatewayWithKey("gw-1")
        gateway.register(database)
        first, second = (gateway.batch(reading(minute(k), 5.0, "probe")) for k in (1, 2))
        assert store_batch(database, first).outcome is BatchOutcome.STORED
        asked_for(database)

        pair.stop(pair.standby)
        stored = others.submit(store_batch, database, second)
        until(lambda: asked(pair.primary.owner_url, WAITING) == "1")
        asked(pair.primary.owner_url, CANCEL)
        with pytest.raises(DatabaseDown, match="no standby of the database server is known to have it"):
            stored.result()
        assert asked(pair.primary.owner_url, "SELECT count(*) FROM evidence") == "2", "committed all the same"

        again = others.submit(store_batches, database, [first, second])
        as_before = others.submit(asked_for, database)
        until(lambda: asked(pair.primary.owner_url, WAITING) == "2")
        assert not again.done() and not as_before.done(), "who repeats what was answered waits as well"
        pair.standby.start_again()
        assert [receipt.outcome for receipt in again.result()] == [BatchOutcome.DUPLICATE] * 2
        assert as_before.result() == "yes"

        pair.stop(pair.primary)
        pair.promote()
        assert store_batch(database, second).outcome is BatchOutcome.DUPLICATE
        third = gateway.batch(reading(minute(3), 5.0, "probe"))
        assert store_batch(database, third).outcome is BatchOutcome.STORED
