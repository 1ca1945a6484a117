"""Batches that were made to cost the ledger more than they cost their sender."""

import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cloud_sync.ingest.batches import store_batch, store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Connection, Database
from edge_agent.domain.wire.records import Action, Lane, Notice, NoticeKind
from edge_agent.domain.wire.wire import encode_record
from tests.support.builders import GatewayWithKey, Ledger, minute, reading, scan, stamp

RECEIPT = scan(minute(0), Action.RECEIVE, "acme", "dock")


class Counting(Database):
    """A database that counts what is asked of it."""

    transactions = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Counted."""
        self.transactions += 1
        with super().transaction() as connection:
            yield connection


def signed(gateway: GatewayWithKey, payload: bytes, **header: Any) -> bytes:
    """A unit whose header and payload need not agree, signed all the same."""
    said = {"version": 1, "gateway": gateway.name, "journal": gateway.journal, "lane": "readings", "first": 1}
    said |= {"count": 1, "previous": "0" * 64, "codec": "zlib", **header}
    head = json.dumps(said).encode()
    unit = b"LWB1" + len(head).to_bytes(4, "big") + head + payload
    return unit + gateway.key.sign(unit)


@pytest.mark.parametrize(("name", "outcome"), [("gw-1", "refused"), ("nobody", "unknown")])
def test_nothing_of_a_batch_is_unpacked_before_its_signature_is_proven(ledger: Ledger, name: str, outcome: str) -> None:
    stranger = GatewayWithKey(name)
    unit = signed(stranger, b"this unpacks to nothing")
    for receipt in (store_batch(ledger.database, unit), *store_batches(ledger.database, [unit])):
        assert receipt.outcome == outcome
        assert "unpack" not in receipt.reason


def test_a_payload_is_given_up_as_soon_as_it_says_more_than_its_header_announces(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    lines = signed(gateway, zlib.compress(b"\n" * (7 << 20)), count=5)
    long_line = signed(gateway, zlib.compress(b"x" * (7 << 20)), count=1)
    tracemalloc.start()
    receipts = store_batches(ledger.database, [lines, long_line])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [receipt.outcome for receipt in receipts] == ["refused", "refused"]
    assert "announces 5 records, payload has more" in receipts[0].reason
    assert "unpacks to over 1048576 bytes" in receipts[1].reason
    assert peak < 3 << 20


def test_a_thousand_batches_of_strangers_cost_two_transactions(ledger: Ledger, ledger_url: str) -> None:
    stranger = GatewayWithKey("stranger")
    forger = GatewayWithKey("gw-1")
    units = [stranger.batch(RECEIPT) for _ in range(500)] + [forger.batch(RECEIPT) for _ in range(500)]
    with Counting.at_url(ledger_url) as database:
        receipts = store_batches(database, units)
        assert database.transactions <= 2
    assert [receipt.outcome for receipt in receipts] == ["unknown"] * 500 + ["refused"] * 500
    cases = ledger.rows("SELECT key, data ->> 'count' AS times FROM exception_case ORDER BY key")
    assert [(case["key"], case["times"]) for case in cases] == [("gateway:gw-1", "500"), ("unknown gateways", "500")]


def test_a_header_that_is_endless_is_not_read(ledger: Ledger, gateway: GatewayWithKey) -> None:
    (receipt,) = store_batches(ledger.database, [signed(gateway, b"", note="g" * 100_000)])
    assert receipt.outcome is BatchOutcome.REFUSED
    assert "larger than 4096" in receipt.reason


@pytest.mark.parametrize(
    "data",
    [
        {"offset_ms": 10**18},
        {"offset_ms": -(10**30)},
        {"offset_ms": 0, "wall_minus_mono_ms": 10**17},
        {"offset_ms": 0, "by_mono_ms": 2**64},
        {"offset_ms": 1e300},
    ],
)
def test_a_clock_that_is_off_by_ages_is_a_case_and_the_good_scan_beside_it_counts(
    ledger: Ledger, gateway: GatewayWithKey, data: dict[str, int | float]
) -> None:
    absurd = Notice(stamp(minute(1)), NoticeKind.CLOCK, "clock", "synchronised", {"cause": "synced", **data})
    doubtful = gateway.batch_at(1, [encode_record(reading(minute(0), 4.0, synced=False))], Lane.READINGS)
    receipts = store_batches(ledger.database, [doubtful, gateway.batch(RECEIPT, absurd)])
    assert [receipt.outcome for receipt in receipts] == ["stored", "stored"]
    assert ledger.balances()["L1", "", "dock"] == 10
    assert ledger.open_cases() == ["unreadable_record"]


def test_a_clock_that_is_off_by_a_century_does_not_move_readings_there(ledger: Ledger, gateway: GatewayWithKey) -> None:
    century_ms = 100 * 365 * 86_400_000
    off = Notice(
        stamp(minute(1)), NoticeKind.CLOCK, "clock", "synchronised", {"cause": "synced", "offset_ms": century_ms}
    )
    doubtful = gateway.batch_at(1, [encode_record(reading(minute(0), 4.0, synced=False))], Lane.READINGS)
    receipts = store_batches(ledger.database, [doubtful, gateway.batch(RECEIPT, off)])
    assert [receipt.outcome for receipt in receipts] == ["stored", "stored"]
    assert ledger.rows("SELECT at FROM reading") == [{"at": minute(0)}]
    assert ledger.open_cases() == ["implausible_time"]
    assert ledger.balances()["L1", "", "dock"] == 10


def months(ledger: Ledger) -> int:
    return len(ledger.rows("SELECT FROM pg_inherits WHERE inhparent = 'reading'::regclass"))


@pytest.mark.parametrize("batches", [1, 3], ids=["alone", "together"])
def test_readings_of_two_hundred_years_make_no_partitions_but_a_case(
    ledger: Ledger, gateway: GatewayWithKey, batches: int
) -> None:
    before = months(ledger)
    spread = [reading(minute(0).replace(year=2001 + number, day=1), 4.0) for number in range(198)]
    units = [gateway.batch(*spread[number::batches], reading(minute(number), 4.0)) for number in range(batches)]
    receipts = store_batches(ledger.database, units)
    assert {receipt.outcome for receipt in receipts} == {"stored"}
    assert months(ledger) - before <= 1, "that of the good reading beside them"
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": batches + 1}], "2026-03-01 is one of the spread"
    (case,) = ledger.rows("SELECT kind, data FROM exception_case WHERE resolved_at IS NULL")
    assert case["kind"] == "implausible_time"
    assert case["data"]["count"] == 197


def test_a_clock_that_was_never_set_may_say_an_old_time_but_none_to_come(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    old = reading(minute(0).replace(year=2023), 4.0, synced=False)
    to_come = reading(minute(0).replace(year=2040), 4.0, synced=False)
    (receipt,) = store_batches(ledger.database, [gateway.batch(old, to_come)])
    assert receipt.outcome is BatchOutcome.STORED
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": 1}]
    assert ledger.open_cases() == ["implausible_time"]
