"""Mean kinetic temperature against published and recomputed series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.monitoring.mkt import mean_kinetic_temperature_c

HOUR_S = 3600


@pytest.mark.parametrize(
    ("spells", "celsius"),
    [
        ([(25, 1)], 25.0000),
        ([(20, 1), (30, 1)], 26.2599),
        ([(25, 23), (40, 1)], 26.3721),
        ([(5, 18), (14, 6)], 8.2852),
        ([(5, 23), (15, 1)], 5.7635),
        ([(5, 12), (15, 12)], 11.3867),
        ([(22.5, 29 * 24), (30, 24)], 22.8738),
        ([(22.5, 29 * 24), (39, 24)], 23.8478),
        ([(c, 1) for c in (2, 3, 4, 5, 6, 7, 8)], 5.2423),
    ],
)
def test_known_series(spells: list[tuple[float, float]], celsius: float) -> None:
    assert mean_kinetic_temperature_c(spells) == pytest.approx(celsius, abs=5e-5)


SPELLS = st.lists(st.tuples(st.floats(-40, 60), st.floats(1, 1e6)), min_size=1, max_size=20)


@given(SPELLS)
def test_it_lies_between_the_mean_and_the_highest_temperature(spells: list[tuple[float, float]]) -> None:
    total_s = sum(spell_s for _, spell_s in spells)
    mean = sum(celsius * spell_s for celsius, spell_s in spells) / total_s
    mkt = mean_kinetic_temperature_c(spells)
    assert mean - 1e-6 <= mkt <= max(celsius for celsius, _ in spells) + 1e-6


@given(st.floats(-30, 50), st.lists(st.floats(1, 1000), min_size=1, max_size=5))
def test_how_a_spell_is_cut_up_does_not_matter(celsius: float, pieces: list[float]) -> None:
    whole = mean_kinetic_temperature_c([(celsius, sum(pieces)), (5, 100)])
    cut = mean_kinetic_temperature_c([*((celsius, piece) for piece in pieces), (5, 100)])
    assert cut == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("spells", [[], [(5, 0)], [(5, -1)], [(-300, 1)]])
def test_no_time_has_no_temperature(spells: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match=r"no such spell|longer than zero"):
        mean_kinetic_temperature_c(spells)
