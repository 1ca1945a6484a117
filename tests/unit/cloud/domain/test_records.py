"""What a ledger can keep: bounds of quantities, numbers and times, each on both of its sides."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from cloud_sync.domain.records import CLOCK_OFFSET_MS_MAX, COUNTER_MAX, INTEGER_MAX, QUANTITY_MAX, fault_in
from edge_agent.domain.wire.records import Notice, NoticeKind
from tests.support.journal_parts import reading, scan, stamp_of


def scan_of(**changes: object) -> str | None:
    """What is wrong with a scan whose line is changed so."""
    transaction = scan(1)
    return fault_in(replace(transaction, lines=(replace(transaction.lines[0], **changes),)))  # type: ignore[arg-type]


@pytest.mark.parametrize("quantity", [1, QUANTITY_MAX])
def test_a_quantity_within_its_bounds_can_be_kept(quantity: int) -> None:
    assert scan_of(quantity=quantity) is None


@pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1])
def test_a_quantity_beyond_its_bounds_is_named(quantity: int) -> None:
    assert f"quantity {quantity} of" in str(scan_of(quantity=quantity))


@pytest.mark.parametrize(("year", "is_sensible"), [(1899, False), (1900, True), (2199, True), (2200, False)])
def test_an_expiry_is_a_date_of_our_time(year: int, is_sensible: bool) -> None:
    assert (scan_of(expires_on=date(year, 6, 1)) is None) is is_sensible


def clock(**data: int | str) -> str | None:
    return fault_in(Notice(stamp_of(1), NoticeKind.CLOCK, "clock", "synchronised", dict(data)))


def test_a_clock_is_off_by_no_more_than_two_times_of_ours() -> None:
    for sign in (1, -1):
        assert clock(offset_ms=sign * CLOCK_OFFSET_MS_MAX) is None
        assert "more than a clock can be off by" in str(clock(offset_ms=sign * (CLOCK_OFFSET_MS_MAX + 1)))


def test_what_is_no_number_of_a_clock_is_not_compared_with_one() -> None:
    assert clock(offset_ms="unknown") is None


def test_another_notice_may_count_further_than_a_clock() -> None:
    data = {"offset_ms": CLOCK_OFFSET_MS_MAX + 1}
    assert fault_in(Notice(stamp_of(1), NoticeKind.GAP, "readings", "thinned", data)) is None
    too_large = {"count": INTEGER_MAX + 1}
    assert "count is larger than" in str(
        fault_in(Notice(stamp_of(1), NoticeKind.GAP, "readings", "thinned", too_large))
    )


@pytest.mark.parametrize(("mono_ms", "is_time"), [(COUNTER_MAX, True), (COUNTER_MAX + 1, False), (-COUNTER_MAX, True)])
def test_a_monotonic_time_is_a_number_that_json_says_exactly(mono_ms: int, is_time: bool) -> None:
    record = reading(1)
    assert (fault_in(replace(record, stamp=replace(record.stamp, mono_ms=mono_ms))) is None) is is_time


@pytest.mark.parametrize(
    ("at", "is_time"),
    [
        (datetime(1999, 12, 31, 23, 59, tzinfo=UTC), False), (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(2200, 1, 1, tzinfo=UTC), False), (datetime(2027, 1, 1), False),  # noqa: DTZ001 - has no zone
    ],
)  # fmt: skip
def test_a_time_is_of_our_centuries_and_has_a_zone(at: datetime, is_time: bool) -> None:
    record = reading(1)
    assert (fault_in(replace(record, stamp=replace(record.stamp, at=at))) is None) is is_time
