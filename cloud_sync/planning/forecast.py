"""What an item will be used at a place, from its use by week: the method that would have served best so far.

Each method gives, for every week, what it would have forecast then of what was known then (*rolling origin*). It is
judged by how far the sum over the lead time was from what was used, squared, so that what rarely happens is not
forecast as never. A week in which stock was out or on hold (*censored*) says only that at least so much was wanted:
it moves a forecast up, never down, and nothing is judged by it.

Methods: simple exponential smoothing (Brown 1956); Croston 1972 and its correction (Syntetos and Boylan 2005, SBA);
TSB, which forgets what is no longer used (Teunter, Syntetos and Babai 2011); ADIDA, which forecasts sums over the mean
interval (Nikolopoulos et al. 2011); seasonal naive: as in the same weeks a year ago.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import ceil

YEAR_WEEKS = 52
ORIGINS_MAX = 40
ORIGINS_MIN = 6
"""With fewer weeks to judge by, the plain mean is used."""
GAIN = 0.35
"""The plain mean is left only for what errs less by more than this / root of the weeks with a use: of rare uses, the
difference is mostly chance."""
USES_MIN = 8
"""With fewer weeks with a use the plain mean is used, whatever erred less: a year without one says little then."""
SEASON_GAIN = 0.85
"""Last year's weeks are believed only where they err clearly less than the best of the others."""


