"""Particle counts and what they mean: ISO 14644-1 classes, EU GMP Annex 1 grades, rolling sums over 1 m³.

Limits are particles per m³ of at least the given size, cumulative (≥ 0.5 µm includes ≥ 5 µm). A sample whose laser,
flow or timing is in doubt is invalid; it is never "zero particles".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

LITRES_PER_CUBIC_FOOT = 28.3168
LITRES_PER_M3 = 1000.0

# ISO 14644-1:2015 table 1. Classes 1 to 9, sizes in µm. No 5 µm limit in class 5 since 2015 (Annex 1 keeps 29).
ISO_CLASS_LIMITS: Mapping[int, Mapping[float, int]] = MappingProxyType(
    {
        1: {0.1: 10},
        2: {0.1: 100, 0.2: 24, 0.3: 10},
        3: {0.1: 1_000, 0.2: 237, 0.3: 102, 0.5: 35},
        4: {0.1: 10_000, 0.2: 2_370, 0.3: 1_020, 0.5: 352, 1.0: 83},
        5: {0.1: 100_000, 0.2: 23_700, 0.3: 10_200, 0.5: 3_520, 1.0: 832},
        6: {0.1: 1_000_000, 0.2: 237_000, 0.3: 102_000, 0.5: 35_200, 1.0: 8_320, 5.0: 293},
        7: {0.5: 352_000, 1.0: 83_200, 5.0: 2_930},
        8: {0.5: 3_520_000, 1.0: 832_000, 5.0: 29_300},
        9: {0.5: 35_200_000, 1.0: 8_320_000, 5.0: 293_000},
    }
)

# EU GMP Annex 1 (2022), total particle monitoring limits; None where the manufacturer sets the limit.
GRADE_MONITORING_LIMITS: Mapping[str, Mapping[str, Mapping[float, int] | None]] = MappingProxyType(
    {
        "A": {"at_rest": {0.5: 3_520, 5.0: 29}, "in_operation": {0.5: 3_520, 5.0: 29}},
        "B": {"at_rest": {0.5: 3_520, 5.0: 29}, "in_operation": {0.5: 352_000, 5.0: 2_930}},
        "C": {"at_rest": {0.5: 352_000, 5.0: 2_930}, "in_operation": {0.5: 3_520_000, 5.0: 29_300}},
        "D": {"at_rest": {0.5: 3_520_000, 5.0: 29_300}, "in_operation": None},
    }
)


@dataclass(frozen=True, slots=True)
class ParticleSample:
    """One sample of a counter: cumulative counts by size in µm, in ``litres`` of air, ending at ``at``."""

    at: datetime
    litres: float
    counts: Mapping[float, int]


def per_m3(count: int, litres: float) -> float:
    """Concentration in particles per m³.

    >>> round(per_m3(1, LITRES_PER_CUBIC_FOOT), 1)
    35.3
    """
    return count * LITRES_PER_M3 / litres


def iso_class(concentrations: Mapping[float, float]) -> int | None:
    """The best ISO class whose limits hold at every given size that the class limits; None beyond class 9.

    ``concentrations`` maps size in µm to particles per m³. A class that limits none of the sizes proves nothing and
    is passed over.

    >>> iso_class({0.5: 3_520, 5.0: 29})
    5
    >>> iso_class({0.5: 3_521})
    6
    """
    for number, limits in ISO_CLASS_LIMITS.items():
        judged = [concentrations[size] <= limit for size, limit in limits.items() if size in concentrations]
        if judged and all(judged):
            return number
    return None


def rolling_m3(samples: Sequence[ParticleSample], size_um: float) -> float | None:
    """Particles per m³ over the newest samples that together hold at least 1 m³; None until there is that much air.

    ``samples`` are valid ones in the order of time. A limit of 29 per m³ cannot be judged from one cubic foot: a
    single particle in it already means 35 per m³.
    """
    count, litres = 0, 0.0
    for sample in reversed(samples):
        count += sample.counts[size_um]
        litres += sample.litres
        if litres >= LITRES_PER_M3:
            return per_m3(count, litres)
    return None


def differential(counts: Mapping[float, int]) -> dict[float, int]:
    """Counts per size band from cumulative ones: what is at least this size and smaller than the next.

    Raises ``ValueError`` if a larger size has more particles than a smaller one, which no cumulative count can.

    >>> differential({0.5: 100, 1.0: 30, 5.0: 2})
    {0.5: 70, 1.0: 28, 5.0: 2}
    """
    sizes = sorted(counts)
    bands = {}
    for size, larger in zip(sizes, [*sizes[1:], None], strict=True):
        beyond = counts[larger] if larger is not None else 0
        if beyond > counts[size]:
            raise ValueError(f"{beyond} particles from {larger} µm but only {counts[size]} from {size} µm")
        bands[size] = counts[size] - beyond
    return bands
