"""What the door for batches takes, takes twice, and refuses."""

import json
from collections.abc import Callable

import psycopg
import pytest

from cloud_sync.errors import DatabaseDown
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome, BatchReceipt
from edge_agent.domain.wire.records import Action, Lane, Record
from edge_agent.domain.wire.wire import digest_of, encode_record
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, notice, reading, scan

RECEIPT = scan(minute(0), Action.RECEIVE, "acme", "dock")


def test_a_batch_is_kept_byte_for_byte(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raw = gateway.batch(RECEIPT, notice(minute(1)))
    assert store_batch(ledger.database, raw) == BatchReceipt(digest_of(raw), BatchOutcome.STORED)
    (row,) = ledger.rows("SELECT raw, first_seq, last_seq FROM evidence")
    assert (bytes(row["raw"]), row["first_seq"], row["last_seq"]) == (raw, 1, 2)
    assert [row["text"] for row in ledger.rows("SELECT text FROM notice")] == ["started"]
    assert ledger.rows("SELECT last_seen_at IS NOT NULL AS seen FROM gateway") == [{"seen": True}]


def test_a_batch_that_is_sent_twice_counts_once(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raw = gateway.batch(RECEIPT)
    assert [store_batch(ledger.database, raw).outcome for _ in range(3)] == ["stored", "duplicate", "duplicate"]
    assert ledger.balances()["L1", "", "dock"] == 10


def test_a_batch_of_an_unknown_gateway_is_refused_and_alarmed_once(ledger: Ledger) -> None:
    for number in range(3):
        stranger = GatewayWithKey(f"stranger-{number}")
        receipt = store_batch(ledger.database, stranger.batch(RECEIPT))
        assert receipt.outcome is BatchOutcome.UNKNOWN
        assert "register it" in receipt.reason
    assert counts_of_cases(ledger) == [("batch_not_genuine", 3)]
    assert ledger.balances() == {}


def test_a_forged_batch_is_refused_and_alarmed(ledger: Ledger, gateway: GatewayWithKey) -> None:
    forger = GatewayWithKey(gateway.name)
    for _ in range(2):
        receipt = store_batch(ledger.database, forger.batch(RECEIPT))
        assert (receipt.outcome, receipt.reason) == (BatchOutcome.REFUSED, "the signature is not that of gateway gw-1")
    assert counts_of_cases(ledger) == [("batch_not_genuine", 2)]
    assert len(ledger.events("case_opened")) == 1
    assert ledger.rows("SELECT FROM evidence") == []


def test_a_revoked_gateway_is_refused(ledger: Ledger, gateway: GatewayWithKey) -> None:
    ledger.run("UPDATE gateway SET revoked_at = now()")
    receipt = store_batch(ledger.database, gateway.batch(RECEIPT))
    assert receipt.outcome is BatchOutcome.UNKNOWN
    assert "revoked" in receipt.reason


def test_a_batch_with_any_one_byte_changed_is_refused(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raw = gateway.batch(RECEIPT)
    regions = {"magic": 1, "length": 7, "header": 40, "payload": len(raw) - 80, "signature": len(raw) - 5}
    for region, at in regions.items():
        bad = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert store_batch(ledger.database, bad).outcome is BatchOutcome.REFUSED, region
    assert store_batch(ledger.database, raw[:-1]).outcome is BatchOutcome.REFUSED
    assert ledger.balances() == {}
    assert store_batch(ledger.database, raw).outcome is BatchOutcome.STORED


@pytest.mark.parametrize(
    "change",
    [
        lambda gateway: setattr(gateway, "name", "gw\x00"),
        lambda gateway: setattr(gateway, "journal", "-" * 36),
    ],
)
def test_a_header_that_cannot_be_kept_is_refused(
    ledger: Ledger, gateway: GatewayWithKey, change: Callable[[GatewayWithKey], None]
) -> None:
    change(gateway)
    assert store_batch(ledger.database, gateway.batch(RECEIPT)).outcome is BatchOutcome.REFUSED


@pytest.mark.parametrize(("first", "count"), [(1, 2), (1, 1), (2, 1), (2, 5), (1, 9)])
def test_other_content_at_the_same_place_of_a_journal_is_a_fork(
    ledger: Ledger, gateway: GatewayWithKey, first: int, count: int
) -> None:
    store_batch(ledger.database, gateway.batch(RECEIPT, notice(minute(1))))
    other = gateway.batch_at(first, [encode_record(notice(minute(9)))] * count, Lane.SCANS)
    for _ in range(2):
        receipt = store_batch(ledger.database, other)
        assert receipt.outcome is BatchOutcome.FORK
        assert "stored with other content" in receipt.reason
    assert counts_of_cases(ledger) == [("forked_journal", 2)]
    (case,) = ledger.rows("SELECT evidence_id FROM exception_case")
    assert ledger.rows("SELECT id AS evidence_id FROM evidence") == [case]
    assert len(ledger.rows("SELECT FROM evidence")) == 1


def test_batches_of_a_lane_may_come_in_any_order_and_lanes_do_not_clash(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    batches = [gateway.batch(notice(minute(n))) for n in range(3)] + [gateway.batch(reading(minute(1), 5.0))]
    assert {store_batch(ledger.database, raw).outcome for raw in reversed(batches)} == {BatchOutcome.STORED}


@pytest.mark.parametrize(
    "spoilt",
    [
        b"not json",
        b'{"kind":"unknown"}',
        b"\x00\xff",
        encode_record(RECEIPT).replace(b'"quantity":10', b'"quantity":0'),
        encode_record(RECEIPT).replace(b'"quantity":10', b'"quantity":99999999999999999999999'),
        encode_record(RECEIPT).replace(b'"amy"', b'"a\\u0000y"'),
        encode_record(RECEIPT).replace(b'"L1"', json.dumps("L" * 3000).encode()),
        encode_record(RECEIPT).replace(b"2026-03-01T12:00:00.000Z", b"2026-03-01T12:00:00.000"),
        encode_record(RECEIPT).replace(b"2026-03-01T12:00:00.000Z", b"9999-12-31T23:59:59-10:00"),
        encode_record(RECEIPT).replace(b"2027-01-31", b"9999-12-31"),
        encode_record(RECEIPT).replace(b'"amy"', b'"\\ud800"'),
        encode_record(reading(minute(1), 9.0)).replace(b"9.0", b"NaN"),
        encode_record(reading(minute(1), 9.0)).replace(b"9.0", b"1e999"),
    ],
)
def test_an_unreadable_record_becomes_a_case_and_the_rest_goes_on(
    ledger: Ledger, gateway: GatewayWithKey, spoilt: bytes
) -> None:
    raw = gateway.batch_of_lines([spoilt, encode_record(RECEIPT)], Lane.SCANS)
    assert store_batch(ledger.database, raw).outcome is BatchOutcome.STORED
    assert ledger.balances()["L1", "", "dock"] == 10
    (case,) = ledger.rows("SELECT kind, key, evidence_id FROM exception_case")
    assert case == {
        "kind": "unreadable_record",
        "key": "gw-1/11111111-1111-4111-8111-111111111111/scans/1",
        "evidence_id": 1,
    }
    assert ledger.rows("SELECT FROM reading") == []


def test_the_ledger_says_that_its_database_is_down_and_takes_the_batch_later(
    ledger: Ledger, gateway: GatewayWithKey, postgres_url: str
) -> None:
    raw = gateway.batch(RECEIPT)
    (row,) = ledger.rows("SELECT current_database() AS name")
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {row['name']} WITH ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (row["name"],))
        with pytest.raises(DatabaseDown):
            store_batch(ledger.database, raw)
        server.execute(f"ALTER DATABASE {row['name']} WITH ALLOW_CONNECTIONS true")
    assert store_when_back(ledger, raw).outcome is BatchOutcome.STORED
    assert ledger.balances()["L1", "", "dock"] == 10


def test_a_record_said_by_two_gateways_is_two_facts(ledger: Ledger, say: Said) -> None:
    second = GatewayWithKey("gw-2")
    second.register(ledger.database)
    record: Record = scan(minute(0), Action.RECEIVE, "acme", "dock", line(1))
    say(record)
    assert store_batch(ledger.database, second.batch(record)).outcome is BatchOutcome.STORED
    assert ledger.balances()["L1", "", "dock"] == 2


def counts_of_cases(ledger: Ledger) -> list[tuple[str, int]]:
    return [(row["kind"], row["data"]["count"]) for row in ledger.rows("SELECT kind, data FROM exception_case")]


def store_when_back(ledger: Ledger, raw: bytes) -> BatchReceipt:
    """As a gateway does: send it again until the ledger answers. Each try waits for the pool."""
    for _ in range(5):
        try:
            return store_batch(ledger.database, raw)
        except DatabaseDown:
            continue
    pytest.fail("the database did not come back")
