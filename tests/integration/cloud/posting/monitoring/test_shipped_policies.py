"""Shipped policies on whole days and months of readings, by published vectors: what a pharmacist expects of them."""

from typing import Any

import pytest

from cloud_sync.actions.master_data.master_data import read_policies
from edge_agent.domain.monitoring.mkt import mean_kinetic_temperature_c
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading, scan

HALF_HOURS_A_DAY = 48


def judged_by(ledger: Ledger, policy: str, **changes: Any) -> None:
    (found,) = (each for each in read_policies() if each.name == policy)
    if changes:
        rules = [rule.model_copy(update=changes) if rule.name == "mkt-24h" else rule for rule in found.rules]
        found = found.model_copy(update={"rules": tuple(rules)})
    ledger.add_policy(found)
    ledger.run("UPDATE place SET policy = %(name)s WHERE name = 'fridge-a'", {"name": policy})


def measured(say: Said, *spells: tuple[float, float], first: int = 0) -> int:
    """Readings every half hour: so many days at each temperature; gives the number of the next."""
    values = [celsius for celsius, days in spells for _ in range(round(days * HALF_HOURS_A_DAY))]
    said = [reading(minute(30 * n), celsius) for n, celsius in enumerate(values, first)]
    for start in range(0, len(said), 500):
        say(*said[start : start + 500])
    return first + len(said)


def broken(ledger: Ledger) -> set[str]:
    return {rule for _, rule, *_ in ledger.excursions()} - {"warm"}


def test_a_room_24_hours_at_39_degrees_passes_by_its_kinetic_mean_and_fails_by_the_spike_rule(
    ledger: Ledger, say: Said
) -> None:
    judged_by(ledger, "usp-controlled-room")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    measured(say, (22.5, 29), (39.0, 1), (22.5, 1 / 48))
    assert broken(ledger) == {"above-30-for-24h"}
    assert ledger.held() == {("L1", "", "fridge-a")}


def test_a_spike_of_less_than_24_hours_is_allowed_as_long_as_it_stays_at_40_and_the_mean_at_25(
    ledger: Ledger, say: Said
) -> None:
    judged_by(ledger, "usp-controlled-room")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    end = measured(say, (22.5, 29), (40.0, 23.5 / 24), (22.5, 0.5))
    assert broken(ledger) == set()
    assert ledger.held() == set()
    measured(say, (40.1, 1 / 48), (22.5, 1 / 48), first=end)
    assert broken(ledger) == {"spike", "above-30-for-24h"}


def test_a_room_that_is_never_too_warm_for_long_fails_by_its_kinetic_mean(ledger: Ledger, say: Said) -> None:
    judged_by(ledger, "usp-controlled-room")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    assert mean_kinetic_temperature_c([(20, 1), (30, 1)]) == pytest.approx(26.2599, abs=5e-5)
    measured(say, *((20.0, 0.5), (30.0, 0.5)) * 20)
    assert broken(ledger) == {"mkt-30d"}
    worst = max(value for _, rule, _, _, value in ledger.excursions() if rule == "mkt-30d")
    assert worst == pytest.approx(26.2599, abs=0.3)
    assert ledger.held() == {("L1", "", "fridge-a")}


@pytest.mark.parametrize(
    ("warm_c", "warm_h", "mkt_c", "is_broken"),
    [(14.0, 6, 8.2852, True), (15.0, 1, 5.7635, False), (15.0, 12, 11.3867, True)],
)
def test_controlled_cold_is_judged_by_the_kinetic_mean_of_the_day_though_the_plain_mean_is_within(
    ledger: Ledger, say: Said, warm_c: float, warm_h: float, mkt_c: float, is_broken: bool
) -> None:
    judged_by(ledger, "usp-controlled-cold")
    measured(say, (5.0, 1 - warm_h / 24), (warm_c, warm_h / 24), (5.0, 1 / 48))
    assert ("mkt-24h" in broken(ledger)) == is_broken
    highest = max((value for _, rule, _, _, value in ledger.excursions() if rule == "mkt-24h"), default=None)
    assert highest == (pytest.approx(mkt_c, abs=5e-5) if is_broken else None)


@pytest.mark.parametrize(("hysteresis", "later"), [(0.0, 0), (1.0, 1)])
def test_a_kinetic_mean_once_broken_is_over_only_when_it_is_back_by_its_hysteresis(
    ledger: Ledger, say: Said, hysteresis: float, later: int
) -> None:
    judged_by(ledger, "usp-controlled-cold", hysteresis=hysteresis)
    measured(say, (5.0, 18 / 24), (14.0, 6 / 24), (5.0, 1))
    (ended,) = (end for _, rule, _, end, _ in ledger.excursions() if rule == "mkt-24h")
    assert ended is not None
    # Within the hour before it is over, the mean of the last day has come down to the limit less the hysteresis.
    numbers = [5.0] * 36 + [14.0] * 12 + [5.0] * 48
    last = round((ended - minute(0)).total_seconds() / 1800)

    def mean(n: int) -> float:
        return mean_kinetic_temperature_c([(celsius, 1) for celsius in numbers[n - 48 : n]])

    assert mean(last) <= 8.0 - hysteresis < mean(last - 1)
