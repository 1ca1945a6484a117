"""Particle counts: classes, grades, rolling sums."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.monitoring.cleanroom import (
    GRADE_MONITORING_LIMITS,
    ISO_CLASS_LIMITS,
    LITRES_PER_CUBIC_FOOT,
    ParticleSample,
    differential,
    iso_class,
    rolling_m3,
)

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def minutes_of(counts: list[int]) -> list[ParticleSample]:
    return [
        ParticleSample(START + timedelta(minutes=n), LITRES_PER_CUBIC_FOOT, {5.0: count})
        for n, count in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("concentrations", "number"),
    [({0.5: 3_520}, 5), ({0.5: 3_521}, 6), ({0.5: 352_000, 5.0: 2_931}, 8), ({0.5: 1e9}, None), ({}, None)],
)
def test_the_class_is_the_best_whose_limits_all_hold(concentrations: dict[float, float], number: int | None) -> None:
    assert iso_class(concentrations) == number


def test_the_tables_follow_the_formula_of_the_standard() -> None:
    for number, limits in ISO_CLASS_LIMITS.items():
        for size, limit in limits.items():
            assert limit == pytest.approx(10**number * (0.1 / size) ** 2.08, rel=0.06)


def test_a_dirtier_grade_never_has_a_lower_limit() -> None:
    for state in ("at_rest", "in_operation"):
        known = [limits for grade in "ABCD" if (limits := GRADE_MONITORING_LIMITS[grade][state])]
        for cleaner, dirtier in pairwise(known):
            assert all(cleaner[size] <= dirtier[size] for size in cleaner)


def test_one_particle_in_a_cubic_foot_is_no_breach_of_29_per_m3() -> None:
    assert rolling_m3(minutes_of([0] * 35 + [1]), 5.0) == pytest.approx(1 / 1.0194, abs=1e-3)


def test_less_than_a_cubic_metre_is_not_judged() -> None:
    assert rolling_m3(minutes_of([9] * 35), 5.0) is None


def test_what_is_older_than_a_cubic_metre_is_forgotten() -> None:
    assert rolling_m3(minutes_of([1000] + [0] * 36), 5.0) == 0


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6))
def test_bands_add_up_to_the_cumulative_counts(bands: list[int]) -> None:
    cumulative = {float(size): sum(bands[size:]) for size in range(len(bands))}
    assert list(differential(cumulative).values()) == bands


def test_a_count_that_grows_with_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3 particles from 1\.0"):
        differential({0.5: 2, 1.0: 3})
