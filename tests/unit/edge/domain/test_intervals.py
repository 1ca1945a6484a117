"""Intervals end before their end: what touches does not overlap, and what ends is not in it any more."""

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.domain.intervals import ALWAYS, Interval, components

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURS = [NOON + timedelta(hours=hour) for hour in range(4)]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Interval(HOURS[0], HOURS[1]), Interval(HOURS[1], HOURS[2]), False),
        (Interval(HOURS[0], HOURS[2]), Interval(HOURS[1], HOURS[3]), True),
        (Interval(HOURS[0], HOURS[3]), Interval(HOURS[1], HOURS[2]), True),
        (Interval(None, HOURS[1]), Interval(HOURS[1]), False),
        (Interval(HOURS[2]), Interval(HOURS[0]), True),
        (ALWAYS, Interval(HOURS[0], HOURS[1]), True),
    ],
)
def test_to_touch_is_not_to_overlap(one: Interval, other: Interval, overlap: bool) -> None:
    assert one.overlaps(other) is other.overlaps(one) is overlap


def test_an_interval_holds_its_beginning_and_not_its_end() -> None:
    hour = Interval(HOURS[1], HOURS[2])
    held = [at for at in (HOURS[0], HOURS[1], HOURS[1] + timedelta(minutes=59), HOURS[2], HOURS[3]) if at in hour]
    assert held == [HOURS[1], HOURS[1] + timedelta(minutes=59)]
    assert HOURS[3] in Interval(HOURS[1]) and HOURS[0] in Interval(None, HOURS[1])


def test_intervals_that_touch_stay_apart_and_those_that_overlap_become_one() -> None:
    found = components([Interval(HOURS[1], HOURS[2]), Interval(HOURS[0], HOURS[1]), Interval(HOURS[1], HOURS[3])])
    assert found == [Interval(HOURS[0], HOURS[1]), Interval(HOURS[1], HOURS[3])]
    assert components([]) == []


def test_an_interval_covers_what_lies_in_it_whole() -> None:
    long = Interval(HOURS[0], HOURS[2])
    assert long.covers(Interval(HOURS[0], HOURS[2])) and long.covers(Interval(HOURS[1], HOURS[2]))
    assert not long.covers(Interval(HOURS[1], HOURS[3])) and not long.covers(Interval(None, HOURS[1]))
    assert not long.covers(ALWAYS) and ALWAYS.covers(long)
