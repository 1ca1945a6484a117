"""Five sites, five hundred items, two years: demand, suppliers, holds and recalls from a seed, and policies that order.

What it assumes
---------------
- Demand of an item at a site: *smooth* (Poisson, 40 %), *lumpy* (rare days, geometric sizes, 25 %), *slow* (a few
  times a year, 15 %), *seasonal* (Poisson with a yearly wave, 10 %), *dying* (smooth until some day in the two years,
  then gone within months, 10 %). A year of it is known before the first day. What is not there when it is wanted is
  lost, or given of a substitute (one item in ten has one).
- A supplier takes 3 to 14 days, unevenly, and brings 85 to 100 % of what was ordered. Packs are at most four weeks'
  demand.
- A receipt has 60 to 720 days left; 5 % of receipts are held for 5 to 40 days, and four fifths of those released; one
  item in ten is recalled once: what was received of it in the 60 days before is destroyed (that counts as no expiry).
- First expired first out. Orders may be placed every day, levels are set anew every 28 days. A transfer takes 2 days.
- Nobody interferes: no panic orders, no budget, no emergency delivery.

Fill rate is the mean over items and sites of units given / units wanted. Stock value is what lies there, on hold or
not.
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, exp, log, pi, sin
from random import Random

from cloud_sync.planning.forecast import Forecast
from cloud_sync.planning.lead_time import LeadTime
from cloud_sync.planning.transfers import Surplus, advise, wants_of

HISTORY_DAYS, DAYS, SITES, REPLAN_DAYS, WARM_UP_DAYS = 364, 728, 5, 28, 56
TRAVEL_DAYS, RELEASED_SHARE, HELD_SHARE, CYCLE_DAYS = 2, 0.8, 0.05, 14
KINDS = ("smooth", "lumpy", "slow", "seasonal", "dying")
WEIGHTS = (40, 25, 15, 10, 10)


@dataclass(frozen=True, slots=True)
class SimItem:
    """An item: its price, packs, shelf life at receipt (days, from and to), supplier, and its demand by site and
    day."""

    number: int
    kind: str
    price: float
    pack: int
    shelf_days: tuple[int, int]
    lead: LeadTime
    demand: tuple[Sequence[int], ...]
    recalled_on: int | None


@dataclass(slots=True)
class Shelf:
    """An item at a site: usable lots [expires, units], held ones [free on, expires, units, is released], orders on
    the way."""

    lots: list[list[int]] = field(default_factory=list)
    held: list[tuple[int, int, int, bool]] = field(default_factory=list)
    coming: list[tuple[int, int, int]] = field(default_factory=list)
    weeks: list[int] = field(default_factory=list)
    censored: list[bool] = field(default_factory=list)
    received: list[tuple[int, int]] = field(default_factory=list)
    level: int = -1
    par: int = 0
    doomed: int = 0
    rate: float = 0.0
    wanted: int = 0
    given: int = 0


@dataclass(slots=True)
class Result:
    """What a policy came to: ``stock`` and ``expired`` are values; ``fill`` a share."""

    knob: float
    fill: float = 0.0
    stock: float = 0.0
    expired: float = 0.0
    orders: int = 0
    fill_by_kind: dict[str, float] = field(default_factory=dict)
    stock_by_kind: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Levels:
    """When to order and up to how much."""

    reorder: int
    par: int
    rate: float


Forecasts = dict[tuple[object, ...], Forecast]


class Policy(ABC):
    """How levels are set. ``counts_expiry``: what will expire is not counted on, and is offered to other sites;
    ``held_chance``: how much of held stock is counted on."""

    counts_expiry = False
    held_chance = 1.0

    def __init__(self, knob: float, known: Forecasts) -> None:
        self.knob, self.known = knob, known

    @abstractmethod
    def levels(self, item: SimItem, site: int, shelf: Shelf, day: int) -> Levels:
        """For the next 28 days."""

    def units_to_order(self, item: SimItem, shelf: Shelf, position: float) -> int:
        """Once the position is at or below the reorder point: up to the par level, in whole packs."""
        return ceil(max(1.0, shelf.par - position) / item.pack) * item.pack


def make_items(count: int, seed: int) -> list[SimItem]:
    """So many items with their demand at every site."""
    chance = Random(seed)
    return [_item(number, chance) for number in range(count)]


def _item(number: int, chance: Random) -> SimItem:
    kind = chance.choices(KINDS, WEIGHTS)[0]
    short = chance.random() < 0.3
    shelf = (60, 120) if short else (200, 720)
    demand = tuple(_demand(kind, chance) for _ in range(SITES))
    mean = sum(sum(days) for days in demand) / SITES / (HISTORY_DAYS + DAYS)
    pack = min((1, 5, 10, 20)[chance.randrange(4)], max(1, int(mean * 28)))
    lead = LeadTime(chance.uniform(3, 14), chance.uniform(0.5, 3), chance.uniform(0.85, 1.0), 20)
    recalled = chance.randrange(100, DAYS) if chance.random() < 0.1 else None
    price = round(chance.lognormvariate(2.5, 1.2), 2) + 0.2
    return SimItem(number, kind, price, pack, shelf, lead, demand, recalled)


def _demand(kind: str, chance: Random) -> Sequence[int]:
    days = range(HISTORY_DAYS + DAYS)
    if kind == "lumpy":
        busy, stop = chance.uniform(0.03, 0.15), 1 / chance.uniform(3, 25)
        return array("H", (_geometric(stop, chance) if chance.random() < busy else 0 for _ in days))
    if kind == "slow":
        busy = chance.uniform(0.005, 0.03)
        return array("H", (chance.randint(1, 3) if chance.random() < busy else 0 for _ in days))
    rate = chance.uniform(0.3, 6)
    if kind == "seasonal":
        shift, depth = chance.uniform(0, 364), chance.uniform(0.5, 0.95)
        return array("H", (_poisson(rate * (1 + depth * sin(2 * pi * (day - shift) / 364)), chance) for day in days))
    if kind == "dying":
        ends, fade = HISTORY_DAYS + chance.randrange(DAYS), chance.randint(30, 120)
        return array("H", (_poisson(rate * min(1.0, max(0.0, (ends + fade - day) / fade)), chance) for day in days))
    return array("H", (_poisson(rate, chance) for _ in days))


def _poisson(rate: float, chance: Random) -> int:
    limit, product, count = exp(-rate), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _geometric(stop: float, chance: Random) -> int:
    return 1 + int(log(1 - chance.random()) / log(1 - stop))


def run(items: Sequence[SimItem], policy: Policy, seed: int) -> Result:
    """All items under a policy. Suppliers and holds are drawn from ``seed`` by item, so that they are alike for all."""
    result = Result(policy.knob)
    fills: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for group in _groups(items):
        shelves = _Group(group, policy, result, seed).run()
        for item, of_item in zip(group, shelves, strict=True):
            fills[item.kind] += [shelf.given / shelf.wanted for shelf in of_item if shelf.wanted]
    every = [fill for kind in fills.values() for fill in kind]
    result.fill = sum(every) / len(every)
    result.fill_by_kind = {kind: sum(known) / len(known) for kind, known in fills.items() if known}
    return result


def _groups(items: Sequence[SimItem]) -> list[tuple[SimItem, ...]]:
    """Items alone; of each twenty, the last two stand in for each other."""
    found: list[tuple[SimItem, ...]] = []
    for start in range(0, len(items), 20):
        part = items[start : start + 20]
        found += [(item,) for item in part[:18]] + ([tuple(part[18:])] if len(part) > 18 else [])
    return found


class _Group:
    """Items that stand in for each other, at every site, day by day."""

    def __init__(self, items: Sequence[SimItem], policy: Policy, result: Result, seed: int) -> None:
        self._items, self._policy, self._result = items, policy, result
        self._chance = [[Random(f"{seed}/{item.number}/{site}") for site in range(SITES)] for item in items]
        self._shelves = [[_start(item, site) for site in range(SITES)] for item in items]

    def run(self) -> list[list[Shelf]]:
        for day in range(DAYS):
            if day % REPLAN_DAYS == 0:
                self._replan(day)
            for at, item in enumerate(self._items):
                if item.recalled_on == day:
                    self._recall(at, day)
                for site in range(SITES):
                    self._day(at, item, site, day)
        return self._shelves

    def _day(self, at: int, item: SimItem, site: int, day: int) -> None:
        shelf = self._shelves[at][site]
        if shelf.coming and shelf.coming[0][0] <= day:
            self._arrive(shelf, self._chance[at][site], day)
        if shelf.held and shelf.held[0][0] <= day:
            _, expires, units, is_released = shelf.held.pop(0)
            if is_released:
                _put(shelf, expires, units)
        while shelf.lots and shelf.lots[0][0] < day:
            _, units = shelf.lots.pop(0)
            if day >= WARM_UP_DAYS:
                self._result.expired += units * item.price
        if day % 7 == 0:
            shelf.weeks.append(0)
            shelf.censored.append(False)
            if self._policy.counts_expiry:
                shelf.doomed = _doomed(shelf, day)
        wanted = item.demand[site][HISTORY_DAYS + day]
        if wanted:
            self._serve(at, site, shelf, wanted, day)
        stock = sum(lot[1] for lot in shelf.lots)
        held = sum(each[2] for each in shelf.held) if shelf.held else 0
        if day >= WARM_UP_DAYS:
            self._result.stock += (stock + held) * item.price / (DAYS - WARM_UP_DAYS)
            by_kind = self._result.stock_by_kind
            by_kind[item.kind] = by_kind.get(item.kind, 0.0) + (stock + held) * item.price / (DAYS - WARM_UP_DAYS)
        coming = sum(each[1] for each in shelf.coming) * item.lead.fill_rate if shelf.coming else 0.0
        position = stock + held * self._policy.held_chance + coming - shelf.doomed
        if position <= shelf.level and shelf.par > 0:
            self._order(shelf, item, self._chance[at][site], position, day)

    def _serve(self, at: int, site: int, shelf: Shelf, wanted: int, day: int) -> None:
        given = _take(shelf, wanted)
        shelf.weeks[-1] += given
        if given < wanted:
            shelf.censored[-1] = True
            if len(self._items) == 2:
                other = self._shelves[1 - at][site]
                instead = _take(other, wanted - given)
                if other.weeks and len(other.weeks) == len(shelf.weeks):
                    other.weeks[-1] += instead
                given += instead
        if day >= WARM_UP_DAYS:
            shelf.wanted += wanted
            shelf.given += given

    def _order(self, shelf: Shelf, item: SimItem, chance: Random, position: float, day: int) -> None:
        units = self._policy.units_to_order(item, shelf, position)
        self._result.orders += day >= WARM_UP_DAYS
        late = max(1, round(chance.gauss(item.lead.days, item.lead.spread_days)))
        short = item.lead.fill_rate < 1 and chance.random() < 0.3
        came = units if not short else max(1, round(units * (1 - (1 - item.lead.fill_rate) / 0.3)))
        shelf.coming.append((day + late, came, day + late + chance.randint(*item.shelf_days)))
        shelf.coming.sort()

    def _arrive(self, shelf: Shelf, chance: Random, day: int) -> None:
        while shelf.coming and shelf.coming[0][0] <= day:
            _, units, expires = shelf.coming.pop(0)
            if chance.random() < HELD_SHARE:
                until = day + chance.randint(5, 40)
                shelf.held.append((until, expires, units, chance.random() < RELEASED_SHARE))
                shelf.held.sort()
            else:
                _put(shelf, expires, units)
                shelf.received.append((day, expires))

    def _recall(self, at: int, day: int) -> None:
        for shelf in self._shelves[at]:
            gone = {expires for received, expires in shelf.received if received >= day - 60}
            shelf.lots = [lot for lot in shelf.lots if lot[0] not in gone]

    def _replan(self, day: int) -> None:
        for item, of_item in zip(self._items, self._shelves, strict=True):
            for site, shelf in enumerate(of_item):
                found = self._policy.levels(item, site, shelf, day)
                shelf.level, shelf.par, shelf.rate = found.reorder, found.par, found.rate
            if self._policy.counts_expiry and day:
                self._transfer(of_item, day)

    def _transfer(self, shelves: Sequence[Shelf], day: int) -> None:
        surplus = []
        for site, shelf in enumerate(shelves):
            surplus += [
                Surplus(lot, str(site), units, days)
                for lot, units, days in _unused(shelf, day)
                if days > TRAVEL_DAYS + 7
            ]
        if not surplus:
            return
        wants = [
            want
            for site, shelf in enumerate(shelves)
            for want in wants_of(str(site), shelf.rate, sum(lot[1] for lot in shelf.lots) - _doomed(shelf, day)
                                 + sum(each[1] for each in shelf.coming))
        ]  # fmt: skip
        for advice in advise(surplus, wants, TRAVEL_DAYS):
            source = shelves[int(advice.from_site)]
            expires = source.lots[advice.lot_id][0]
            source.lots[advice.lot_id][1] -= advice.quantity
            shelves[int(advice.to_site)].coming.append((day + TRAVEL_DAYS, advice.quantity, expires))
            shelves[int(advice.to_site)].coming.sort()
        for shelf in shelves:
            shelf.lots = [lot for lot in shelf.lots if lot[1] > 0]
            shelf.doomed = _doomed(shelf, day)


def _start(item: SimItem, site: int) -> Shelf:
    """A year that is known, and a month of stock in two lots."""
    history = item.demand[site][:HISTORY_DAYS]
    weeks = [sum(history[first : first + 7]) for first in range(0, HISTORY_DAYS, 7)]
    month = ceil(sum(history[-91:]) / 91 * 28)
    shelf = Shelf(weeks=weeks, censored=[False] * len(weeks))
    if month:
        shelf.lots = [[item.shelf_days[0] // 2, month // 2], [item.shelf_days[0], month - month // 2]]
        shelf.lots = [lot for lot in shelf.lots if lot[1]]
    return shelf


def _put(shelf: Shelf, expires: int, units: int) -> None:
    shelf.lots.append([expires, units])
    if len(shelf.lots) > 1 and shelf.lots[-2][0] > expires:
        shelf.lots.sort()


def _take(shelf: Shelf, wanted: int) -> int:
    given = 0
    lots = shelf.lots
    while lots and given < wanted:
        take = min(lots[0][1], wanted - given)
        lots[0][1] -= take
        given += take
        if not lots[0][1]:
            lots.pop(0)
    return given


def _unused(shelf: Shelf, day: int) -> list[tuple[int, int, int]]:
    """Lots that will not be used in time: place in the list, units, days left."""
    ahead, found = 0.0, []
    for at, (expires, units) in enumerate(shelf.lots):
        used = min(float(units), max(0.0, shelf.rate * (expires - day + 1) - ahead))
        ahead += used
        if (left := units - ceil(used)) > 0:
            found.append((at, left, expires - day))
    return found


def _doomed(shelf: Shelf, day: int) -> int:
    return sum(units for _, units, _ in _unused(shelf, day))


def at_fill(results: Sequence[Result], fill: float) -> Result:
    """What a policy comes to at a fill rate, between two results on either side of it (or beyond the last two)."""
    ordered = sorted(results, key=lambda each: each.fill)
    pairs = list(pairwise(ordered))
    low, high = next((pair for pair in pairs if pair[0].fill <= fill <= pair[1].fill),
                     pairs[0] if fill < ordered[0].fill else pairs[-1])  # fmt: skip
    share = (_odds(fill) - _odds(low.fill)) / ((_odds(high.fill) - _odds(low.fill)) or 1.0)

    def between(a: float, b: float) -> float:
        return a + share * (b - a)

    return Result(
        between(low.knob, high.knob),
        fill,
        between(low.stock, high.stock),
        max(0.0, between(low.expired, high.expired)),
        round(between(low.orders, high.orders)),
    )


def _odds(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return log(share / (1 - share))
