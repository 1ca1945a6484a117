"""Stays become bars that a person can see, whatever the span is."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_sync.console.timeline import NARROWEST, WIDTH, bars_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def stay(began_days: float | None, ended_days: float | None, **more: Any) -> dict[str, Any]:
    def at(days: float | None) -> datetime | None:
        return None if days is None else NOW - timedelta(days=days)

    return {
        "place": "a",
        "began_at": at(began_days),
        "ended_at": at(ended_days),
        "outside_s": 0.0,
        "unmeasured_s": 0.0,
        "outside": (),
        "gaps": (),
    } | more


def test_bars_lie_on_one_axis_and_the_shortest_is_still_seen() -> None:
    first, short, last = bars_of([stay(10, 5), stay(5, 4.9999, outside_s=60.0), stay(4.9999, None)], NOW)
    assert (first.x, round(first.width)) == (0.0, 500)
    assert (round(short.x), short.width, short.state) == (500, NARROWEST, "outside")
    assert round(last.x + last.width) == WIDTH and last.ended_at is None


def test_a_stay_of_an_unknown_beginning_is_drawn_from_the_first_known_one() -> None:
    unknown, known = bars_of([stay(None, 5), stay(10, None, unmeasured_s=5.0)], NOW)
    assert (unknown.x, round(unknown.width), known.state) == (0.0, 500, "unmeasured")
    assert bars_of([stay(None, None)], NOW) == []


def test_only_the_time_outside_is_drawn_as_outside() -> None:
    """Two hours of a stay of ten days, not all ten of them; and what was not measured is drawn where it was not."""
    began = NOW - timedelta(days=4)
    outside = {"began_at": began, "ended_at": began + timedelta(hours=2)}
    gap = {"began_at": NOW - timedelta(days=2), "ended_at": NOW - timedelta(days=1)}
    (bar,) = bars_of([stay(10, None, outside_s=7200.0, outside=(outside,), unmeasured_s=86400.0, gaps=(gap,))], NOW)
    whole, unmeasured, red = bar.parts
    assert (whole.state, whole.x, whole.width) == ("inside", 0.0, WIDTH)
    assert (unmeasured.state, round(unmeasured.x), round(unmeasured.width)) == ("unmeasured", 800, 100)
    assert (red.state, round(red.x), round(red.width, 1)) == ("outside", 600, round(WIDTH * 2 / 240, 1))
    assert bar.state == "outside"
