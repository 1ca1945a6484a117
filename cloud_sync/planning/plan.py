"""How much of an item a place should have, and what to order now: a suggestion with every reason, for a person to
decide.

The rule, in base units:

- *protection time* = lead time of the supplier + days between two looks at the stock.
- *demand over it*: negative binomial; its mean is the forecast, its variance how far forecasts were off over as many
  weeks, and how unevenly the supplier delivers. What is asked for at once (the *undershoot*) is part of it.
- *reorder point*: the smallest quantity of which, on average, no more is missing in an order cycle than the service
  level allows: expected shortage <= (1 - service level) x quantity of an order.
  Where it is said what it is ``worth`` not to run out,
  the risk of it in an order cycle is value of an order / worth: of
  dear goods less is kept than of cheap ones, so that the same stock value serves more.
- *par level*: reorder point + what is used in an order cycle; at most what the room takes, and at most what will be
  used before it expires.
- *position*: usable stock that will be used before it expires + held stock x chance of its release + what is on order x
  the share that the supplier delivers.
- *order quantity*, if the position is at or below the reorder point: as many whole packs as come closest to the par
  level and bring the position above the reorder point, at least the minimum order, and never more than will be used
  before it expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import ceil, floor
from typing import Any

from cloud_sync.planning.distribution import Demand
from cloud_sync.planning.forecast import YEAR_WEEKS, Forecast, Method, forecast
from cloud_sync.planning.lead_time import LeadTime

USED_BEFORE_EXPIRY = 0.8
"""So likely has what is kept to be used up before it expires. What is asked for at once may always be kept."""
WASTE_FOR_RISK = 150.0
"""Of what is cheap more may expire: where risk goes by value, so many times the risk of running out is sure enough."""
RULES = 2
"""Counts up whenever the same input would make another plan, so that an older run is not taken for a forged one."""
RISK_MIN, RISK_MAX = 0.001, 0.4
"""Between these is the risk of running out in an order cycle where it depends on the value of the goods."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an item is to be kept at a place.

    ``service_level``: the share of what is wanted that is there when it is wanted. ``worth``: what it is worth, in
    money, that an item does not run out in an order cycle; with ``unit_value`` it sets the service level by value
    (see above), and ``service_level`` is the least. ``shelf_life_days``: what is left of it at receipt; None: it does
    not expire. ``room_max``: base units that fit.
    """

    service_level: float = 0.98
    pack_size: int = 1
    order_min: int = 1
    cycle_days: int = 14
    review_days: int = 1
    shelf_life_days: int | None = None
    room_max: int | None = None
    unit_value: float | None = None
    worth: float | None = None


@dataclass(frozen=True, slots=True)
class StockLot:
    """Usable base units of a lot; ``days_left`` until it expires (None: it does not)."""

    quantity: int
    days_left: int | None


@dataclass(frozen=True, slots=True)
class HeldStock:
    """Base units on hold, and how likely they are to be released."""

    quantity: int
    chance: float


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything that a plan of one item at one place is made of."""

    used: tuple[int, ...]
    censored: tuple[bool, ...]
    lead: LeadTime
    terms: Terms
    lots: tuple[StockLot, ...] = ()
    held: tuple[HeldStock, ...] = ()
    on_order: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the sum: what it is, its value, and how it came about."""

    what: str
    value: float
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is suggested. ``rate``: base units a day; ``left_unused``: usable stock that will expire before it is
    used."""

    reorder_point: int
    par_level: int
    order_quantity: int
    position: float
    rate: float
    mean: float
    variance: float
    left_unused: int
    method: Method
    notes: tuple[str, ...]
    forecast: Forecast

    def as_json(self) -> dict[str, Any]:
        """In plain values, to be stored and compared, with the rules that it was made by."""
        expected = {name: getattr(self.forecast, name) for name in FORECAST_FIELDS}
        return {**{name: getattr(self, name) for name in PLAN_FIELDS}, "forecast": expected, "rules": RULES}


