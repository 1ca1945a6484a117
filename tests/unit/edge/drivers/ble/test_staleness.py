"""One device's frames over time: sampling, replays, silence."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import DecodedFrame
from edge_agent.drivers.ble.staleness import (
    INTERVAL_UNKNOWN_S,
    LOST_GAPS,
    STALE_GAPS,
    STALE_MIN_S,
    UNHEARD_S,
    FreshnessChange,
    FreshnessTrack,
    TrackedFrame,
)
from edge_agent.timekeeping.clock import ManualClock, stamp

STAMP = stamp(ManualClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC)))


def frame(at_s: float, counter: int | None = None, bits: int = 8, **values: float) -> TrackedFrame:
    said = values or {"temp_c": 5.0}
    return TrackedFrame(
        at_s, STAMP, DecodedFrame(said, counter=counter, counter_bits=bits), repr((counter, said)).encode(), -60
    )


def hears_every(track: FreshnessTrack, gap_s: float, times: int, counter: int = 1) -> float:
    """Let the track hear ``times`` frames; gives the time of the last."""
    for n in range(times):
        assert track.hear(frame(n * gap_s, counter + n))
    return (times - 1) * gap_s


def test_the_newest_frame_of_a_poll_is_reported_and_only_one() -> None:
    track = FreshnessTrack(poll_s=10, started_s=0)
    track.hear(frame(0, 1, temp_c=5.0))
    first = track.due(0)
    assert first is not None
    assert first.values == {"temp_c": 5.0, "rssi_dbm": -60}
    for n in range(1, 10):
        track.hear(frame(n, 1 + n, temp_c=5.0 + n))
        assert track.due(n) is None
    second = track.due(10)
    assert second is not None
    assert second.values["temp_c"] == 14.0
    assert track.due(10.5) is None


def test_temperature_and_humidity_of_separate_frames_are_reported_together() -> None:
    track = FreshnessTrack(poll_s=10, started_s=0)
    track.hear(frame(0, 1, temp_c=5.0))
    track.hear(frame(1, 2, rh_pct=45.0))
    sample = track.due(1)
    assert sample is not None
    assert sample.values == {"temp_c": 5.0, "rh_pct": 45.0, "rssi_dbm": -60}


def test_a_fault_after_a_good_frame_is_what_is_reported() -> None:
    track = FreshnessTrack(poll_s=10, started_s=0)
    track.hear(frame(0, 1))
    bad = frame(1, 2)
    track.hear(replace(bad, decoded=DecodedFrame({"temp_c": 999}, Quality.RANGE, "temp_c 999", 2)))
    sample = track.due(1)
    assert sample is not None
    assert (sample.quality, sample.values, sample.detail) == (Quality.RANGE, {}, "temp_c 999")


def test_a_frame_that_fails_its_key_does_not_displace_a_good_one_nor_count_as_life() -> None:
    track = FreshnessTrack(poll_s=10, started_s=0)
    forged = replace(frame(1), decoded=DecodedFrame({}, Quality.CRC, "wrong key", authentic=False))
    track.hear(frame(0, 1))
    track.hear(forged)
    sample = track.due(1)
    assert sample is not None
    assert sample.quality is Quality.GOOD
    for n in range(2, 2000):
        track.hear(replace(forged, at_s=float(n)))
    assert track.change(2000) is not None
    sample = track.due(2000)
    assert sample is not None
    assert sample.quality is Quality.CRC


@pytest.mark.parametrize(
    ("bits", "last", "next_one", "taken"),
    [
        (8, 100, 101, True),
        (8, 100, 100, True),  # the same again: no replay, but nothing new either
        (8, 100, 99, False),
        (8, 100, 30, False),
        (8, 255, 0, True),
        (8, 10, 250, False),
        (16, 65_534, 3, True),
        (16, 500, 400, False),
        (32, 0x00112233, 0x00112234, True),
        (32, 0x00112233, 0x00112232, False),
        (32, 0x00112233, 5, False),
    ],
)
def test_older_frames_are_dropped_while_the_device_talks(bits: int, last: int, next_one: int, taken: bool) -> None:
    track = FreshnessTrack(poll_s=1, started_s=0)
    for n in range(5):
        track.hear(frame(2.0 * n, last - 4 + n, bits))
    assert track.hear(frame(9.0, next_one, bits)) is taken
    assert track.replays == (0 if taken else 1)


@pytest.mark.parametrize(("bits", "anew"), [(8, 3), (16, 3), (32, 99)])
def test_a_device_that_restarted_is_believed_once_its_old_numbers_are_silent(bits: int, anew: int) -> None:
    track = FreshnessTrack(poll_s=1, started_s=0)
    for n in range(5):
        track.hear(frame(2.0 * n, 200 + n, bits))
    assert track.hear(frame(8.0 + 7.0, anew, bits))
    assert track.hear(frame(8.0 + 9.0, anew + 1, bits))


def test_an_encrypted_counter_that_falls_far_is_never_believed() -> None:
    track = FreshnessTrack(poll_s=1, started_s=0)
    for n in range(5):
        track.hear(frame(2.0 * n, 1_000_000 + n, 32))
    assert not track.hear(frame(10_000.0, 999_999, 32))


def test_the_same_number_again_is_life_but_no_new_measurement() -> None:
    track = FreshnessTrack(poll_s=1, started_s=0)
    at_s = hears_every(track, 2.0, 6)
    assert track.due(at_s) is not None
    for n in range(1, 60):
        track.hear(frame(at_s + n, 6))
    sample = track.due(at_s + 60)
    assert sample is not None
    assert sample.quality is Quality.STALE
    assert track.change(at_s + 60) is None


def test_without_a_counter_an_unchanged_value_is_a_new_measurement() -> None:
    track = FreshnessTrack(poll_s=10, started_s=0)
    for n in range(50):
        track.hear(frame(2.0 * n))
        if sample := track.due(2.0 * n):
            assert sample.quality is Quality.GOOD
    assert track.learned_interval_s == 2.0


def test_silence_makes_stale_then_lost_once_then_back_once() -> None:
    track = FreshnessTrack(poll_s=5, started_s=0)
    at_s = hears_every(track, 5.0, 6)
    assert track.due(at_s) is not None
    assert track.due(at_s + STALE_GAPS * 5) is None
    sample = track.due(at_s + STALE_GAPS * 5 + 1)
    assert sample is not None
    assert (sample.quality, sample.stamp) == (Quality.STALE, None)
    assert track.change(at_s + LOST_GAPS * 5) is None
    assert track.change(at_s + LOST_GAPS * 5 + 1) == (FreshnessChange.LOST, LOST_GAPS * 5 + 1)
    assert track.change(at_s + 100) is None
    sample = track.due(at_s + 100)
    assert sample is not None
    assert sample.quality is Quality.TIMEOUT
    track.hear(frame(at_s + 200, 7))
    assert track.change(at_s + 200) == (FreshnessChange.BACK, 200)
    track.hear(frame(at_s + 201, 8))
    assert track.change(at_s + 201) is None
    assert track.learned_interval_s == 5.0, "the outage is no interval"


def test_a_device_that_was_never_heard_is_lost() -> None:
    track = FreshnessTrack(poll_s=5, started_s=100)
    assert track.change(100 + UNHEARD_S) is None
    assert track.change(101 + UNHEARD_S) == (FreshnessChange.LOST, UNHEARD_S + 1)
    assert track.due(101 + UNHEARD_S) is not None


def test_the_interval_is_learned_and_one_late_frame_does_not_change_it() -> None:
    track = FreshnessTrack(poll_s=5, started_s=0)
    assert track.interval_s == INTERVAL_UNKNOWN_S
    at_s = hears_every(track, 3.0, 10)
    track.hear(frame(at_s + 25, 11))
    assert track.interval_s == 3.0


def test_a_fast_device_is_not_stale_after_a_blink() -> None:
    track = FreshnessTrack(poll_s=1, started_s=0)
    at_s = hears_every(track, 0.1, 30)
    track.due(at_s)
    assert track.due(at_s + STALE_MIN_S) is None
