"""What a lot went through: for each stay the temperatures measured there, time outside limits, and gaps.

A value stands until the next one, but no longer than its device's interval allows (:func:`stands_s`), and ``gap_s`` at
most; what lies beyond is a gap, and is said to be one. Nothing is interpolated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp

from edge_agent.domain.monitoring.excursions import Rule
from edge_agent.domain.monitoring.mkt import (
    ACTIVATION_ENERGY_J_MOL,
    GAS_CONSTANT_J_MOL_K,
    KELVIN_AT_0_C,
    kinetic_temperature_c,
)
from edge_agent.domain.monitoring.signals import Instant

INTERVALS_MISSED = 3
"""How many intervals of its device a value may be old: one value that is lost, or two, makes no gap."""
INTERVAL_S_MIN = 10.0
"""What changes faster is not measured less often for it."""
OUTSIDE_MAX = 100
"""Times outside limits told one by one."""
GAPS_MAX = 100
"""Gaps told one by one for each channel and stay; ``gap_s`` adds up all of them."""


@dataclass(frozen=True, slots=True)
class CoverageGap:
    """Nobody measured from ``began_at`` to ``ended_at``."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class OutsideLimits:
    """Beyond a limit from ``began_at`` to ``ended_at``."""

    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class MeasuredStay:
    """What one channel measured during one stay. Values are in the metric's unit, None without any.

    ``stands_s``: for how long a value counted at most. ``outside_s`` says for each rule how long the values were beyond
    its limit; ``beyond_any_s`` beyond any of them. ``mkt_c`` is the mean kinetic temperature (of temperatures only);
    ``mean`` weighs each value by how long it stood. ``outside``: when they were beyond any limit; what lies between the
    last ones of very many is counted in.
    """

    lowest: float | None
    highest: float | None
    mkt_c: float | None
    measured_s: float
    gap_s: float
    gaps: tuple[CoverageGap, ...]
    outside_s: dict[str, float] = field(default_factory=dict)
    beyond_any_s: float = 0.0
    stands_s: float = 0.0
    mean: float | None = None
    outside: tuple[OutsideLimits, ...] = ()


def measure(
    instants: Iterable[Instant],
    began_at: datetime,
    ended_at: datetime,
    rules: Sequence[Rule],
    *,
    gap_s: float,
    is_temperature: bool,
) -> MeasuredStay:
    """Sum up ``instants`` (in the order of time, those up to ``gap_s`` before the stay too) for a stay.

    ``gap_s``: for how long a value stands at most.
    """
    sums = _Sums(began_at, ended_at, tuple(rules))
    longest = timedelta(seconds=gap_s)
    before: Instant | None = None
    for at, value in instants:
        if before is not None:
            sums.add(before[1], before[0], min(at, before[0] + longest))
        before = at, value
    if before is not None:
        sums.add(before[1], before[0], min(ended_at, before[0] + longest))
    return sums.result(is_temperature, gap_s)


def stands_s(instants: Sequence[datetime], gap_s: float) -> float:
    """How long a value of a device counts as measured: a few of its usual intervals, told by when it measured before.

    ``instants`` are some of the latest, in the order of time. Of a device that was heard less than three times nothing
    is known; its values count for ``gap_s``.
    """
    steps = sorted((after - before).total_seconds() for before, after in pairwise(instants))
    if len(steps) < 2:
        return gap_s
    usual_s = max(steps[len(steps) // 2], INTERVAL_S_MIN)
    return min(gap_s, INTERVALS_MISSED * usual_s)


def total_mkt_c(stays: Iterable[tuple[float, float]]) -> float | None:
    """Mean kinetic temperature in °C over stays, each (its own one, seconds measured); None without any."""
    each = [(mkt_c, seconds) for mkt_c, seconds in stays if seconds > 0]
    total_s = sum(seconds for _, seconds in each)
    return kinetic_temperature_c(sum(_harm(c) * s for c, s in each) / total_s) if total_s else None


def allowance_left_s(allowance_s: float | None, outside_s: Iterable[float]) -> float | None:
    """What is left of the time that the item may be outside (never below 0); None where there is no allowance."""
    return None if allowance_s is None else max(0.0, allowance_s - sum(outside_s))


class _Sums:
    def __init__(self, began_at: datetime, ended_at: datetime, rules: tuple[Rule, ...]) -> None:
        self._began_at, self._ended_at, self._rules = began_at, ended_at, rules
        self._until = began_at
        self._gaps: list[CoverageGap] = []
        self._outside: list[OutsideLimits] = []
        self._gap_s = self._measured_s = self._harm = self._beyond_any_s = self._weighed = 0.0
        self._lowest: float | None = None
        self._highest: float | None = None
        self._outside_s = {rule.name: 0.0 for rule in rules}

    def add(self, value: float, since: datetime, until: datetime) -> None:
        since, until = max(since, self._began_at), min(until, self._ended_at)
        if until <= since:
            return
        self._add_gap(since)
        seconds = (until - since).total_seconds()
        self._until = until
        self._measured_s += seconds
        self._weighed += value * seconds
        self._harm += _harm(value) * seconds if value > -KELVIN_AT_0_C else 0.0
        self._lowest = value if self._lowest is None else min(self._lowest, value)
        self._highest = value if self._highest is None else max(self._highest, value)
        broken = [rule.name for rule in self._rules if rule.is_outside(value)]
        for name in broken:
            self._outside_s[name] += seconds
        if broken:
            self._beyond_any_s += seconds
            self._add_outside(since, until)

    def result(self, is_temperature: bool, stands_s: float) -> MeasuredStay:
        self._add_gap(self._ended_at)
        has_mkt = is_temperature and self._measured_s > 0
        return MeasuredStay(
            self._lowest,
            self._highest,
            kinetic_temperature_c(self._harm / self._measured_s) if has_mkt else None,
            self._measured_s,
            self._gap_s,
            tuple(self._gaps),
            self._outside_s,
            self._beyond_any_s,
            stands_s,
            self._weighed / self._measured_s if self._measured_s > 0 else None,
            tuple(self._outside),
        )

    def _add_outside(self, since: datetime, until: datetime) -> None:
        last = self._outside[-1] if self._outside else None
        if last is not None and (last.ended_at == since or len(self._outside) == OUTSIDE_MAX):
            self._outside[-1] = replace(last, ended_at=until)
        else:
            self._outside.append(OutsideLimits(since, until))

    def _add_gap(self, until: datetime) -> None:
        if until <= self._until:
            return
        self._gap_s += (until - self._until).total_seconds()
        if len(self._gaps) < GAPS_MAX:
            self._gaps.append(CoverageGap(self._until, until))


def _harm(celsius: float) -> float:
    return exp(-ACTIVATION_ENERGY_J_MOL / GAS_CONSTANT_J_MOL_K / (celsius + KELVIN_AT_0_C))
