"""Forecasts, plans, shares and transfers by themselves, without a ledger."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from math import ceil
from random import Random

import pytest

from cloud_sync.planning.anomalies import (
    CountedPosition,
    PersonUse,
    SensorPair,
    differing_counts,
    drifting_sensors,
    unusual_use,
)
from cloud_sync.planning.demand import Use, is_demand, weeks_of
from cloud_sync.planning.distribution import Demand
from cloud_sync.planning.forecast import Forecast, Method, forecast
from cloud_sync.planning.kpi import BY_NAME, KPIS, exception_scores
from cloud_sync.planning.lead_time import Delivery, LeadTime, lead_times
from cloud_sync.planning.plan import HeldStock, PlanInput, StockLot, Terms, plan, reasons
from cloud_sync.planning.release_chance import Decided, chance_of, chances
from cloud_sync.planning.shortage import Claim, shares
from cloud_sync.planning.transfers import SPAN_DAYS, Surplus, Want, advise

LEAD = LeadTime(7.0, 2.0, 1.0, 10)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def steady(units: int, weeks: int = 60) -> PlanInput:
    return PlanInput((units,) * weeks, (False,) * weeks, LEAD, Terms())


@pytest.mark.parametrize(
    ("action", "source", "target", "counts"),
    [
        ("dispense", "room", "ward", True), ("ship", "bin", "customer", True), ("ship", "room", "transit", False),
        ("return", "ward", "room", False), ("count", "room", "count_difference", False),
        ("destroy", "room", "scrap", False), ("move", "room", "bin", False), ("consume", "room", "production", False),
    ],
)  # fmt: skip
def test_only_what_recipients_got_is_demand(action: str, source: str, target: str, counts: bool) -> None:
    assert is_demand(action, source, target) is counts


def test_weeks_end_with_the_last_day_and_say_where_stock_was_out() -> None:
    last = date(2026, 5, 31)
    uses = [Use(last - timedelta(days=13), (0, 1), (1, 3)), Use(last - timedelta(days=6), (0,), (4,))]
    weeks = weeks_of(uses, [last - timedelta(days=8)], last)
    assert (weeks.used, weeks.censored) == ((3, 5), (True, False))


def test_what_is_no_longer_used_is_forecast_less_and_less() -> None:
    dying = tuple(max(0, 30 - week) for week in range(60))
    found = forecast(dying, (False,) * 60, 2)
    assert found.weekly < 0.5 < sum(dying) / 60


def test_a_wave_of_a_year_is_forecast_from_the_year_before() -> None:
    chance = Random(1)
    used = tuple(40 if 20 <= week % 52 < 26 else chance.randrange(2) for week in range(124))
    found = forecast(used, (False,) * 124, 2)
    assert found.method is Method.SEASONAL and found.weekly == 40


def test_weeks_in_which_stock_was_out_do_not_lower_a_forecast() -> None:
    used, censored = (10,) * 30 + (0,) * 10, (False,) * 30 + (True,) * 10
    assert forecast(used, censored, 1).weekly == pytest.approx(10, rel=0.05)
    assert forecast(used, (False,) * 40, 1).weekly < 5


def test_one_use_long_ago_is_not_forecast_for_ever() -> None:
    used = (5,) + (0,) * 51
    assert forecast(used, (False,) * 52, 1).weekly <= 5 / 52 * 1.5


def test_what_is_used_every_fourth_week_is_used_in_the_weeks_between() -> None:
    assert forecast((0, 0, 0, 8) * 20, (False,) * 80, 1).weekly == pytest.approx(2, rel=0.2)


def test_half_a_year_without_a_rare_use_is_no_sign_that_it_is_over() -> None:
    used = (0, 0, 0, 0, 0, 2, 0, 0, 0, 0) * 6 + (0,) * 26
    found = forecast(used, (False,) * 86, 1)
    assert found.method is Method.MEAN and found.weekly == pytest.approx(12 / 81)


@pytest.mark.parametrize(
    ("mean", "variance"), [(0.3, 0.3), (4.0, 30.0), (40.0, 45.0), (300.0, 90_000.0), (500.0, 600.0)]
)
def test_what_is_missing_on_average_is_what_was_allowed(mean: float, variance: float) -> None:
    demand = Demand(mean, variance)
    enough = demand.enough_for(0.1)
    assert demand.shortage(enough) <= 0.1 + 1e-6
    assert demand.shortage(enough - ceil(mean / 60) - 1) > 0.1
    assert demand.quantile(0.5) <= mean * 1.05 + 1 <= demand.quantile(0.95) * 1.05 + 1


def test_an_order_is_in_whole_packs_and_counts_what_comes_and_what_may_be_released() -> None:
    said = steady(14)
    terms = Terms(pack_size=10, order_min=20)
    short = PlanInput(said.used, said.censored, LEAD, terms, (StockLot(3, 300),))
    made = plan(short)
    assert made.order_quantity % 10 == 0 and made.order_quantity >= 20
    assert made.reorder_point > 14
    coming = PlanInput(said.used, said.censored, LEAD, terms, (StockLot(3, 300),), (), 60)
    assert plan(coming).order_quantity == 0
    held = PlanInput(said.used, said.censored, LEAD, terms, (StockLot(3, 300),), (HeldStock(60, 0.5),))
    assert plan(held).position == 33
    told = {reason.what: reason.value for reason in reasons(held, plan(held))}
    assert told["position"] == 33 and told["held stock, counted"] == 30


def test_nothing_is_ordered_that_would_expire_first() -> None:
    said = steady(1)
    rare = PlanInput(said.used, said.censored, LEAD, Terms(pack_size=50, shelf_life_days=30))
    made = plan(rare)
    assert made.order_quantity == 0 and any("would not be used before it expires" in note for note in made.notes)
    assert made.par_level <= 4
    doomed = PlanInput(said.used, said.censored, LEAD, Terms(), (StockLot(100, 6),))
    assert plan(doomed).left_unused == 99 and plan(doomed).position == 1


def test_of_cheap_goods_more_may_expire_where_it_is_said_what_it_is_worth_not_to_run_out() -> None:
    used = (0, 0, 1, 0, 0, 0, 2, 0) * 10

    def par(unit_value: float, worth: float | None) -> int:
        terms = Terms(0.7, shelf_life_days=60, unit_value=unit_value, worth=worth)
        return plan(PlanInput(used, (False,) * 80, LEAD, terms)).par_level

    assert par(1.0, 4000) > par(400.0, 4000) > 0


def test_the_room_bounds_the_par_level() -> None:
    said = steady(70)
    made = plan(PlanInput(said.used, said.censored, LEAD, Terms(room_max=90)))
    assert made.par_level == 90 and made.order_quantity <= 90


def test_an_order_is_the_packs_that_come_closest_to_the_par_level() -> None:
    """One more pack for the last few units would lie for weeks."""
    said = steady(14)
    whole = plan(PlanInput(said.used, said.censored, LEAD, Terms(), (StockLot(20, 300),)))
    lots = (StockLot(whole.reorder_point, 300),)
    missing = whole.par_level - whole.reorder_point
    packed = plan(PlanInput(said.used, said.censored, LEAD, Terms(pack_size=missing - 2), lots))
    assert packed.order_quantity == missing - 2
    coarse = plan(PlanInput(said.used, said.censored, LEAD, Terms(pack_size=3), ()))
    assert coarse.order_quantity > coarse.reorder_point


def test_what_is_asked_for_in_lots_is_reordered_earlier_than_what_is_asked_for_singly() -> None:
    """Four sixths of the weeks have a use, so no week is one demand; the mean and the forecast's error are alike."""
    known = Forecast(Method.MEAN, 20.0, 400.0, 1, 60, 40)
    lumpy = PlanInput((0, 30, 10, 60, 0, 20) * 10, (False,) * 60, LEAD, Terms())
    even, uneven = plan(steady(20), known=known), plan(lumpy, known=known)
    assert uneven.reorder_point > even.reorder_point + 10


