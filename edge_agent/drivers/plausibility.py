"""A value that jumps faster than physics is suspect: it counts only once the next one confirms it. Pure.

Bits that turn on a long line, a probe that is pulled out and put back, a sensor chip that answers with its power-up
value: all of them look like a jump. So does a freezer probe that is carried into the room, which is why a jump is never
thrown away, only asked again. A driver that can ask does so at once; one that cannot waits for the next frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.domain.monitoring.quantities import quantity_of


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a quantity may change: ``step`` at any time, and ``per_s`` for each second since the last value."""

    step: float
    per_s: float


PACES: Mapping[str, Pace] = {
    "temp_c": Pace(10.0, 0.5),
    "dew_c": Pace(15.0, 1.0),
    "rh_pct": Pace(40.0, 2.0),
    "p_pa": Pace(2_000.0, 50.0),
}
"""Of a sensor in its housing, in air. A probe that is dipped into ice water may be faster: it is then reported one
value later. Differential pressure, CO2 and counts have no entry: doors and people change them at once."""


class JumpGuard:
    """One device's values over time. Times are monotonic seconds, passed in."""

    def __init__(self, paces: Mapping[str, Pace] = PACES) -> None:
        self._paces = paces
        self._counted: dict[str, tuple[float, float]] = {}
        self._asked_again: dict[str, tuple[float, float]] = {}

    def judge(self, values: Mapping[str, float], at_s: float) -> str:
        """Why ``values`` do not count yet, in words; '' if they do.

        They count if each is within reach of its last one that counted, or of the one that was asked again. Values that
        are suspect are kept to be compared with what comes next.
        """
        jumps = [metric for metric, value in values.items() if not self._is_within_reach(metric, value, at_s)]
        if jumps:
            self._asked_again = {metric: (value, at_s) for metric, value in values.items()}
            return "; ".join(self._told(metric, values[metric], at_s) for metric in jumps)
        self._counted |= {metric: (value, at_s) for metric, value in values.items()}
        self._asked_again = {}
        return ""

    def _is_within_reach(self, metric: str, value: float, at_s: float) -> bool:
        pace = self._paces.get(quantity_of(metric))
        before = [known[metric] for known in (self._counted, self._asked_again) if metric in known]
        return (
            pace is None
            or not before
            or any(abs(value - last) <= pace.step + pace.per_s * (at_s - last_s) for last, last_s in before)
        )

    def _told(self, metric: str, value: float, at_s: float) -> str:
        last, last_s = self._counted.get(metric) or self._asked_again[metric]
        return f"{metric} jumped from {last:g} to {value:g} within {at_s - last_s:.0f} s: waiting for a second reading"
