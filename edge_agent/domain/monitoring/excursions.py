"""When a channel breaks its place's storage policy: a fold over readings in the order of their times.

One rule is one side of one limit. ``evaluate`` is called with each measurement in turn and gives back the new track
and what happened. Nothing here reads a clock: the same measurements give the same excursions, live or years later.

An excursion reaches from the first measurement beyond the limit (not from the end of the delay) to the first one
that is back within it, hysteresis included. A gap in the measurements does not end it: nobody saw the channel come
back, and product is treated as if it had not. An excursion that is found after a gap began with the last measurement
before it: nobody saw the channel go out, and what left meanwhile may have been outside. The delay is judged on the very
extent that is reported. A gap is not called continuous either: whoever folds the measurements keeps the longest time
within the excursion in which nothing was measured.

What is limited is the value itself, or a signal that follows from the values of a window (``signals``).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from edge_agent.domain.monitoring.signals import Signal


class Side(StrEnum):
    """Which side of the limit is outside."""

    ABOVE = "above"
    BELOW = "below"


class Severity(StrEnum):
    """What an excursion does. ``alert``: somebody has to look. ``action``: it holds the stock that was in it."""

    ALERT = "alert"
    ACTION = "action"


Sensors = Literal["any", "all"] | int
"""How many of the devices that measure one quantity in one place must break a rule before the place does."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit of a storage policy.

    ``limit`` and ``hysteresis`` are in the metric's own unit. ``on_limit_is_outside`` says how a value that equals
    the limit counts (WHO loggers: outside; USP ranges: inside). ``delay_s`` is how long a channel must stay outside
    before it is an excursion. ``source`` is the standard the limit comes from. With a ``signal``, ``limit`` is one on
    the signal and in its unit, and there is no delay. ``gap_s``: a longer time between two measurements is a gap (None:
    no time is one). ``missing_counts``: while nothing is measured, the delay runs on. ``start_delay_s``: for so long
    after a device began to measure in a place nothing is judged. ``sensors``: how many of a place's devices must be
    outside before the place is: ``any`` one, ``all``, or a number.
    """

    name: str
    metric: str
    side: Side
    limit: float
    on_limit_is_outside: bool
    delay_s: float
    hysteresis: float = 0.0
    source: str = ""
    severity: Severity = Severity.ACTION
    signal: Signal | None = None
    gap_s: float | None = None
    missing_counts: bool = False
    start_delay_s: float = 0.0
    sensors: Sensors = "any"

    def is_outside(self, value: float) -> bool:
        """Whether ``value`` breaks the limit."""
        if value == self.limit:
            return self.on_limit_is_outside
        return value > self.limit if self.side is Side.ABOVE else value < self.limit

    def is_back(self, value: float) -> bool:
        """Whether ``value`` is far enough inside to end an excursion."""
        if self.side is Side.ABOVE:
            return not self.is_outside(value + self.hysteresis)
        return not self.is_outside(value - self.hysteresis)

    def began(self, at: datetime, last_at: datetime | None) -> datetime:
        """Since when a value beyond the limit at ``at`` may have been: since the one before, if a gap lies between."""
        if self.gap_s is None or last_at is None or at - last_at <= timedelta(seconds=self.gap_s):
            return at
        return last_at

    def worse(self, a: float, b: float) -> float:
        """The one of two values that is further out."""
        return max(a, b) if self.side is Side.ABOVE else min(a, b)


@dataclass(frozen=True, slots=True)
class Track:
    """Where one rule on one channel stands after the measurements so far.

    ``outside_since`` is the first measurement beyond the limit, None while inside. ``opened`` says whether the delay
    has passed, so that it is an excursion. ``worst`` is the furthest value since then.
    """

    outside_since: datetime | None = None
    opened: bool = False
    worst: float | None = None


NORMAL = Track()
"""A track that has seen nothing outside."""


class Change(StrEnum):
    """What a measurement did to an excursion."""

    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ExcursionChange:
    """An excursion opened or closed. ``ended_at`` is None while it is open."""

    change: Change
    began_at: datetime
    ended_at: datetime | None
    worst: float


def evaluate(
    track: Track, at: datetime, value: float, rule: Rule, *, last_at: datetime | None = None
) -> tuple[Track, tuple[ExcursionChange, ...]]:
    """The track after a good measurement of ``value`` at ``at`` (not before any earlier one), and what it changed.

    ``last_at`` is when the measurement before it was taken (None: there is none).
    """
    if track.outside_since is None or track.worst is None:
        if not rule.is_outside(value):
            return NORMAL, ()
        return opened_if_due(Track(outside_since=rule.began(at, last_at), worst=value), at, rule)
    if rule.is_back(value):
        until_now, changes = opened_if_due(track, at, rule)
        if not until_now.opened:
            return NORMAL, ()
        return NORMAL, (*changes, ExcursionChange(Change.CLOSED, track.outside_since, at, track.worst))
    return opened_if_due(replace(track, worst=rule.worse(track.worst, value)), at, rule)


def opened_if_due(track: Track, at: datetime, rule: Rule) -> tuple[Track, tuple[ExcursionChange, ...]]:
    """The track of a channel that is outside, if it is known by ``at`` that it did not come back; and what that did."""
    assert track.outside_since is not None and track.worst is not None  # noqa: S101 - our own invariant
    if track.opened or at - track.outside_since < timedelta(seconds=rule.delay_s):
        return track, ()
    return replace(track, opened=True), (ExcursionChange(Change.OPENED, track.outside_since, None, track.worst),)


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """Nobody measured: an excursion when there is no good value of ``metric`` for ``after_s`` seconds or longer.

    It reaches from the last good value before the silence to the first one after it. It is only judged as far as the
    ledger knows that it has everything the gateway recorded: before that, silence may still be on its way.
    """

    name: str
    metric: str
    after_s: float
    severity: Severity
    source: str = ""
    sensors: Sensors = "any"
    start_delay_s: float = 0.0

    def worse(self, a: float, b: float) -> float:
        """The longer one of two silences, in seconds."""
        return max(a, b)
