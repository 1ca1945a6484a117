"""Refusals are told, but never as a flood."""

from edge_agent.dock.refusal_limiter import PER_MINUTE_MAX, Refusals


def test_the_first_refusal_is_told_at_once_and_its_repeats_as_one() -> None:
    refusals = Refusals()
    assert refusals.add("garbage", mono_ms=0)
    assert [refusals.add("garbage", mono_ms=ms) for ms in (100, 5_000, 9_999)] == [False] * 3
    assert refusals.due(mono_ms=9_999) == ()
    assert refusals.due(mono_ms=10_000) == (("garbage", 3),)
    assert refusals.due(mono_ms=20_000) == ()
    assert refusals.add("garbage", mono_ms=20_001)


def test_a_single_refusal_needs_no_summary() -> None:
    refusals = Refusals()
    refusals.add("garbage", mono_ms=0)
    assert refusals.due(mono_ms=60_000) == ()


def test_a_flood_of_different_refusals_is_summed_up() -> None:
    refusals = Refusals()
    told = [refusals.add(f"garbage {number}", mono_ms=number) for number in range(1000)]
    assert sum(told) == PER_MINUTE_MAX
    assert refusals.due(mono_ms=60_000) == (("refusals of many kinds", 1000 - PER_MINUTE_MAX),)
    assert refusals.add("garbage", mono_ms=60_001)
