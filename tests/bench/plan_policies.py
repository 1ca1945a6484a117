"""The policies that are measured on the simulation: ours, and what it is compared with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from cloud_sync.planning.economy import by_value, usual_value
from cloud_sync.planning.forecast import Method, forecast
from cloud_sync.planning.plan import PlanInput, Terms, plan, whole_packs
from tests.bench.plan_simulation import (
    CYCLE_DAYS,
    HISTORY_DAYS,
    RELEASED_SHARE,
    Forecasts,
    Levels,
    Policy,
    Shelf,
    SimItem,
)

SERVICE_MIN, OUR_CYCLE_DAYS = 0.7, 17
"""Ours. Whole packs nearest to the par level are smaller orders: a longer cycle makes them about as many as the
others have."""
Peer = Callable[[Method, Sequence[int], int], float]


class FixedPar(Policy):
    """Par levels by the mean of the year before, set once: ``knob`` times the lead time, and what an order cycle
    takes."""

    def levels(self, item: SimItem, site: int, shelf: Shelf, day: int) -> Levels:
        if shelf.level >= 0:
            return Levels(shelf.level, shelf.par, shelf.rate)
        return _of_rate(sum(shelf.weeks[:52]) / 364, item, self.knob)


class AverageDailyDemand(Policy):
    """OpenBoxes: units issued in the last 365 days / 365, times days of lead and replenishment, times ``knob``."""

    def levels(self, item: SimItem, site: int, shelf: Shelf, day: int) -> Levels:
        return _of_rate(sum(shelf.weeks[-52:]) / 365, item, self.knob)


class SingleMethod(Policy):
    """One forecasting method for everything, with the same negative binomial safety stock; ``knob``: its service level.

    ``peer`` gives the mean a week instead of ours, by another library's implementation of the method.
    """

    def __init__(self, knob: float, known: Forecasts, method: Method, peer: Peer | None = None) -> None:
        super().__init__(knob, known)
        self.method, self.peer = method, peer

    def levels(self, item: SimItem, site: int, shelf: Shelf, day: int) -> Levels:
        terms = Terms(service_level=self.knob, pack_size=item.pack, cycle_days=CYCLE_DAYS)
        made = _planned(self, item, site, shelf, day, terms, self.method)
        return Levels(made[0], made[1], made[2])


class OursPolicy(Policy):
    """``cloud_sync.planning``; ``knob``: what it is worth not to run out in an order cycle."""

    counts_expiry = True
    held_chance = RELEASED_SHARE

    def __init__(self, knob: float, known: Forecasts, items: Sequence[SimItem]) -> None:
        super().__init__(knob, known)
        self._usual = usual_value(
            item.price * sum(days[:HISTORY_DAYS]) / HISTORY_DAYS for item in items for days in item.demand
        )

    def levels(self, item: SimItem, site: int, shelf: Shelf, day: int) -> Levels:
        units_a_day = sum(shelf.weeks[-26:]) / 182
        usual = Terms(SERVICE_MIN, item.pack, cycle_days=OUR_CYCLE_DAYS, shelf_life_days=sum(item.shelf_days) // 2)
        terms = by_value(usual, item.price, units_a_day, worth=self.knob, usual=self._usual)
        made = _planned(self, item, site, shelf, day, terms, None)
        return Levels(made[0], made[1], made[2])

    def units_to_order(self, item: SimItem, shelf: Shelf, position: float) -> int:
        return whole_packs(position, shelf.level, shelf.par, item.pack)


def _of_rate(rate: float, item: SimItem, knob: float) -> Levels:
    reorder = ceil(rate * (item.lead.days + 1) * knob)
    return Levels(reorder, reorder + max(1, ceil(rate * CYCLE_DAYS)) if rate else 0, rate)


def _planned(
    policy: Policy, item: SimItem, site: int, shelf: Shelf, day: int, terms: Terms, only: Method | None
) -> tuple[int, int, float]:
    used, censored = tuple(shelf.weeks), tuple(shelf.censored)
    weeks = max(1, ceil((item.lead.days + terms.review_days) / 7 - 0.5))
    key = (only, item.number, site, day, hash(used), hash(censored))
    expected = policy.known.get(key)
    if expected is None:
        expected = forecast(used, censored, weeks, only=only)
        if isinstance(policy, SingleMethod) and policy.peer is not None:
            expected = replace(expected, weekly=policy.peer(policy.method, used, weeks))
        policy.known[key] = expected
    made = plan(PlanInput(used, censored, item.lead, terms), known=expected)
    return made.reorder_point, made.par_level, made.rate
