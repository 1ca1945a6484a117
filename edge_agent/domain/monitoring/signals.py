"""What a rule limits: the value itself, or something that follows from the values of a window before it.

A signal turns measurements in the order of time into derived instants. The signal at an instant depends on nothing but
what was measured in the ``reach_s`` seconds up to it, so whoever judges again after a late measurement knows how far
its effect goes. A measurement stands for the time until the next one, but never for longer than ``spell_max_s``: what
lies beyond is a gap, which is neither inside nor outside and is not made up.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, inf, isinf

from edge_agent.domain.monitoring.cleanroom import LITRES_PER_M3
from edge_agent.domain.monitoring.mkt import (
    ACTIVATION_ENERGY_J_MOL,
    GAS_CONSTANT_J_MOL_K,
    KELVIN_AT_0_C,
    kinetic_temperature_c,
)

HARM_SCALE = 2**128
"""Harm is counted in whole units of this part: 60 and more binary digits at any temperature that is stored at."""

Instant = tuple[datetime, float]
"""A time, and of the values measured then the one that is furthest out."""


class SignalKind(StrEnum):
    """How a signal follows from the values."""

    SECONDS_OUTSIDE = "seconds_outside"
    CHANGE = "change"
    KINETIC = "kinetic"
    PER_M3 = "per_m3"


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal over a trailing window of ``window_s`` seconds.

    ``seconds_outside``: how long the values were beyond ``edge`` within the window. ``change``: how far the value is
    from the furthest one of the window, up or down. ``kinetic``: mean kinetic temperature over the window, once
    ``cover_min`` of it (0 to 1) was measured. ``per_m3``: particles per m³ over the newest samples that hold 1 m³, each
    of ``litres``, if that much air was drawn within the window.
    """

    kind: SignalKind
    window_s: float
    spell_max_s: float = 0.0
    edge: float = 0.0
    is_above: bool = True
    on_edge_is_outside: bool = False
    cover_min: float = 0.0
    litres: float = 0.0
    activation_energy_j_mol: float = ACTIVATION_ENERGY_J_MOL

    @property
    def reach_s(self) -> float:
        """How far back the signal at an instant depends on what was measured."""
        return self.window_s + self.spell_max_s

    def is_beyond_edge(self, value: float) -> bool:
        """Whether ``value`` counts for ``seconds_outside``."""
        if value == self.edge:
            return self.on_edge_is_outside
        return value > self.edge if self.is_above else value < self.edge


def derive(signal: Signal, instants: Iterable[Instant]) -> Iterator[Instant]:
    """The signal at each of ``instants`` (in the order of time) at which it can be told.

    An instant without a value (infinitely far within: somebody has looked) adds up to nothing: all is within then.
    """
    looked: deque[Instant] = deque()

    def measured() -> Iterator[Instant]:
        for at, value in instants:
            if isinf(value):
                looked.append((at, -inf))
            else:
                yield at, value

    for at, value in _DERIVE[signal.kind](signal, measured()):
        while looked and looked[0][0] < at:
            yield looked.popleft()
        yield at, value
    yield from looked


def _changes(signal: Signal, instants: Iterable[Instant]) -> Iterator[Instant]:
    window = timedelta(seconds=signal.window_s)
    seen: deque[Instant] = deque()
    for at, value in instants:
        while seen and seen[0][0] < at - window:
            seen.popleft()
        seen.append((at, value))
        yield at, max(abs(value - other) for _, other in seen)


def _seconds_outside(signal: Signal, instants: Iterable[Instant]) -> Iterator[Instant]:
    for at, outside_us, _ in _sums(signal, instants, lambda value: int(signal.is_beyond_edge(value))):
        yield at, outside_us / 1_000_000


def _kinetic(signal: Signal, instants: Iterable[Instant]) -> Iterator[Instant]:
    per_kelvin = signal.activation_energy_j_mol / GAS_CONSTANT_J_MOL_K

    def harm(celsius: float) -> int:
        return int(exp(-per_kelvin / (celsius + KELVIN_AT_0_C)) * HARM_SCALE)

    for at, sum_harm, measured_us in _sums(signal, instants, harm):
        if sum_harm > 0 and measured_us >= signal.cover_min * signal.window_s * 1_000_000:
            yield at, kinetic_temperature_c(sum_harm / measured_us / HARM_SCALE, signal.activation_energy_j_mol)


def _per_m3(signal: Signal, instants: Iterable[Instant]) -> Iterator[Instant]:
    window = timedelta(seconds=signal.window_s)
    samples: deque[Instant] = deque()
    for at, count in instants:
        samples.append((at, count))
        while samples[0][0] < at - window or (len(samples) - 1) * signal.litres >= LITRES_PER_M3:
            samples.popleft()
        litres = len(samples) * signal.litres
        if litres >= LITRES_PER_M3:
            yield at, sum(count for _, count in samples) * LITRES_PER_M3 / litres


_DERIVE = {
    SignalKind.SECONDS_OUTSIDE: _seconds_outside,
    SignalKind.CHANGE: _changes,
    SignalKind.KINETIC: _kinetic,
    SignalKind.PER_M3: _per_m3,
}


@dataclass(frozen=True, slots=True)
class _Spell:
    begins: datetime
    ends: datetime
    weight: int


def _sums(
    signal: Signal, instants: Iterable[Instant], weigh: Callable[[float], int]
) -> Iterator[tuple[datetime, int, int]]:
    """At each instant: weight times microseconds, and microseconds measured, of the spells in the window before it.

    In whole numbers: floating point sums that are carried along would depend on where the carrying began, and so on the
    order of arrival.
    """
    window, spell_max = timedelta(seconds=signal.window_s), timedelta(seconds=signal.spell_max_s)
    spells: deque[_Spell] = deque()
    weighted = measured_us = 0
    before: Instant | None = None
    for at, value in instants:
        if before is not None:
            spell = _Spell(before[0], min(at, before[0] + spell_max), weigh(before[1]))
            spells.append(spell)
            weighted += spell.weight * _us(spell.ends - spell.begins)
            measured_us += _us(spell.ends - spell.begins)
        since = at - window
        while spells and spells[0].ends <= since:
            gone = spells.popleft()
            weighted -= gone.weight * _us(gone.ends - gone.begins)
            measured_us -= _us(gone.ends - gone.begins)
        early_us = _us(since - spells[0].begins) if spells and spells[0].begins < since else 0
        yield at, weighted - (spells[0].weight * early_us if early_us else 0), measured_us - early_us
        before = at, value


def _us(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)
