"""What is unusual enough that somebody should look: use of controlled items, counts, sensors. Evidence, never a
verdict.

Each finding carries the numbers it rests on and what may explain it. The thresholds are such that a house of fifty
people without anything unusual sees about one finding in a year of weeks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

from cloud_sync.planning.distribution import Demand

UNUSUAL = 1e-5
"""The chance below which a week's use is told."""
PEERS_MIN = 3
WEEKS_MIN = 8
COUNTS_MIN = 3
DRIFT_MIN_HOURS = 72


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen. ``key``: what it is about; ``chance``: how likely as much or more is by chance (None: not
    computed)."""

    key: str
    text: str
    evidence: Mapping[str, object]
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class PersonUse:
    """What one operator issued of one controlled item to one ward, by week, oldest first; the last week is looked
    at."""

    operator: str
    ward: str
    item: str
    weeks: tuple[int, ...]


def unusual_use(uses: Sequence[PersonUse]) -> list[Finding]:
    """Operators whose last week with an item at a ward is far above their own weeks and those of colleagues there."""
    found = []
    for use in uses:
        peers = [each for each in uses if (each.ward, each.item) == (use.ward, use.item) and each is not use]
        if len(use.weeks) < WEEKS_MIN or len(peers) < PEERS_MIN or use.weeks[-1] == 0:
            continue
        own = use.weeks[:-1]
        others = [week for each in peers for week in each.weeks]
        last = use.weeks[-1]
        chances = [_chance_of(last, known) for known in (own, others)]
        if max(chances) >= UNUSUAL:
            continue
        evidence = {
            "item": use.item, "ward": use.ward, "operator": use.operator, "last_week": last,
            "own_weeks": list(own), "own_mean": round(fmean(own), 2), "colleagues": len(peers),
            "colleagues_mean": round(fmean(others), 2), "chance": max(chances),
        }  # fmt: skip
        text = (
            f"{use.item} at {use.ward}: {last} units in a week were issued by one person, who usually issues "
            f"{fmean(own):.1f}; {len(peers)} colleagues there issue {fmean(others):.1f} on average. More "
            f"patients, a new "
            "task or a shift that was taken over explain it as well: look at the orders of that week."
        )
        found.append(Finding(f"{use.item}:{use.ward}:{use.operator}", text, evidence, max(chances)))
    return found


def _chance_of(units: int, known: Sequence[int]) -> float:
    """The chance of at least so many in a week, by weeks that are known (negative binomial, one pseudo-week of
    caution)."""
    mean = (sum(known) + max(1.0, median(known))) / (len(known) + 1)
    variance = max(mean, sum((week - mean) ** 2 for week in known) / max(1, len(known) - 1))
    demand = Demand(mean, variance * (1 + 1 / len(known)))
    return 1.0 if demand.quantile(1 - UNUSUAL) >= units else UNUSUAL / 10


@dataclass(frozen=True, slots=True)
class CountedPosition:
    """What counts of one item in one place found, oldest first: counted and expected base units, and whose count it
    was."""

    item: str
    place: str
    results: tuple[tuple[int, int], ...]
    numbers: tuple[str, ...]


def differing_counts(positions: Sequence[CountedPosition]) -> list[Finding]:
    """Places where the latest counts of an item all differed to the same side."""
    found = []
    for each in positions:
        latest = each.results[-COUNTS_MIN:]
        gaps = [counted - expected for counted, expected in latest]
        if len(latest) < COUNTS_MIN or not (all(gap < 0 for gap in gaps) or all(gap > 0 for gap in gaps)):
            continue
        side = "less" if gaps[0] < 0 else "more"
        text = (
            f"{each.item} in {each.place}: the last {len(gaps)} counts found {side} than expected "
            f"({', '.join(f'{gap:+d}' for gap in gaps)}). A pack size, a scan that is left out or a label that "
            f"is scanned "
            "twice explain it as well as a loss: watch how it is taken and booked."
        )
        evidence = {"item": each.item, "place": each.place, "gaps": gaps, "counts": list(each.numbers[-len(gaps) :])}
        found.append(Finding(f"{each.item}:{each.place}", text, evidence))
    return found


@dataclass(frozen=True, slots=True)
class SensorPair:
    """Two channels of one metric in one place: the difference of their hourly means (hours since the first, value)."""

    channel: str
    neighbour: str
    unit: str
    differences: tuple[tuple[float, float], ...]


def drifting_sensors(pairs: Sequence[SensorPair], *, drift_max: float) -> list[Finding]:
    """Pairs whose difference moves steadily by more than ``drift_max`` over the time looked at (Theil-Sen slope)."""
    found = []
    for pair in pairs:
        points = pair.differences
        if len(points) < DRIFT_MIN_HOURS:
            continue
        slope = _theil_sen(points)
        span_h = points[-1][0] - points[0][0]
        drift = slope * span_h
        noise = sqrt(fmean((value - slope * hour - _offset(points, slope)) ** 2 for hour, value in points))
        if abs(drift) <= max(drift_max, 2 * noise):
            continue
        text = (
            f"{pair.channel} moves away from {pair.neighbour}: by {drift:+.2f} {pair.unit} in {span_h / 24:.0f} days, "
            f"beyond their usual {noise:.2f}. One of the two drifts, or something changed beside one of them: "
            f"compare both "
            "with a reference."
        )
        evidence = {
            "channel": pair.channel, "neighbour": pair.neighbour, "drift": round(drift, 3),
            "days": round(span_h / 24, 1),
            "noise": round(noise, 3), "hours": len(points),
        }  # fmt: skip
        found.append(Finding(f"{pair.channel}|{pair.neighbour}", text, evidence))
    return found


def _theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """The median of slopes between points half the series apart: not moved by a door that stood open."""
    half = len(points) // 2
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(points, points[half:], strict=False) if b[0] > a[0]]
    return median(slopes) if slopes else 0.0


def _offset(points: Sequence[tuple[float, float]], slope: float) -> float:
    return median(value - slope * hour for hour, value in points)
