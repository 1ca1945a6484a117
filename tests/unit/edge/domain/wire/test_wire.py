"""The batch: what is signed is what is stored, and nothing else reads as one."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.wire import wire
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName, JournalId, PlaceName
from edge_agent.domain.wire.records import (
    Action,
    Lane,
    Notice,
    NoticeKind,
    Quality,
    Reading,
    Record,
    ScanLine,
    ScanTransaction,
    Stamp,
    lane_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STAMP = Stamp(datetime(2026, 11, 21, 11, 0, 0, 250000, UTC), 1234, BootId("b" * 36), synced=True)
READING = Reading(STAMP, DeviceName("fridge-a/probe-1"), Quality.GOOD, {"temp_c": 5.1, "rh_pct": 40.0})
TIMEOUT = Reading(STAMP, DeviceName("fridge-a/probe-1"), Quality.TIMEOUT, detail="no answer in 1 s")
SCAN = ScanTransaction(
    STAMP,
    "5f0c8e4e-0000-4000-8000-000000000001",
    DeviceName("dock-1"),
    Action.RECEIVE,
    "amy",
    (
        ScanLine("00312345678906", 10, "]d2010031...", "ABC123", date(2027, 12, 31)),
        ScanLine("00312345678906", 1, "x"),
        ScanLine("00312345678906", 1, "x", "A", date(2027, 12, 31), expires_hour=time(14, 30)),
        ScanLine("", 2, "+A123BJC5D6E71G\n+$$3271231L1GZ", "L1", codes=("hibc:A123BJC5D6E71", "ndc:0591-0369-01")),
    ),
    from_place=PlaceName("acme"),
    to_place=PlaceName("dock"),
)
NOTICE = Notice(STAMP, NoticeKind.GAP, "readings", "12 readings were dropped", {"count": 12})
RECORDS: tuple[Record, ...] = (READING, TIMEOUT, SCAN, NOTICE)


def verify(signature: bytes, signed: bytes) -> bool:
    try:
        KEY.public_key().verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def header(count: int = 4) -> wire.BatchHeader:
    return wire.BatchHeader(
        gateway=GatewayName("gw-cold-1"),
        journal=JournalId("5f0c8e4e-0000-4000-8000-00000000000a"),
        lane=Lane.SCANS,
        first=17,
        count=count,
        previous=wire.NO_PREVIOUS,
    )


def unit() -> bytes:
    return wire.encode_batch(header(), [wire.encode_record(record) for record in RECORDS], KEY.sign)


def test_a_batch_reads_back_as_it_was_written() -> None:
    batch = wire.decode_batch(unit())
    assert batch.header == header()
    assert tuple(wire.decode_record(line) for line in batch.lines) == RECORDS
    assert batch.is_genuine(verify)


def test_the_same_records_give_the_same_bytes() -> None:
    assert unit() == unit()


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_reads_back_as_it_was_written(record: Record) -> None:
    assert wire.decode_record(wire.encode_record(record)) == record


def test_a_record_is_one_line_with_utc_milliseconds() -> None:
    line = wire.encode_record(NOTICE)
    assert b"\n" not in line
    assert b'"at":"2026-11-21T11:00:00.250Z"' in line


def test_false_and_zero_are_said() -> None:
    unsynced = replace(NOTICE, stamp=replace(STAMP, synced=False), data={"count": 0})
    assert wire.decode_record(wire.encode_record(unsynced)) == unsynced


@given(position=st.integers(0, len(unit()) - 1), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, flip: int) -> None:
    changed = bytearray(unit())
    changed[position] ^= flip
    try:
        batch = wire.decode_batch(bytes(changed))
    except wire.WireError:
        return
    assert not batch.is_genuine(verify)


@given(length=st.integers(0, len(unit()) - 1))
def test_any_cut_is_noticed(length: int) -> None:
    try:
        batch = wire.decode_batch(unit()[:length])
    except wire.WireError:
        return
    assert not batch.is_genuine(verify)


@given(st.binary(max_size=300))
def test_garbage_is_a_wire_error(raw: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode_batch(raw)


def test_a_payload_that_unpacks_too_far_is_refused() -> None:
    bomb = b'{"a":"' + b"a" * (wire.PAYLOAD_BYTES_MAX + 1) + b'"}'
    raw = wire.encode_batch(header(count=1), [bomb], KEY.sign)
    assert len(raw) < wire.BATCH_BYTES_MAX
    with pytest.raises(wire.WireError, match="unpacks to over"):
        wire.decode_batch(raw)


def test_a_batch_that_announces_other_records_than_it_has_is_refused() -> None:
    raw = wire.encode_batch(header(count=1), [b'{"a":1}\n{"b":2}'], KEY.sign)
    with pytest.raises(wire.WireError, match="announces 1 records, payload has more"):
        wire.decode_batch(raw)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "Invalid JSON"),
        (b'{"kind":"rumour"}', "rumour"),
        (b'{"kind":"reading","device":"x","quality":"good","values":{}}', "stamp"),
    ],
)
def test_an_unreadable_record_says_what_is_wrong(line: bytes, reason: str) -> None:
    with pytest.raises(wire.WireError, match=reason):
        wire.decode_record(line)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_a_message_splits_into_what_was_joined(units: list[bytes]) -> None:
    assert wire.split_units(wire.join_units(units)) == tuple(units)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=4), st.data())
def test_a_message_cut_inside_a_unit_is_refused(units: list[bytes], data: st.DataObject) -> None:
    message = wire.join_units(units)
    cut = data.draw(st.integers(len(message) - len(units[-1]) - 3, len(message) - 1))
    with pytest.raises(wire.WireError, match="cut short"):
        wire.split_units(message[:cut])


def test_scans_and_notices_travel_before_readings() -> None:
    assert [lane_of(record) for record in RECORDS] == [Lane.READINGS, Lane.READINGS, Lane.SCANS, Lane.SCANS]


@given(
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])),
    mono_ms=st.integers(0, 1 << 60),
    synced=st.booleans(),
    device=st.text(min_size=1, max_size=20),
    values=st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False) | st.integers()),
)
def test_the_quick_way_for_readings_writes_what_the_general_way_writes(
    at: datetime, mono_ms: int, synced: bool, device: str, values: dict[str, float]
) -> None:
    quick = replace(READING, stamp=Stamp(at, mono_ms, STAMP.boot, synced), device=DeviceName(device), values=values)
    general = wire.encode_record(replace(quick, detail="x"))
    assert wire.encode_record(quick) == general.replace(b',"detail":"x"', b"")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_json_cannot_say_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        wire.encode_record(replace(READING, values={"temp_c": value}))
