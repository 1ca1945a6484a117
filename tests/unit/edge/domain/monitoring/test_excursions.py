"""When a channel breaks a rule: crossing, delay, hysteresis, and the value on the limit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.monitoring.excursions import NORMAL, Change, ExcursionChange, Rule, Side, Track, evaluate

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WARM = Rule("warm", "temp_c", Side.ABOVE, 8.0, on_limit_is_outside=False, delay_s=600, hysteresis=0.5)
FREEZE = Rule("freeze", "temp_c", Side.BELOW, -0.5, on_limit_is_outside=True, delay_s=0)


def minute(n: float) -> datetime:
    return START + timedelta(minutes=n)


def run(rule: Rule, *points: tuple[float, float]) -> tuple[Track, list[ExcursionChange]]:
    track, changes = NORMAL, []
    for at, value in points:
        track, new = evaluate(track, minute(at), value, rule)
        changes += new
    return track, changes


def test_an_excursion_reaches_from_the_crossing_not_from_the_end_of_the_delay() -> None:
    _, changes = run(WARM, (0, 5), (1, 9), (6, 11), (11, 10), (12, 5))
    assert changes == [
        ExcursionChange(Change.OPENED, minute(1), None, 11),
        ExcursionChange(Change.CLOSED, minute(1), minute(12), 11),
    ]


def test_a_return_within_the_delay_is_no_excursion() -> None:
    assert run(WARM, (0, 5), (1, 9), (10, 9), (10.5, 5)) == (NORMAL, [])


def test_the_delay_is_reached_when_it_is_exactly_over() -> None:
    _, changes = run(WARM, (1, 9), (11, 9))
    assert [change.began_at for change in changes] == [minute(1)]


def test_within_the_hysteresis_the_excursion_goes_on() -> None:
    track, changes = run(WARM, (0, 9), (10, 9), (11, 7.6))
    assert track.opened
    _, end = evaluate(track, minute(12), 7.5, WARM)
    assert [change.change for change in changes] == [Change.OPENED]
    assert end == (ExcursionChange(Change.CLOSED, minute(0), minute(12), 9),)


@pytest.mark.parametrize(("rule", "outside"), [(WARM, False), (FREEZE, True)])
def test_a_value_on_the_limit_counts_as_the_rule_says(rule: Rule, outside: bool) -> None:
    assert rule.is_outside(rule.limit) is outside


def test_without_a_delay_the_first_value_opens_it() -> None:
    _, changes = run(FREEZE, (0, 2), (1, -0.5), (2, -3), (3, 2))
    assert changes == [
        ExcursionChange(Change.OPENED, minute(1), None, -0.5),
        ExcursionChange(Change.CLOSED, minute(1), minute(3), -3),
    ]


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([4.0, 7.5, 7.6, 8.0, 8.1, 12.0])), max_size=40))
def test_excursions_never_overlap_and_hold_the_worst_value(steps: list[tuple[int, float]]) -> None:
    at, points = 0, []
    for gap, value in steps:
        at += gap
        points.append((float(at), value))
    track, changes = run(WARM, *points)
    opened = [change for change in changes if change.change is Change.OPENED]
    closed = [change for change in changes if change.change is Change.CLOSED]
    assert len(opened) - len(closed) == int(track.opened)
    for change in closed:
        assert change.ended_at is not None
        inside = [value for at, value in points if change.began_at <= minute(at) < change.ended_at]
        assert change.worst == max(inside)
        assert change.ended_at - change.began_at > timedelta(0)
    for earlier, later in zip(closed, opened[1:], strict=False):
        assert earlier.ended_at is not None
        assert earlier.ended_at <= later.began_at
