"""Thinning: what an envelope says is true, and what must be seen stays as it was."""

from dataclasses import replace
from math import fsum

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.monitoring.thinning import thin
from edge_agent.domain.wire.ids import BootId, DeviceName
from edge_agent.domain.wire.records import Envelope, Quality, Reading
from edge_agent.domain.wire.wire import decode_record, encode_record
from tests.support.journal_parts import stamp_of

WINDOW_S = 600
WARM_C = 8.0


def at(number: int, value: float, device: str = "a", quality: Quality = Quality.GOOD) -> Reading:
    values = {"temp_c": value} if quality is Quality.GOOD else {}
    return Reading(stamp_of(number * 10), DeviceName(device), quality, values)


def is_warm(reading: Reading) -> bool:
    return reading.values.get("temp_c", 0.0) > WARM_C


def numbered(readings: list[Reading]) -> list[tuple[int, Reading]]:
    return list(enumerate(readings, start=101))


def test_a_window_becomes_one_envelope_and_its_extremes() -> None:
    readings = [at(n, 5.0 + (n * 7 % 60) / 100) for n in range(60)]
    left = thin(numbered(readings), window_s=WINDOW_S, must_keep=is_warm)
    (envelope,) = [record for record in left if isinstance(record, Envelope)]
    values = [reading.values["temp_c"] for reading in readings]
    kept = [record for record in left if isinstance(record, Reading)]
    gone = [reading for n, reading in enumerate(readings) if 101 + n not in {each.was for each in kept}]
    assert (envelope.count, envelope.since, envelope.stamp) == (58, gone[0].stamp, gone[-1].stamp)
    spread, rest = envelope.values["temp_c"], [reading.values["temp_c"] for reading in gone]
    assert (spread.least, spread.mean, spread.greatest) == (min(rest), fsum(rest) / 58, max(rest))
    assert envelope.gap_ms == 10_000
    assert {reading.values["temp_c"] for reading in kept} == {min(values), max(values)}
    assert [readings[(reading.was or 0) - 101] for reading in kept] == [replace(r, was=None) for r in kept]


def test_what_is_outside_its_limits_stays_with_its_neighbours_on_either_side() -> None:
    readings = [at(n, 9.0 if n in (20, 21) else 5.0) for n in range(60)]
    left = thin(numbered(readings), window_s=WINDOW_S, must_keep=is_warm)
    kept = {record.was for record in left if isinstance(record, Reading)}
    assert kept >= {101 + n for n in (19, 20, 21, 22)}
    assert len(kept) <= 6


def test_an_envelope_knows_the_longest_time_without_a_reading_and_nothing_outside_limits() -> None:
    readings = [at(n, 9.0 if n == 3 else 5.0) for n in range(60) if not 20 <= n < 30]
    left = thin(numbered(readings), window_s=WINDOW_S, must_keep=is_warm)
    (envelope,) = [record for record in left if isinstance(record, Envelope)]
    assert envelope.gap_ms == 110_000
    assert envelope.values["temp_c"].greatest == 5.0


def test_devices_qualities_boots_and_clocks_that_were_not_synchronised_are_never_mixed() -> None:
    readings = [
        replace(reading, stamp=replace(reading.stamp, boot=BootId(boot), synced=synced))
        for n in range(0, 240, 4)
        for boot in ("one", "two")
        for synced in (True, False)
        for reading in (at(n, 5.0, "a"), at(n, 6.0, "b"), at(n, 0, "a", Quality.TIMEOUT))
    ]
    left = thin(numbered(readings), window_s=24 * 3600, must_keep=is_warm)
    envelopes = [record for record in left if isinstance(record, Envelope)]
    assert len(envelopes) == 3 * 2 * 2
    assert {(e.device, e.quality, tuple(e.values)) for e in envelopes} == {
        ("a", Quality.GOOD, ("temp_c",)), ("b", Quality.GOOD, ("temp_c",)), ("a", Quality.TIMEOUT, ()),
    }  # fmt: skip
    assert {e.since.synced for e in envelopes} == {True, False}


def test_few_readings_are_left_alone_but_for_their_old_number() -> None:
    readings = [at(n, float(n)) for n in range(4)]
    assert thin(numbered(readings), window_s=WINDOW_S, must_keep=is_warm) == tuple(
        replace(reading, was=101 + n) for n, reading in enumerate(readings)
    )


READINGS = st.lists(
    st.builds(
        at,
        st.integers(0, 200),
        st.floats(-30, 30),
        st.sampled_from(["a", "b"]),
        st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.CRC]),
    ),
    max_size=80,
)


@given(readings=READINGS)
def test_every_reading_is_either_kept_or_counted_and_none_outside_is_missing(readings: list[Reading]) -> None:
    left = thin(numbered(readings), window_s=WINDOW_S, must_keep=is_warm)
    kept = {record.was for record in left if isinstance(record, Reading)}
    assert len(kept) == sum(isinstance(record, Reading) for record in left)
    assert kept >= {101 + n for n, reading in enumerate(readings) if is_warm(reading)}
    gone = [reading for n, reading in enumerate(readings) if 101 + n not in kept]
    for envelope in left:
        if isinstance(envelope, Envelope):
            mine = [r for r in gone if (r.device, r.quality) == (envelope.device, envelope.quality)
                    and envelope.since.at <= r.stamp.at <= envelope.stamp.at]  # fmt: skip
            assert envelope.count == len(mine)
            for metric, spread in envelope.values.items():
                assert spread.least == min(r.values[metric] for r in mine)
                assert spread.greatest == max(r.values[metric] for r in mine) <= WARM_C
    assert len(gone) == sum(record.count for record in left if isinstance(record, Envelope))


def test_an_envelope_reads_back_as_it_was_written() -> None:
    for record in thin(numbered([at(n, 5.0 + n / 7) for n in range(60)]), window_s=WINDOW_S, must_keep=is_warm):
        assert decode_record(encode_record(record)) == record
