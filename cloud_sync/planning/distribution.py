"""Demand over some days as a distribution: negative binomial, Poisson where it varies no more than its mean.

Means and variances are in base units; so are quantiles. Means above :data:`EXACT_MEAN_MAX` are counted in larger steps
(negative binomial) or taken as normal, which at that size is the same to a base unit in a hundred.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, exp, log, sqrt
from statistics import NormalDist

EXACT_MEAN_MAX = 60.0
STEPS_MAX = 4000
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Demand:
    """How much is wanted over some days."""

    mean: float
    variance: float

    def quantile(self, probability: float) -> int:
        """The smallest quantity that is enough with this probability (0 to 1)."""
        if self.mean <= 0:
            return 0
        step = self._step()
        if step is None:
            return max(0, ceil(self.mean + _NORMAL.inv_cdf(probability) * sqrt(self.variance)))
        for units, _, covered in _table(self.mean / step, self.variance / step**2):
            if covered >= probability:
                return ceil(units * step)
        return ceil(STEPS_MAX * step)

    def enough_for(self, shortage_max: float) -> int:
        """The smallest quantity of which so many base units at most are missing on average."""
        if self.mean <= shortage_max:
            return 0
        step = self._step()
        if step is None:
            return self._normal_enough_for(shortage_max)
        missing = self.mean / step
        for units, _, covered in _table(self.mean / step, self.variance / step**2):
            if missing <= shortage_max / step:
                return ceil(units * step)
            missing -= 1 - covered
        return ceil(STEPS_MAX * step)

    def shortage(self, quantity: float) -> float:
        """Base units that are missing on average if there are so many."""
        if quantity <= 0 or self.mean <= 0:
            return max(0.0, self.mean)
        step = self._step()
        if step is None:
            spread = sqrt(self.variance)
            z = (quantity - self.mean) / spread
            return spread * (_NORMAL.pdf(z) - z * (1 - _NORMAL.cdf(z)))
        missing = self.mean / step
        for units, _, covered in _table(self.mean / step, self.variance / step**2):
            if units >= quantity / step:
                break
            missing -= (1 - covered) * min(1.0, quantity / step - units)
        return max(0.0, missing * step)

    def _step(self) -> float | None:
        """Base units that are counted at once; None: it is taken as normal."""
        if self.mean <= EXACT_MEAN_MAX:
            return 1.0
        step = self.mean / EXACT_MEAN_MAX
        return step if self.variance / step**2 > EXACT_MEAN_MAX else None

    def _normal_enough_for(self, shortage_max: float) -> int:
        low, high = 0.0, self.mean + 10 * sqrt(self.variance) + 10
        while high - low > 0.5:
            middle = (low + high) / 2
            low, high = (low, middle) if self.shortage(middle) <= shortage_max else (middle, high)
        return ceil(high)


def _table(mean: float, variance: float) -> Iterator[tuple[int, float, float]]:
    """Units, their probability, and the probability of at most so many."""
    over = variance - mean
    if over <= mean * 1e-6:
        ratio, size, chance = None, 0.0, exp(-mean)
    else:
        size = mean * mean / over
        ratio = over / variance  # 1 - p
        chance = exp(size * log(mean / variance))
    covered = 0.0
    for units in range(STEPS_MAX):
        covered += chance
        yield units, chance, covered
        chance *= mean / (units + 1) if ratio is None else (units + size) / (units + 1) * ratio
