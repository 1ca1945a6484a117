"""Many batches at once are as good as each alone, and read as carefully."""

import json
from datetime import timedelta
from random import Random
from struct import Struct
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.bulk_rows import NotPlain, RowMaker
from cloud_sync.ingest.fast_parser import EPOCH, plain_reading, since_epoch_us
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.events import add_event
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Action, Lane, Quality, Reading
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record, encode_record
from tests.support.builders import GatewayWithKey, Ledger, line, minute, no_reading, reading, scan, stamp


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
    assert outcomes(ledger, *raws) == [BatchOutcome.UNKNOWN] * 3
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


def test_the_database_itself_refuses_to_reservation_what_is_not_there(ledger: Ledger) -> None:
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


def test_the_database_itself_keeps_a_serial_from_being_in_a_place_twice_at_once(ledger: Ledger) -> None:
    ledger.run("INSERT INTO lot (item_id, lot_number, owner) VALUES (1, 'A', 'house')")
    stay = "INSERT INTO residency VALUES (1, 's1', 2, %(began)s, %(ended)s)"
    ledger.run(stay, {"began": minute(0), "ended": minute(10)})
    ledger.run(stay, {"began": minute(10), "ended": minute(20)})
    with pytest.raises(psycopg.errors.ExclusionViolation, match="residency_serial_without_overlap"):
        ledger.run(stay, {"began": minute(5), "ended": minute(6)})


def test_the_database_itself_keeps_a_serial_to_one_unit(ledger: Ledger) -> None:
    ledger.run("INSERT INTO lot (item_id, lot_number, owner) VALUES (1, 'A', 'house')")
    with ledger.database.transaction() as connection:
        event_id = add_event(connection, actor="amy", kind="moved", subject="lot:1")
    sql = """INSERT INTO movement (fact, lot_id, serial, quantity, from_place, to_place, occurred_at, action, event_id)
             VALUES (%(fact)s, 1, 's1', %(n)s, 2, 3, now(), 'move', %(event)s)"""
    ledger.run(sql, {"fact": "a", "n": 1, "event": event_id})
    with pytest.raises(psycopg.errors.CheckViolation):
        ledger.run(sql, {"fact": "b", "n": 2, "event": event_id})
    with pytest.raises(psycopg.errors.UniqueViolation):
        ledger.run(sql, {"fact": "a", "n": 1, "event": event_id})


# ------------------------------------------------------------------------------------ chains, and rows in one go


