"""Jumps faster than physics: asked again before they count, never thrown away."""

import pytest

from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.drivers.plausibility import PACES, JumpGuard


def test_a_jump_that_the_next_reading_confirms_counts_then() -> None:
    guard = JumpGuard()
    assert guard.judge({"temp_c": 5.0}, 0.0) == ""
    assert guard.judge({"temp_c": 85.0}, 2.0) == ("temp_c jumped from 5 to 85 within 2 s: waiting for a second reading")
    assert guard.judge({"temp_c": 84.0}, 4.0) == ""
    assert guard.judge({"temp_c": 83.0}, 6.0) == ""


def test_a_jump_that_goes_back_never_counted() -> None:
    guard = JumpGuard()
    assert guard.judge({"temp_c": 5.0}, 0.0) == ""
    assert guard.judge({"temp_c": -127.0}, 2.0)
    assert guard.judge({"temp_c": 5.1}, 4.0) == ""
    assert guard.judge({"temp_c": -127.0}, 6.0), "what was dismissed confirms nothing later"


def test_values_that_jump_about_stay_suspect() -> None:
    guard = JumpGuard()
    assert guard.judge({"temp_c": 5.0}, 0.0) == ""
    for n, value in enumerate((60.0, -60.0, 120.0, -30.0)):
        assert guard.judge({"temp_c": value}, 1.0 + n)


def test_one_jumping_value_holds_back_its_partner() -> None:
    guard = JumpGuard()
    assert guard.judge({"temp_c": 5.0, "rh_pct": 45.0}, 0.0) == ""
    said = guard.judge({"temp_c": 5.1, "rh_pct": 99.0}, 2.0)
    assert "rh_pct jumped from 45 to 99" in said and "temp_c" not in said


@pytest.mark.parametrize(
    ("metric", "value", "after_s", "counts"),
    [
        ("temp_c", 15.0, 1.0, True),
        ("temp_c", 16.0, 1.0, False),
        ("temp_c", 25.0, 20.0, True),
        ("temp_2_c", 45.0, 1.0, False),
        ("ch2_temp_c", 45.0, 1.0, False),
        ("co2_ppm", 2000.0, 1.0, True),
        ("dp_pa", -300.0, 1.0, True),
    ],
)
def test_how_far_a_value_may_move_depends_on_its_quantity_and_the_time(
    metric: str, value: float, after_s: float, counts: bool
) -> None:
    guard = JumpGuard()
    assert guard.judge({metric: 5.0}, 100.0) == ""
    assert (guard.judge({metric: value}, 100.0 + after_s) == "") is counts


def test_a_first_value_and_a_new_probe_have_nothing_to_be_compared_with() -> None:
    guard = JumpGuard()
    assert guard.judge({"temp_c": -80.0}, 0.0) == ""
    assert guard.judge({"temp_c": -80.0, "temp_2_c": 22.0}, 1.0) == ""


def test_every_pace_is_of_a_quantity() -> None:
    assert all(quantity_of(name) == name for name in PACES)
