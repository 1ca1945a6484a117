"""Quantities of a recall, shares of a product, and the sums of a passport."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.passport import (
    INTERVAL_S_MIN,
    INTERVALS_MISSED,
    OUTSIDE_MAX,
    allowance_left_s,
    measure,
    stands_s,
    total_mkt_c,
)
from cloud_sync.domain.recall import RecallFlow, reconcile
from cloud_sync.domain.trace import BatchFlow, shares_of
from edge_agent.domain.monitoring.excursions import Rule, Side

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KINDS = ["supplier", "room", "bin", "customer", "ward", "production", "scrap", "count_difference"]
WARM = Rule("warm", "temp_c", Side.ABOVE, 8.0, on_limit_is_outside=False, delay_s=0)


KIND = st.sampled_from(KINDS)


@given(st.lists(st.builds(RecallFlow, KIND, KIND, st.integers(1, 50), st.booleans()), max_size=30))
def test_whatever_happened_what_was_received_is_the_sum_of_the_rest(flows: list[RecallFlow]) -> None:
    flows = [flow for flow in flows if flow.from_kind != flow.to_kind]
    told = reconcile(flows)
    parts = told.on_hand + told.with_recipients + told.returned + told.destroyed + told.consumed
    assert told.received == parts + told.count_differences + told.difference


def test_what_approved_counts_took_away_is_accounted_for_on_its_own_line() -> None:
    told = reconcile([RecallFlow("supplier", "room", 200), RecallFlow("room", "count_difference", 3, is_approved=True)])
    assert (told.count_differences, told.difference, told.accounted_pct, told.is_complete) == (3, 0, 100.0, True)


def test_what_was_called_missed_without_an_approved_count_is_the_difference() -> None:
    told = reconcile([RecallFlow("supplier", "room", 200), RecallFlow("room", "count_difference", 3)])
    assert (told.count_differences, told.difference, told.accounted_pct, told.is_complete) == (0, 3, 98.5, False)


@pytest.mark.parametrize("counted_first", [True, False])
def test_what_was_called_missed_and_is_found_again_is_missed_no_longer(counted_first: bool) -> None:
    told = reconcile(
        [
            RecallFlow("supplier", "room", 10),
            RecallFlow("room", "count_difference", 2, is_approved=counted_first),
            RecallFlow("count_difference", "room", 2, is_approved=not counted_first),
        ]
    )
    assert (told.on_hand, told.count_differences, told.difference, told.is_complete) == (10, 0, 0, True)


def test_what_was_made_counts_as_received() -> None:
    told = reconcile([RecallFlow("production", "room", 5), RecallFlow("room", "customer", 5)])
    assert (told.received, told.with_recipients, told.is_complete) == (5, 5, True)


def test_more_given_out_than_came_is_not_complete() -> None:
    assert not reconcile([RecallFlow("supplier", "room", 5), RecallFlow("room", "customer", 6)]).is_complete


BATCH, NEXT = 1, 2


def put_in(lot: int, batch: int, quantity: int) -> BatchFlow:
    return BatchFlow(lot, batch, quantity, is_put_in=True)


def made(lot: int, batch: int, quantity: int) -> BatchFlow:
    return BatchFlow(lot, batch, quantity, is_put_in=False)


def test_an_ingredient_is_spread_over_what_was_made_and_on_through_the_next_batch() -> None:
    flows = [put_in(1, BATCH, 6), put_in(2, BATCH, 2), made(3, BATCH, 12), put_in(3, NEXT, 4), made(4, NEXT, 8)]
    share = shares_of(flows, [1])
    assert (share[1], share[3], share[4]) == (1.0, 0.5, 0.25)


def test_a_batch_that_eats_its_own_product_comes_to_an_end() -> None:
    assert shares_of([put_in(1, BATCH, 6), made(3, BATCH, 12), put_in(3, BATCH, 12)], [1])[3] > 0


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def test_a_value_stands_until_the_next_and_no_longer_than_a_gap_begins() -> None:
    told = measure([(at(-2), 9.0), (at(1), 5.0), (at(30), 7.0)], at(0), at(40), [WARM], gap_s=300, is_temperature=True)
    assert (told.outside_s, told.beyond_any_s) == ({"warm": 60.0}, 60.0)
    assert [(gap.began_at, gap.ended_at) for gap in told.gaps] == [(at(6), at(30)), (at(35), at(40))]
    assert (told.measured_s, told.gap_s) == (660.0, 1740.0)
    assert (told.lowest, told.highest) == (5.0, 9.0)


def test_times_outside_are_told_one_by_one_and_the_last_of_very_many_together() -> None:
    values = [(at(n), 9.0 if n % 3 else 5.0) for n in range(10)]
    told = measure(values, at(0), at(10), [WARM], gap_s=300, is_temperature=True)
    assert [(each.began_at, each.ended_at) for each in told.outside] == [
        (at(1), at(3)), (at(4), at(6)), (at(7), at(9))
    ]  # fmt: skip
    many = [(at(n), 9.0 if n % 2 else 5.0) for n in range(2 * OUTSIDE_MAX + 4)]
    told = measure(many, at(0), at(len(many)), [WARM], gap_s=300, is_temperature=True)
    assert len(told.outside) == OUTSIDE_MAX and told.outside[-1].ended_at == at(len(many))
    assert told.beyond_any_s == (OUTSIDE_MAX + 2) * 60


def test_a_stay_that_nobody_measured_is_one_gap() -> None:
    told = measure([], at(0), at(10), [WARM], gap_s=300, is_temperature=True)
    assert (told.lowest, told.mkt_c, told.gap_s, len(told.gaps)) == (None, None, 600.0, 1)


def test_humidity_has_no_kinetic_temperature() -> None:
    assert measure([(at(0), 40.0)], at(0), at(1), [], gap_s=300, is_temperature=False).mkt_c is None


def test_kinetic_temperatures_of_stays_are_weighted_by_time() -> None:
    assert total_mkt_c([(5.0, 18.0), (14.0, 6.0)]) == pytest.approx(8.2852, abs=5e-5)
    assert total_mkt_c([]) is None


@pytest.mark.parametrize(("allowance", "left"), [(None, None), (100.0, 40.0), (50.0, 0.0)])
def test_an_allowance_is_used_up_by_time_outside(allowance: float | None, left: float | None) -> None:
    assert allowance_left_s(allowance, [20.0, 40.0]) == left


def minutes(*numbers: int) -> list[datetime]:
    return [START + timedelta(minutes=number) for number in numbers]


def test_how_long_a_value_stands_is_known_from_the_third_on() -> None:
    assert stands_s(minutes(0, 1), 3600.0) == 3600.0
    assert stands_s(minutes(0, 1, 2), 3600.0) == max(60.0, INTERVAL_S_MIN) * INTERVALS_MISSED
    assert stands_s(minutes(0, 1, 2), 90.0) == 90.0, "never longer than the policy allows"


def test_what_was_measured_before_or_after_a_stay_is_none_of_it() -> None:
    began, ended = minutes(10, 20)
    readings = list(zip(minutes(0, 10, 15, 20, 30), [40.0, 5.0, 6.0, 40.0, 40.0], strict=True))
    stay = measure(readings, began, ended, [WARM], gap_s=300.0, is_temperature=True)
    assert (stay.lowest, stay.highest, stay.outside_s["warm"]) == (5.0, 6.0, 0.0)
    assert (stay.measured_s, stay.gaps) == (600.0, ())