def test_suppliers_are_known_by_their_own_orders_and_few_of_them_by_all() -> None:
    known = lead_times([Delivery("a", 10, 100, 90)] * 20 + [Delivery("b", 2, 10, 10)])
    assert known["a"].days == pytest.approx(10, abs=0.3) and known["a"].fill_rate == pytest.approx(0.9, abs=0.02)
    assert 2 < known["b"].days < 10 and not known[""].is_measured


def test_recalled_stock_is_not_counted_on() -> None:
    known = chances([Decided("exposure", 8, 0), Decided("recall", 5, 0)])
    assert chance_of(["exposure"], known) == 0.9
    assert chance_of(["exposure", "recall"], known) == 0


def test_shares_go_by_priority_and_then_by_days_of_cover() -> None:
    claims = [Claim("icu", 1, 2, 0, 10), Claim("a", 3, 1, 0, 20), Claim("b", 3, 3, 9, 60)]
    found = {each.name: each for each in shares(30, claims)}
    assert (found["icu"].share, found["a"].share + found["b"].share) == (10, 20)
    assert found["a"].cover_days == pytest.approx(found["b"].cover_days, abs=1.0)
    assert [each.share for each in shares(0, claims)] == [0, 0, 0]
    assert [each.share for each in shares(1000, claims)] == [10, 20, 60]


