"""``verify`` checks again who signed each batch that is kept as evidence."""

from datetime import timedelta

import psycopg

from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import Finding, verify
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.ids import JournalId
from tests.support.builders import NOON, GatewayWithKey, Ledger, reading

OTHER_JOURNAL = JournalId("22222222-2222-4222-8222-222222222222")


def keep(database: Database, gateway: GatewayWithKey, minute: int) -> None:
    raw = gateway.batch(reading(NOON + timedelta(minutes=minute), 5.0))
    assert store_batch(database, raw).outcome is BatchOutcome.STORED


def test_a_batch_that_its_gateway_did_not_sign_is_found_though_it_was_stored_and_sealed_as_any_other(
    ledger: Ledger,
) -> None:
    database = ledger.database
    genuine, forger = GatewayWithKey("gw-true"), GatewayWithKey("gw-true", OTHER_JOURNAL)
    genuine.register(database)
    keep(database, genuine, 1)
    with psycopg.connect(database.url) as administrator:
        administrator.execute("UPDATE gateway SET public_key = %s WHERE name = 'gw-true'", (forger.public_key,))
    keep(database, forger, 2)
    seal_once(database)
    (last,) = ledger.rows("SELECT max(id) AS id FROM evidence")
    forged = Finding(f"evidence {last['id']}", "gateway gw-true has not signed it")
    untold = Finding("gateway gw-true", "it is believed by a key of which no event tells")
    assert set(verify(database).findings) == {forged, untold}
    with psycopg.connect(database.url) as administrator:
        administrator.execute("UPDATE gateway SET public_key = %s WHERE name = 'gw-true'", (genuine.public_key,))
    assert verify(database).findings == [forged]


def test_batches_signed_by_a_key_that_was_replaced_still_fit(ledger: Ledger) -> None:
    database = ledger.database
    old, new = GatewayWithKey("gw-old"), GatewayWithKey("gw-old", OTHER_JOURNAL)
    old.register(database)
    keep(database, old, 1)
    with database.transaction() as connection:
        connection.execute("UPDATE gateway SET public_key = %s WHERE name = 'gw-old'", (new.public_key,))
        connection.execute(
            "INSERT INTO event (actor, kind, subject, data) VALUES ('gateway:gw-old', 'gateway_key_replaced',"
            " 'gateway:gw-old', jsonb_build_object('public_key', encode(%s::bytea, 'base64')))",
            (new.public_key,),
        )
    keep(database, new, 2)
    seal_once(database)
    assert verify(database).findings == []