class Method(StrEnum):
    """How a forecast is made."""

    MEAN = "mean"
    SES = "exponential smoothing"
    CROSTON = "Croston"
    SBA = "SBA"
    TSB = "TSB"
    ADIDA = "ADIDA"
    SEASONAL = "seasonal naive"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected over the next weeks, in base units.

    ``weekly`` is the mean a week over the horizon; ``error`` is the mean squared error of the sum over the horizon;
    ``tried``: each method with the root of its error; ``weeks`` is how many weeks are known, ``judged`` by how many
    origins the methods were judged.
    """

    method: Method
    weekly: float
    error: float
    horizon_weeks: int
    weeks: int
    judged: int
    tried: tuple[tuple[Method, float], ...] = ()


def forecast(
    used: Sequence[int], censored: Sequence[bool], horizon_weeks: int, *, only: Method | None = None
) -> Forecast:
    """The best forecast of what is used in the next ``horizon_weeks``; ``used`` by week, oldest first.

    ``only`` takes one method, whatever the others would have done.
    """
    start = next((week for week, units in enumerate(used) if units), len(used))
    known, cut = used[start:], censored[start:]
    n, h = len(known), max(1, horizon_weeks)
    if not n:
        return Forecast(Method.MEAN, 0.0, 0.0, h, len(used), 0)
    sums = [0, *accumulate(known)]
    holes = [0, *accumulate(map(int, cut))]
    first = max(min(4, n), n - h - ORIGINS_MAX + 1)
    origins = [t for t in range(first, n - h + 1) if holes[t + h] == holes[t]]
    mean = _mean(known, cut)
    uses = sum(map(bool, known))
    if len(origins) < ORIGINS_MIN or (uses < USES_MIN and only is None):
        spread = sum((units - mean) ** 2 for units in known) / n
        return Forecast(Method.MEAN, mean, h * max(spread, mean), h, len(used), len(origins))
    found: list[tuple[float, Method, float]] = []
    wanted = [(t, sums[t + h] - sums[t]) for t in origins]
    for method, rates in _flat(known, cut, mean, only):
        error = 0.0
        for t, units in wanted:
            off = h * rates[t] - units
            error += off * off
        found.append((error / len(origins), method, rates[n]))
    gain = 1 - GAIN / max(1, uses) ** 0.5
    best = min(
        found,
        key=lambda each: each[0] * (gain if each[1] is Method.MEAN else 1.0),
        default=(float("inf"), Method.MEAN, mean),
    )
    season = _seasonal(known, sums, origins, n, h) if only in (None, Method.SEASONAL) else None
    if season is not None:
        found.append(season)
        # What a ward orders every fourth week is used, though it was not in these weeks a year ago.
        if only or (season[2] > 0 and season[0] < SEASON_GAIN * best[0]):
            best = season
    tried = tuple((method, error**0.5) for error, method, _ in found)
    return Forecast(best[1], best[2], best[0], h, len(used), len(origins), tried)


def _mean(used: Sequence[int], cut: Sequence[bool]) -> float:
    """The mean of the weeks that say all that was wanted."""
    whole = [units for units, is_cut in zip(used, cut, strict=True) if not is_cut]
    return max(sum(whole) / len(whole) if whole else 0.0, sum(used) / len(used))


def _flat(
    used: Sequence[int], cut: Sequence[bool], mean: float, only: Method | None
) -> list[tuple[Method, list[float]]]:
    """Methods that expect every week to be alike: what each expected before each week, and after the last."""
    start = sum(used[:4]) / min(4, len(used))
    every = sum(map(bool, used))
    found: list[tuple[Method, list[float]]] = []
    if only in (None, Method.MEAN):
        found.append((Method.MEAN, _means(used, cut)))
    if only in (None, Method.SES):
        found += [(Method.SES, _ses(used, cut, start, weight)) for weight in (0.05, 0.15, 0.3)]
    if every >= 0.9 * len(used) and only is None:
        return found  # used every week: the others are the same
    interval = len(used) / max(1, every)
    if only in (None, Method.CROSTON, Method.SBA):
        plain = _croston(used, cut, 0.1)
        if only is not Method.SBA:
            found.append((Method.CROSTON, plain))
        if only is not Method.CROSTON:
            found.append((Method.SBA, [0.95 * rate for rate in plain]))
    if only in (None, Method.TSB):
        found += [(Method.TSB, _tsb(used, cut, weight)) for weight in (0.05, 0.15)]
    if only in (None, Method.ADIDA):
        found.append((Method.ADIDA, _adida(used, cut, start, ceil(interval))))
    return found


def _means(used: Sequence[int], cut: Sequence[bool]) -> list[float]:
    """The mean of all weeks so far that say all that was wanted."""
    total, weeks = 0, 0
    rates = []
    for units, is_cut in zip(used, cut, strict=True):
        rates.append(total / weeks if weeks else float(used[0]))
        if not is_cut or units * weeks > total:
            total += units
            weeks += 1
    rates.append(total / weeks if weeks else 0.0)
    return rates


def _ses(used: Sequence[int], cut: Sequence[bool], level: float, weight: float) -> list[float]:
    rates = [level]
    for units, is_cut in zip(used, cut, strict=True):
        if not is_cut or units > level:
            level += weight * (units - level)
        rates.append(level)
    return rates


def _croston(used: Sequence[int], cut: Sequence[bool], weight: float) -> list[float]:
    size, interval, since = 0.0, 0.0, 0
    rates = []
    for units, is_cut in zip(used, cut, strict=True):
        rates.append(size / interval if interval else 0.0)
        if units:
            since += 1
            size, interval = (
                (size + weight * (units - size), interval + weight * (since - interval))
                if interval
                else (float(units), float(since))
            )
            since = 0
        elif not is_cut:  # an empty week in which there was nothing to give says nothing of the interval
            since += 1
    # Croston's forecast changes at a use only; what has not been used for twice its interval is waited for no longer.
    waited = max(interval, since / 2)
    rates.append(size / waited if waited else 0.0)
    return rates


def _tsb(used: Sequence[int], cut: Sequence[bool], weight: float) -> list[float]:
    busy = sum(map(bool, used[:13])) / min(13, len(used))
    chance, size = max(busy, 1 / 13), 0.0
    rates = []
    for units, is_cut in zip(used, cut, strict=True):
        rates.append(chance * size)
        if units:
            size = size + 0.1 * (units - size) if size else float(units)
            chance += weight * (1 - chance)
        elif not is_cut:
            chance -= weight * chance
    rates.append(chance * size)
    return rates


def _adida(used: Sequence[int], cut: Sequence[bool], start: float, together: int) -> list[float]:
    """Of sums over ``together`` weeks, which end at each week: one smoothing for each way to cut the weeks."""
    k = max(1, together)
    levels = [start * k] * k
    rates = [start]
    total = 0
    for week, units in enumerate(used):
        total += units - (used[week - k] if week >= k else 0)
        phase = week % k
        if week + 1 >= k and (not cut[week] or total > levels[phase]):
            levels[phase] += 0.2 * (total - levels[phase])
        rates.append(levels[phase] / k)
    return rates


def _seasonal(
    used: Sequence[int], sums: Sequence[int], origins: Sequence[int], n: int, h: int
) -> tuple[float, Method, float] | None:
    """As in the same weeks a year ago; None where too few weeks are more than a year old."""
    judged = [t for t in origins if t >= YEAR_WEEKS]
    if len(judged) < ORIGINS_MIN or h > YEAR_WEEKS:
        return None
    error = 0.0
    for t in judged:
        off = sums[t - YEAR_WEEKS + h] - sums[t - YEAR_WEEKS] - sums[t + h] + sums[t]
        error += off * off
    return error / len(judged), Method.SEASONAL, (sums[n - YEAR_WEEKS + h] - sums[n - YEAR_WEEKS]) / h