@pytest.mark.parametrize("seed", range(12))
def test_transfers_are_the_best_there_are(seed: int) -> None:
    """Every way to send small lots is tried; none saves more."""
    chance = Random(seed)
    surplus = [
        Surplus(lot, chance.choice("ab"), chance.randint(1, 3), chance.choice([10, 20, 30]), chance.randint(1, 9) * 10)
        for lot in range(3)
    ]
    wants = [Want(chance.choice("abc"), span, chance.randint(0, 3)) for span in range(3)]
    travel = 2
    values = {each.lot_id: each.value for each in surplus}
    found = advise(surplus, wants, travel)
    best = _tried(surplus, wants, travel)
    saved = sum(values[each.lot_id] * each.quantity for each in found)
    assert saved == best


def _tried(surplus: list[Surplus], wants: list[Want], travel: int) -> int:
    pairs = [
        (giver, taker)
        for giver, each in enumerate(surplus)
        for taker, want in enumerate(wants)
        if each.site != want.site and travel < (want.span + 1) * SPAN_DAYS <= each.days_left + 1
    ]
    best = 0
    for units in product(range(4), repeat=len(pairs)) if len(pairs) <= 8 else ():
        given, taken = [0] * len(surplus), [0] * len(wants)
        for (giver, taker), count in zip(pairs, units, strict=True):
            given[giver] += count
            taken[taker] += count
        if all(n <= each.quantity for n, each in zip(given, surplus, strict=True)) and all(
            n <= want.quantity for n, want in zip(taken, wants, strict=True)
        ):
            best = max(best, sum(n * each.value for n, each in zip(given, surplus, strict=True)))
    return best


def test_unusual_use_is_told_against_own_weeks_and_colleagues_alone() -> None:
    usual = (5, 6, 4, 5, 7, 5, 4, 6, 5, 6)
    everybody = [PersonUse(name, "ward-3", "fentanyl", usual) for name in ("ann", "bea", "cy", "dan")]
    assert unusual_use(everybody) == []
    odd = PersonUse("dan", "ward-3", "fentanyl", (*usual[:-1], 60))
    (found,) = unusual_use([*everybody[:3], odd])
    assert found.evidence["last_week"] == 60 and "dan" not in found.text
    # Where the whole ward uses as much, one person is not unusual.
    assert unusual_use([PersonUse(each.operator, "ward-3", "fentanyl", (*usual[:-1], 60)) for each in everybody]) == []


def test_counts_that_differ_to_one_side_and_sensors_that_drift_are_told() -> None:
    counted = CountedPosition("insulin", "fridge", ((10, 12), (8, 9), (7, 9)), ("C1", "C2", "C3"))
    assert len(differing_counts([counted])) == 1
    mixed = CountedPosition("insulin", "fridge", ((10, 12), (9, 9), (7, 9)), ("C1", "C2", "C3"))
    assert differing_counts([mixed]) == []
    chance = Random(1)
    drift = tuple((float(hour), 0.1 + hour * 0.003 + chance.gauss(0, 0.1)) for hour in range(600))
    (found,) = drifting_sensors([SensorPair("a", "b", "°C", drift)], drift_max=0.5)
    assert found.evidence["drift"] == pytest.approx(1.8, abs=0.3)
    door = tuple((float(hour), 5.0 if hour % 100 == 0 else 0.1 + chance.gauss(0, 0.1)) for hour in range(600))
    assert drifting_sensors([SensorPair("a", "b", "°C", door)], drift_max=0.5) == []


def test_every_figure_has_a_formula_of_parts_and_the_worst_comes_first() -> None:
    assert all(kpi.formula and kpi.numerator for kpi in KPIS) and len(BY_NAME) == len(KPIS)
    parts = {"positions_as_expected": 95.0, "positions_counted": 100.0, "stock_out_days": 30.0, "level_days": 300.0}
    found = exception_scores({"main": parts, "north": {}})
    assert [each.kpi.name for each in found] == ["stock_out_days", "stock_out_rate", "inventory_accuracy"]
    assert BY_NAME["inventory_accuracy"].of({"positions_counted": 0.0, "positions_as_expected": 0.0}) is None