PLAN_FIELDS, FORECAST_FIELDS = (tuple(each.name for each in fields(kind)) for kind in (Plan, Forecast))


def plan(said: PlanInput, *, only: Method | None = None, known: Forecast | None = None) -> Plan:
    """The suggestion for one item at one place. ``only`` takes one forecasting method; ``known`` is one made before."""
    terms, lead = said.terms, said.lead
    days = max(1.0, lead.days + terms.review_days)
    weeks = max(1, ceil(days / 7 - 0.5))
    expected = known or forecast(said.used, said.censored, weeks, only=only)
    rate = max(0.0, expected.weekly / 7)
    undershoot = _undershoot(said.used, rate) if rate else 0.0
    mean = rate * days + undershoot
    variance = max(rate * days, expected.error * days / (7 * expected.horizon_weeks)) + (rate * lead.spread_days) ** 2
    variance += undershoot**2
    notes: list[str] = []
    demand = Demand(mean, variance)
    per_order = max(terms.pack_size, terms.order_min, ceil(rate * terms.cycle_days))
    reorder = demand.enough_for((1 - terms.service_level) * per_order)
    surely_used = USED_BEFORE_EXPIRY
    if terms.worth and terms.unit_value:
        risk = terms.unit_value * per_order / terms.worth
        reorder = max(reorder, demand.quantile(1 - min(RISK_MAX, max(RISK_MIN, risk))))
        surely_used = min(USED_BEFORE_EXPIRY, WASTE_FOR_RISK * max(RISK_MIN, risk))
    par = reorder + max(1, ceil(rate * terms.cycle_days)) if rate else 0
    usable_max = _usable_before_expiry(rate, expected, terms, undershoot, surely_used)
    reorder, par = _within(reorder, par, usable_max, terms, notes)
    left = left_unused(said.lots, rate)
    position = (
        sum(lot.quantity for lot in said.lots)
        - left
        + sum(held.quantity * held.chance for held in said.held)
        + said.on_order * lead.fill_rate
    )
    quantity = _order_quantity(position, reorder, par, usable_max, terms, notes) if rate else 0
    if not rate:
        notes.append("it was not used lately: nothing is suggested")
    if not lead.is_measured:
        notes.append("lead time assumed: no order was received from the supplier yet")
    return Plan(
        reorder, par, quantity, position, rate, mean, variance, left, expected.method, tuple(notes), expected
    )  # fmt: skip


def _undershoot(used: Sequence[int], rate: float) -> float:
    """How far below the reorder point the position is when an order is placed, on average: what is asked for at once
    does not stop at it. Of sizes x: E[x²] / 2 E[x] (renewal theory); a week is one demand where most weeks have none,
    else (compound Poisson) that is the variance of weeks / 2 means. Variance is that from week to week, so that a
    slow change does not count.
    """
    lately = used[-YEAR_WEEKS:]
    sizes = [units for units in lately if units]
    if not sizes:
        return (rate + 1) / 2
    if 2 * len(sizes) <= len(lately):
        return sum(size * size for size in sizes) / (2 * sum(sizes))
    steps = sum((after - before) ** 2 for before, after in pairwise(lately))
    variance = steps / (2 * max(1, len(lately) - 1))
    return max(1.0, variance * len(lately) / sum(sizes)) / 2 + rate / 2


def left_unused(lots: Sequence[StockLot], rate: float) -> int:
    """Base units that will be left when their lots expire, first expired used first, at ``rate`` base units a day.

    >>> left_unused([StockLot(50, 9)], 2.0), left_unused([StockLot(50, None)], 0.0)
    (30, 0)
    """
    ahead, left = 0.0, 0
    for lot in sorted(lots, key=lambda each: (each.days_left is None, each.days_left or 0)):
        if lot.days_left is None:
            continue
        used = min(float(lot.quantity), max(0.0, rate * (lot.days_left + 1) - ahead))
        ahead += used
        left += lot.quantity - ceil(used)
    return left


