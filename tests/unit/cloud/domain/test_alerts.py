"""Rotas, quiet hours, bundling and back-off, as pure rules."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.alerts import (
    DIGEST_EVERY,
    KINDS,
    MESSAGES_AT_ONCE,
    RETRY_MAX,
    SOON,
    AlertKind,
    Cover,
    QuietHours,
    Rota,
    Severity,
    due_at,
    on_call,
    retry_after,
    takes,
)

BERLIN = "Europe/Berlin"
WEEK = Rota(("amy", "bo", "cy"), date(2026, 3, 23), time(8), 7, BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-03-23T06:59:59Z", "cy"),
        ("2026-03-23T07:00:00Z", "amy"),
        ("2026-03-30T05:59:59Z", "amy"),
        ("2026-03-30T06:00:00Z", "bo"),  # summer time began on the 29th: 8 o'clock is 06:00 UTC
        ("2026-03-16T12:00:00Z", "cy"),
    ],
)
def test_the_turn_changes_by_the_clock_on_the_wall(when: str, who: str) -> None:
    assert on_call(WEEK, (), at(when)) == who


def test_who_stands_in_last_counts() -> None:
    covers = [
        Cover("bo", at("2026-03-24T00:00:00Z"), at("2026-03-26T00:00:00Z")),
        Cover("cy", at("2026-03-25T00:00:00Z"), at("2026-03-25T12:00:00Z")),
    ]
    assert [on_call(WEEK, covers, at(f"2026-03-{day}T06:00:00Z")) for day in ("24", "25", "26")] == ["bo", "cy", "amy"]


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)), st.times(), st.times())  # noqa: DTZ001
def test_quiet_hours_end_after_they_last_within_a_day(naive: datetime, begins: time, ends: time) -> None:
    now = naive.replace(tzinfo=UTC)
    hours = QuietHours(begins, ends, BERLIN)
    end = hours.end_after(now)
    if end is not None:
        assert now < end <= now + timedelta(hours=25)
        assert begins == ends or QuietHours(ends, begins, BERLIN).end_after(now) is None


def test_the_first_few_messages_go_at_once_and_then_one_list_a_minute() -> None:
    now = at("2026-03-24T12:00:00Z")
    few = [now - timedelta(seconds=each) for each in range(MESSAGES_AT_ONCE - 1)]
    assert due_at(now, gathers_for=SOON, recent=few) == now + SOON
    many = [*few, now - timedelta(seconds=30)]
    assert due_at(now, gathers_for=SOON, recent=many) == now + DIGEST_EVERY
    old = [each - DIGEST_EVERY for each in many]
    assert due_at(now, gathers_for=SOON, recent=old) == now + SOON


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_target_is_tried_again_for_ever_and_never_at_once(failures: int, spread: float) -> None:
    wait = retry_after(failures, spread)
    assert timedelta(seconds=4) <= wait <= RETRY_MAX * 1.2


def test_every_kind_has_a_rule_and_what_is_of_no_site_goes_to_every_site() -> None:
    assert KINDS.keys() == set(AlertKind)
    asked = {"kind": AlertKind.RECALL_OPENED, "severity": Severity.ACTION}
    assert takes(kinds=(), severity_min=Severity.ALERT, site_id=3, sites=(), **asked)
    assert not takes(kinds=(), severity_min=Severity.ALERT, site_id=3, sites=(4,), **asked)
    assert not takes(kinds=("no_data",), severity_min=Severity.INFO, site_id=None, sites=(), **asked)
    assert not takes(
        kinds=(), severity_min=Severity.ACTION, site_id=None, sites=(), kind=AlertKind.NO_DATA, severity=Severity.INFO
    )
