"""Days end where the goods are, also when the clocks change."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.stock.eligibility import Context, ReasonCode, Stock, reasons_not_to
from edge_agent.domain.stock.expiry import (
    Expiry,
    UnknownZoneError,
    earlier,
    end_of_day,
    exactly,
    expired_text,
    expiry_of,
    instant_of,
    last_day,
    life_left,
    zone_named,
)
from edge_agent.domain.wire.records import Action

AUCKLAND, LOS_ANGELES, HAVANA = map(zone_named, ("Pacific/Auckland", "America/Los_Angeles", "America/Havana"))
ZONES = st.sampled_from(
    ["UTC", "Pacific/Auckland", "America/Los_Angeles", "America/Havana", "Asia/Kathmandu", "Africa/Cairo",
     "America/Asuncion", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/Santiago"]
).map(zone_named)  # fmt: skip
DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def stock(day: date, zone_name: str) -> Stock:
    zone = zone_named(zone_name)
    return Stock("A", "house", 10, 0, end_of_day(day, zone), True, (), day, zone)


@pytest.mark.parametrize(
    ("zone", "last_usable", "first_over"),
    [
        ("Pacific/Auckland", "2027-02-28T10:59:59Z", "2027-02-28T11:00:00Z"),
        ("America/Los_Angeles", "2027-03-01T07:59:59Z", "2027-03-01T08:00:00Z"),
        ("UTC", "2027-02-28T23:59:59Z", "2027-03-01T00:00:00Z"),
    ],
)
def test_a_label_s_day_counts_to_its_end_where_the_goods_are(zone: str, last_usable: str, first_over: str) -> None:
    lot = stock(date(2027, 2, 28), zone)
    assert reasons_not_to(Action.DISPENSE, lot, Context(datetime.fromisoformat(last_usable), "house")) == ()
    (reason,) = reasons_not_to(Action.DISPENSE, lot, Context(datetime.fromisoformat(first_over), "house"))
    assert (reason.code, reason.text) == (ReasonCode.EXPIRED, "lot A expired on 2027-02-28")


def test_an_hour_on_a_label_is_that_of_the_wall_clock_there_and_the_first_of_two() -> None:
    assert instant_of(date(2026, 11, 1), time(1, 30), LOS_ANGELES) == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
    # 24:00 of 31 October comes an hour before the clocks in Havana show midnight again.
    assert end_of_day(date(2026, 10, 31), HAVANA) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    text = expired_text(Expiry(date(2026, 11, 1), time(14, 30)).at(LOS_ANGELES), LOS_ANGELES)
    assert text == "expired at 2026-11-01 14:30 (America/Los_Angeles)"


def test_minimum_life_counts_whole_days_across_the_change_of_the_clocks() -> None:
    """A day of 23 hours is a day: noon of 7 March to the end of 8 March is one and a half days in Los Angeles."""
    lot = stock(date(2026, 3, 8), "America/Los_Angeles")
    at = datetime(2026, 3, 8, 8, tzinfo=UTC)  # midnight there, and 23 hours before the end
    assert life_left(end_of_day(date(2026, 3, 8), LOS_ANGELES), at, LOS_ANGELES) == timedelta(days=1)
    assert reasons_not_to(Action.SHIP, lot, Context(at, "house", timedelta(days=1))) == ()
    (reason,) = reasons_not_to(Action.SHIP, lot, Context(at, "house", timedelta(days=2)))
    assert reason.text == "lot A has 1 days of shelf life left; 2 required"


def test_one_instant_has_one_day_however_its_offset_is_written() -> None:
    at = datetime(2027, 3, 1, 0, 0, tzinfo=timezone(timedelta(hours=13)))
    same = at.astimezone(timezone(timedelta(hours=-8)))
    assert exactly(at, AUCKLAND) == exactly(same, AUCKLAND)
    assert exactly(at, AUCKLAND).on == date(2027, 2, 28)  # over when 1 March begins
    assert exactly(at + timedelta(hours=9), AUCKLAND).hour == time(9)


@given(DAYS, ZONES)
def test_the_last_day_of_the_end_of_a_day_is_that_day(day: date, zone: timezone) -> None:
    end = end_of_day(day, zone)
    assert last_day(end, zone) == day
    assert end.astimezone(zone).date() == day + timedelta(days=1)
    assert (end - timedelta(seconds=1)).astimezone(zone).date() == day


@given(DAYS, DAYS, ZONES)
def test_of_two_expiries_the_earlier_counts(one: date, other: date, zone: timezone) -> None:
    assert earlier(Expiry(one), Expiry(other), zone) == Expiry(min(one, other))
    assert earlier(None, Expiry(one), zone) == Expiry(one) == earlier(Expiry(one), None, zone)
    assert earlier(Expiry(one), Expiry(one, time(12)), zone) == Expiry(one, time(12))


@pytest.mark.parametrize("name", ["", "EST", "Mars/Olympus", "../etc/passwd", "Europe", "posix/UTC", "europe/berlin\n"])
def test_what_is_no_iana_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="IANA"):
        zone_named(name)


def test_an_expiry_is_what_names_it() -> None:
    day, hour, instant = date(2027, 3, 1), time(14, 30), datetime(2027, 3, 1, 14, 30, tzinfo=UTC)
    assert expiry_of(None) is None
    assert expiry_of(day) == Expiry(day)
    assert expiry_of(day, hour) == Expiry(day, hour)
    assert expiry_of(day, None, instant) == Expiry(day, exactly=instant)
