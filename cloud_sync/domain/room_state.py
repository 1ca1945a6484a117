"""What a room's tile says at a glance: the state of a channel, and the worst of a room's. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edge_agent.domain.monitoring.excursions import Rule, SilenceRule
from edge_agent.domain.monitoring.judged import Judged

LATE_S = 900.0
"""After this long without a value a channel is late, where no rule of its policy says after how long."""


class RoomState(StrEnum):
    """From good to bad, and what nobody judges apart from both."""

    OK = "ok"
    NOT_JUDGED = "not judged"
    LATE = "no data"
    OUTSIDE = "outside"
    EXCURSION = "excursion"


ORDER = list(RoomState)


@dataclass(frozen=True, slots=True)
class Limits:
    """Lowest and highest value that breaks no rule; None: any."""

    low: float | None
    high: float | None
    late_after_s: float


def limits_of(rules: Iterable[Rule | SilenceRule]) -> Limits:
    """What a person looks for on a tile: the limits on the value itself, and after how long silence counts."""
    known = list(rules)
    plain = [rule for rule in known if isinstance(rule, Rule) and rule.signal is None]
    highs = [rule.limit for rule in plain if rule.side == "above"]
    lows = [rule.limit for rule in plain if rule.side == "below"]
    silences = [rule.after_s for rule in known if isinstance(rule, SilenceRule)]
    return Limits(max(lows, default=None), min(highs, default=None), min(silences, default=LATE_S))


def channel_state(
    value: float | None,
    measured_at: datetime | None,
    now: datetime,
    rules: Sequence[Rule | SilenceRule],
    judged: Judged,
) -> RoomState:
    """The state of one channel at ``now``, without its excursions."""
    limits = limits_of(rules)
    if value is None or measured_at is None or now - measured_at > timedelta(seconds=limits.late_after_s):
        return RoomState.LATE
    if judged.is_silent_gap:
        return RoomState.NOT_JUDGED
    plain = [rule for rule in rules if isinstance(rule, Rule) and rule.signal is None]
    return RoomState.OUTSIDE if any(rule.is_outside(value) for rule in plain) else RoomState.OK


def worst(states: Iterable[RoomState]) -> RoomState:
    """The one that a person has to see first; ``OK`` if there is none."""
    return max(states, key=ORDER.index, default=RoomState.OK)
