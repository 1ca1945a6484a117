"""Schedules of subscriptions: every field narrows, and the next moment is the first one that fits all."""

from datetime import UTC, datetime

import pytest

from cloud_sync.interop.epcis.schedule import ScheduleFaultError, read_schedule

AT = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("said", "next_at"),
    [
        ({}, "2026-06-01T12:00:01"),
        ({"second": "0"}, "2026-06-01T12:01:00"),
        ({"second": "0", "minute": "0", "hour": "[9-12],18"}, "2026-06-01T18:00:00"),
        ({"second": "30", "minute": "0", "hour": "12"}, "2026-06-01T12:00:30"),
        ({"second": "0", "minute": "0", "hour": "0", "dayOfWeek": "1"}, "2026-06-08T00:00:00"),
        ({"second": "0", "minute": "0", "hour": "0", "dayOfMonth": "31"}, "2026-07-31T00:00:00"),
        ({"second": "0", "minute": "0", "hour": "0", "dayOfMonth": "29", "month": "2"}, "2028-02-29T00:00:00"),
    ],
)
def test_the_next_moment_fits_every_field(said: dict[str, str], next_at: str) -> None:
    assert read_schedule(said).after(AT) == datetime.fromisoformat(next_at).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "said", [{"hour": "24"}, {"minute": "[30-10]"}, {"second": "x"}, {"year": "1"}, {"month": "0"}]
)
def test_what_is_no_schedule_says_why(said: dict[str, str]) -> None:
    with pytest.raises(ScheduleFaultError, match=next(iter(said))):
        read_schedule(said)


def test_a_day_that_never_comes_is_said_to_be_none() -> None:
    with pytest.raises(ScheduleFaultError, match="no such day"):
        read_schedule({"dayOfMonth": "30", "month": "2"}).after(AT)
