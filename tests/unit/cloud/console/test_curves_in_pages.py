"""Curves that come with a page: as columns, in a script element that is data and that nothing in it can end."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cloud_sync.console.curves import columns, longer, span_of, within_page

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(at: datetime, *values: float) -> dict[str, object]:
    return dict(zip(("at", "lowest", "mean", "highest"), (at, *values), strict=True))


def test_points_are_columns_with_steps_of_time_and_as_many_digits_as_are_seen() -> None:
    told = columns([row(AT, 4.0, 4.512345, 6), row(AT + timedelta(hours=8), 3.25, 5.0, 5.0)], 4)
    assert told == {
        "per_s": 1, "at": [round(AT.timestamp()), 28800],
        "lowest": [4, 3.25], "mean": [4.5123, 5], "highest": [6, 5],
    }  # fmt: skip
    assert json.dumps(told["mean"]) == "[4.5123, 5]", "a whole number has no point"


def test_single_readings_have_one_value_and_times_to_the_millisecond() -> None:
    at = [AT + timedelta(seconds=n, microseconds=1499 * n) for n in range(3)]
    told = columns([row(each, 5.5, 5.5, 5.5) for each in at], 4)
    assert (told["lowest"], told["mean"], told["highest"], told["per_s"]) == (None, [5.5] * 3, None, 1000)
    assert told["at"] == [round(AT.timestamp() * 1000), 1001, 1002], "rounded each for itself: nothing adds up"


def test_nothing_measured_is_no_points() -> None:
    assert columns([], 4) == {"per_s": 1, "at": [], "lowest": None, "mean": [], "highest": None}


def test_a_long_time_is_a_table_of_few_rows_that_leave_nothing_out() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    span = span_of(first, first + timedelta(days=365))
    rows = [
        {**row(first + n * span, n % 7 - 9, n % 7, n % 7 + 9), "readings": 1 + n % 3}
        for n in range(timedelta(days=365) // span)
    ]
    assert (span, len(rows)) == (timedelta(hours=8), 1095)
    told = longer(rows, span, 6)
    assert len(told) == 183 and {after["at"] - before["at"] for before, after in pairwise(told)} == {6 * span}
    assert sum(each["readings"] for each in told) == sum(each["readings"] for each in rows)
    assert (min(each["lowest"] for each in told), max(each["highest"] for each in told)) == (-9, 15)
    assert [each["mean"] for each in told][1] == pytest.approx(
        sum(each["mean"] * each["readings"] for each in rows if told[1]["at"] <= each["at"] < told[2]["at"])
        / told[1]["readings"]
    )
    assert longer(rows, span, 1) == rows


def test_nothing_in_the_data_ends_the_element() -> None:
    series = {"channels": [{"device": "</script><!-- <script>alert(1)"}]}
    text = within_page(series)
    begins, ends = '<script type="application/json">', "</script>"
    assert text.startswith(begins) and text.endswith(ends)
    inside = text.removeprefix(begins).removesuffix(ends)
    assert "<" not in inside and json.loads(inside) == series