def test_the_first_message_of_a_gateway_makes_its_channels_and_months_and_is_stored_whole(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    devices = [f"new-{number}" for number in range(4)]
    raws = [
        gateway.batch(*(reading(minute(n * 60 * 24 * 20), float(n), device) for device in devices)) for n in range(5)
    ]
    assert outcomes(ledger, raws[-1], *raws[:-1]) == ["stored"] * 5
    assert ledger.rows("SELECT count(*) AS n, count(DISTINCT channel_id) AS c FROM reading") == [{"n": 20, "c": 4}]
    assert ledger.rows("SELECT next_seq, max_seq FROM lane_progress") == [{"next_seq": 21, "max_seq": 20}]


def test_a_forged_batch_is_refused_wherever_it_stands_among_genuine_ones(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    """Only what a proven batch names as the one before it needs no signature of its own."""
    thief = GatewayWithKey(gateway.name)  # another key
    for place in range(5):
        start = place * 1000
        good = [gateway.batch(reading(minute(start + n), 5.0)) for n in range(5)]
        header = decode_batch(good[place]).header
        forged = thief.batch_at(header.first, [encode_record(reading(minute(start + place), 9.9))], Lane.READINGS)
        sent = [*good[:place], forged, *good[place + 1 :]]
        assert outcomes(ledger, *sent) == ["refused" if raw is forged else "stored" for raw in sent]
        assert outcomes(ledger, *good) == ["stored" if number == place else "duplicate" for number in range(5)]
    assert ledger.rows("SELECT max(value) AS v, count(*) AS n FROM reading") == [{"v": 5.0, "n": 25}]


def test_a_batch_with_a_forged_copy_beside_it_is_stored_in_either_order(
    ledger: Ledger, gateway: GatewayWithKey
) -> None:
    thief = GatewayWithKey(gateway.name)
    for number in range(2):
        good = [gateway.batch(reading(minute(number * 10 + n), 5.0)) for n in range(3)]
        first = decode_batch(good[1]).header.first
        forged = thief.batch_at(first, [encode_record(reading(minute(number * 10 + 1), 9.9))], Lane.READINGS)
        sent = [forged, *good] if number else [*good, forged]
        assert sorted(outcomes(ledger, *sent)) == ["refused", "stored", "stored", "stored"]
    assert ledger.rows("SELECT max(value) AS v, count(*) AS n FROM reading") == [{"v": 5.0, "n": 6}]


def test_a_flipped_bit_in_the_middle_of_a_chain_is_found(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raws = [gateway.batch(reading(minute(n), 5.0)) for n in range(5)]
    raws[2] = raws[2][:-1] + bytes([raws[2][-1] ^ 1])  # in its own signature: nothing else tells
    assert outcomes(ledger, *raws) == ["stored", "stored", "refused", "stored", "stored"]


texts = st.sampled_from(["probe-a", "ü", 'q"', "a,b", "a:b", "\\"])
values = st.dictionaries(st.sampled_from(["temp_c", "rh_pct", "a:b", "dp_pa"]), st.floats(-99, 99), max_size=3)


@given(st.lists(st.tuples(texts, values, st.integers(0, 10**6)), min_size=1, max_size=12))
def test_rows_made_in_one_go_say_what_the_records_say(said: list[tuple[str, dict[str, float], int]]) -> None:
    records = [
        Reading(stamp(minute(0) + timedelta(milliseconds=ms)), DeviceName(device), Quality.GOOD, values)
        for device, values, ms in said
    ]
    batch = decode_batch(GatewayWithKey().batch(*records))
    channels: dict[tuple[str, str], int] = {(record.device, metric): number for number, (record, metric) in enumerate(
        (record, metric) for record in records for metric in record.values)}  # fmt: skip
    maker = RowMaker(channels, {"2026_03"})
    made = maker.made_of(batch, 7)
    assert made is not None and not made.unusable
    expected = [
        (channels[record.device, metric], since_epoch_us(record.stamp.at), seq, value)
        for seq, record in enumerate(records, start=1)
        for metric, value in record.values.items()
    ]
    assert rows_in(made.rows) == [(*row, True, 7) for row in expected]
    assert EPOCH + timedelta(microseconds=made.last_us) == max(record.stamp.at for record in records)
    for channel_id, span in maker.spans().items():
        times = [EPOCH + timedelta(microseconds=at_us) for known, at_us, _, _ in expected if known == channel_id]
        assert span == (min(times), max(times))
    assert maker.spans().keys() == {row[0] for row in expected}


def test_a_batch_that_waits_for_channels_and_months_names_all_of_them() -> None:
    gateway = GatewayWithKey()
    batch = decode_batch(gateway.batch(reading(minute(0), 5.0, "a"), reading(minute(60 * 24 * 40), 5.0, "b")))
    maker = RowMaker({}, set())
    assert maker.made_of(batch, 1) is None
    assert maker.wanted_channels == {("a", "temp_c"), ("b", "temp_c")}
    assert maker.wanted_months == {"2026_03", "2026_04"}
    assert maker.spans() == {}


def test_what_a_clock_notice_may_correct_is_left_alone() -> None:
    gateway = GatewayWithKey()
    batch = decode_batch(gateway.batch(reading(minute(0), 5.0), reading(minute(1), 5.0, synced=False)))
    with pytest.raises(NotPlain):
        RowMaker({("probe-a", "temp_c"): 1}, {"2026_03"}).made_of(batch, 1)


def rows_in(raw: bytes) -> list[tuple[int, int, int, float, bool, int]]:
    row = Struct(">hiqiqiqidi?iqiii")
    return [
        (channel_id, at_us, seq, value, synced, evidence_id)
        for _, _, channel_id, _, at_us, _, seq, _, value, _, synced, _, evidence_id, *_ in row.iter_unpack(raw)
    ]