def _usable_before_expiry(rate: float, expected: Forecast, terms: Terms, at_once: float, surely: float) -> int | None:
    """Base units that will be used within the shelf life of a receipt, as likely as ``surely``; at least what is asked
    ``at_once``, for without it there is no use at all."""
    if terms.shelf_life_days is None:
        return None
    mean = rate * terms.shelf_life_days
    variance = max(mean, expected.error * terms.shelf_life_days / (7 * expected.horizon_weeks))
    return max(Demand(mean, variance).quantile(1 - surely), ceil(at_once) if rate else 0)


def _within(reorder: int, par: int, usable_max: int | None, terms: Terms, notes: list[str]) -> tuple[int, int]:
    """Reorder point and par level within what the room takes and what is used before it expires."""
    for limit, why in (
        (usable_max, "so much is used before it expires"),
        (terms.room_max, "so much the room takes"),
    ):
        if limit is not None and par > limit:
            notes.append(f"the par level is {limit}, not {par}: {why}")
            par = limit
            reorder = min(reorder, max(0, par - 1))
    return reorder, par


def whole_packs(position: float, reorder: int, par: int, pack: int) -> int:
    """Base units of whole packs that bring a position closest to the par level, and above the reorder point.

    >>> whole_packs(4.0, 5, 17, 10), whole_packs(4.0, 5, 21, 10), whole_packs(-9.0, 5, 6, 10)
    (10, 20, 20)
    """
    return max(1, floor((par - position) / pack + 0.5), floor((reorder - position) / pack + 1e-9) + 1) * pack


def _order_quantity(
    position: float, reorder: int, par: int, usable_max: int | None, terms: Terms, notes: list[str]
) -> int:
    if position > reorder or par <= 0:
        return 0
    pack = max(1, terms.pack_size)
    quantity = max(whole_packs(position, reorder, par, pack), ceil(terms.order_min / pack) * pack)
    for limit, why in ((usable_max, "would not be used before it expires"), (terms.room_max, "does not fit the room")):
        if limit is not None and position + quantity > limit:
            fitting = floor(max(0.0, limit - position) / pack) * pack
            if fitting < max(terms.order_min, 1):
                notes.append(f"the smallest order, {max(pack, terms.order_min)}, {why}: somebody has to decide")
                return 0
            if fitting < quantity:
                quantity = fitting
    return quantity


def reasons(said: PlanInput, made: Plan) -> list[Reason]:
    """The sum, step by step, as a person follows it."""
    terms, lead, expected = said.terms, said.lead, made.forecast
    censored = sum(said.censored)
    judged = f"{expected.judged} weeks looked back" if expected.judged else "too few weeks to compare methods"
    measured = f"measured of {lead.orders} orders" if lead.is_measured else "assumed"
    return [
        Reason("weekly use", expected.weekly, f"{expected.method}, of {expected.weeks} weeks ({censored} censored); "
               f"{judged}"),
        Reason("lead time, days", lead.days, f"{measured}, ± {lead.spread_days:.1f} days"),
        Reason("days between reviews", terms.review_days, "setting"),
        Reason("demand until then", made.mean,
               f"lead time and review; negative binomial, variance {made.variance:.1f}"),
        Reason("reorder point", made.reorder_point, f"covers {terms.service_level:.1%} of that demand"),
        Reason("par level", made.par_level, f"reorder point and the use of {terms.cycle_days} days"),
        Reason("usable stock", sum(lot.quantity for lot in said.lots), "neither held, expired nor reserved"),
        Reason("of this, expires unused", made.left_unused, "first expired used first"),
        Reason("held stock, counted", sum(each.quantity * each.chance for each in said.held),
               f"of {sum(each.quantity for each in said.held)}, by the chance of its release"),
        Reason("on order, counted", said.on_order * lead.fill_rate,
               f"of {said.on_order}, of which {lead.fill_rate:.0%} is expected to arrive"),
        Reason("position", made.position, "usable stock that does not expire unused, held and on order"),
        Reason("to order", made.order_quantity, f"packs of {terms.pack_size}, at least {terms.order_min}"),
    ]  # fmt: skip
