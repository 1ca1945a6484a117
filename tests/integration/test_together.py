"""Many batches at once are as good as each alone, and read as carefully."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.batches import Outcome, store_batches
from cloud_sync.ingest.plain import EPOCH, plain_reading
from edge_agent.domain.records import Action, Lane, Reading
from edge_agent.domain.wire import WireError, decode_record, encode_record
from tests.builders import GatewayWithKey, Ledger, line, minute, no_reading, reading, scan


def outcomes(ledger: Ledger, *raws: bytes) -> list[str]:
    return [str(receipt.outcome) for receipt in store_batches(ledger.database, raws)]


def test_batches_that_arrive_together_give_the_same_excursions_as_one_by_one(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    random = Random(1)
    values = [5.0] * 20 + [9.0] * 5 + [7.8] * 3 + [5.0] * 12 + [1.0] * 2 + [5.0] * 8
    raws = [
        gateway.batch(*(reading(minute(n + offset / 4), value, "probe-a") for offset in range(3)))
        for n, value in enumerate(values)
    ]
    random.shuffle(raws)
    for start in range(0, len(raws), 7):
        assert set(outcomes(ledger, *raws[start : start + 7])) == {"stored"}
    assert ledger.excursions() == {
        ("probe-a", "too-warm", minute(20), minute(28), 9.0),
        ("probe-a", "too-cold", minute(40), minute(42), 1.0),
    }
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": 150}]
    assert ledger.rows("SELECT count(*) AS n FROM evidence") == [{"n": 50}]


def test_duplicates_forks_strangers_and_unreadable_lines_are_told_from_the_good_ones(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    good = [gateway.batch(reading(minute(n), 5.0)) for n in range(4)]
    assert outcomes(ledger, *good[:2]) == ["stored", "stored"]
    broken = gateway.batch_of_lines([encode_record(reading(minute(9), 5.0)), b"{}"], Lane.READINGS)
    fork = gateway.batch_at(1, [encode_record(reading(minute(0), 6.0))], Lane.READINGS)
    stranger = GatewayWithKey("gw-1").batch(reading(minute(1), 5.0))
    scans = gateway.batch(scan(minute(1), Action.RECEIVE, "acme", "fridge-a", line()))
    mixed = [good[1], good[2], fork, stranger, scans, broken, good[3], good[3], b"junk", good[0]]
    assert outcomes(ledger, *mixed) == [
        "duplicate", "stored", "fork", "refused", "stored", "stored", "stored", "duplicate", "refused", "duplicate",
    ]  # fmt: skip
    assert ledger.open_cases() == ["batch_not_genuine", "forked_journal", "unreadable_record"]
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": 5}]


def test_a_revoked_gateway_is_not_believed_in_bulk_either(ledger: Ledger, gateway: GatewayWithKey) -> None:
    ledger.run("UPDATE gateway SET revoked_at = now()")
    raws = [gateway.batch(reading(minute(n), 5.0)) for n in range(3)]
    assert outcomes(ledger, *raws) == [Outcome.UNKNOWN] * 3
    assert ledger.rows("SELECT FROM evidence") == []


def test_readings_that_cannot_be_used_are_kept_in_bulk_as_well(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raws = [gateway.batch(reading(minute(n), 5.0), no_reading(minute(n + 0.5))) for n in range(3)]
    assert outcomes(ledger, *raws) == ["stored"] * 3
    assert ledger.rows("SELECT count(*) AS n FROM unusable_reading") == [{"n": 3}]


GOOD: dict[str, Any] = json.loads(encode_record(reading(minute(0), 5.0)))
numbers = st.one_of(st.floats(allow_nan=False), st.integers(), st.sampled_from([1e400, -0.0, 5, 1e-7]))
names = st.text(max_size=6) | st.sampled_from(["temp_c", "a:b", "a,b", 'q"', "\\", "ü"])


@given(st.dictionaries(names, numbers, max_size=3), names, st.booleans(), st.sampled_from(
    ["2026-03-01T12:00:00.000Z", "2026-02-30T12:00:00.000Z", "1999-12-31T23:59:59.999Z", "2026-03-01T12:00:60.000Z",
     "2026-03-01T24:00:00.000Z", "2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00Z"]))  # fmt: skip
def test_what_is_read_fast_means_the_same_as_what_is_read_carefully(
    values: dict[str, Any], device: str, synced: bool, at: str
) -> None:
    said = {**GOOD, "stamp": {**GOOD["stamp"], "at": at, "synced": synced}, "device": device, "values": values}
    check(json.dumps(said, separators=(",", ":")).encode())
    check(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))


@given(st.integers(0, 250), st.binary(max_size=3))
def test_a_spoilt_line_is_never_read_fast_as_something_else(place: int, junk: bytes) -> None:
    raw = encode_record(reading(minute(0), 5.25))
    check(raw[:place] + junk + raw[place + len(junk) :])


def test_the_usual_line_is_read_fast() -> None:
    assert plain_reading(encode_record(reading(minute(0), -5.25, synced=False))) is not None


def check(raw: bytes) -> None:
    plain = plain_reading(raw)
    if plain is None:
        return
    try:
        record = decode_record(raw)
    except WireError as error:
        raise AssertionError(f"{raw!r} was read fast but is not readable") from error
    assert isinstance(record, Reading) and fault_in(record) is None
    at_us, synced, device, values = plain
    at = EPOCH + timedelta(microseconds=at_us)
    assert (at, synced, device) == (record.stamp.at, record.stamp.synced, record.device)
    assert dict(values) == record.values


def test_a_serial_cannot_be_in_a_place_twice_at_once(ledger: Ledger) -> None:
    sql = "INSERT INTO residency (lot_id, serial, place_id, began_at, ended_at) VALUES (1, %(s)s, 2, %(b)s, %(e)s)"
    ledger.run("INSERT INTO lot (item_id, lot_number, owner) VALUES (1, 'A', 'house')")
    ledger.run(sql, {"s": "s1", "b": minute(0), "e": minute(5)})
    ledger.run(sql, {"s": "s1", "b": minute(5), "e": minute(9)})
    with pytest.raises(psycopg.errors.ExclusionViolation):
        ledger.run(sql, {"s": "s1", "b": minute(8), "e": None})
    ledger.run(sql, {"s": "", "b": minute(0), "e": None})
    with pytest.raises(psycopg.errors.ExclusionViolation):
        ledger.run(sql, {"s": "", "b": minute(8), "e": None})


def test_a_serial_in_two_places_is_a_case_until_later_facts_explain_it(ledger: Ledger, gateway: GatewayWithKey) -> None:
    one = line(1, serial="s1")
    outcomes(ledger, gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", one)))
    outcomes(ledger, gateway.batch(scan(minute(5), Action.RECEIVE, "st-mary", "fridge-b", one)))
    assert "duplicate_serial" in ledger.open_cases()
    (case,) = ledger.rows("SELECT text FROM exception_case WHERE kind = 'duplicate_serial'")
    assert case["text"] == "serial s1 is in fridge-a and fridge-b at once"
    outcomes(ledger, gateway.batch(scan(minute(1), Action.SHIP, "fridge-a", "st-mary", one)))
    assert "duplicate_serial" not in ledger.open_cases()


def test_the_database_itself_refuses_to_promise_what_is_not_there(ledger: Ledger) -> None:
    ledger.run("INSERT INTO lot (item_id, lot_number, owner) VALUES (1, 'A', 'house')")
    ledger.run("INSERT INTO position VALUES (1, '', 2, 10)")
    sql = """INSERT INTO reservation (client_id, lot_id, place_id, quantity, demand, reserved_by)
             VALUES (gen_random_uuid(), 1, 2, %(n)s, 'SO-1', 'amy')"""
    ledger.run(sql, {"n": 7})
    with pytest.raises(psycopg.errors.CheckViolation, match="over-reserved"):
        ledger.run(sql, {"n": 4})
    ledger.run(sql, {"n": 3})
    with pytest.raises(psycopg.errors.CheckViolation):
        ledger.run(sql, {"n": 0})
