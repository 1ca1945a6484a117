"""Pauses between attempts: doubling, limited, with jitter, and short again after a success."""

import random

from edge_agent.uplink.backoff import Backoff


def pauses_of(backoff: Backoff, failures: int) -> list[float]:
    pauses = []
    for _ in range(failures):
        backoff.failed()
        pauses.append(backoff.pause_s())
    return pauses


def test_pauses_grow_to_their_limit_and_start_over_after_a_success() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 1.0)
    assert pauses_of(backoff, 10) == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    backoff.succeeded()
    assert pauses_of(backoff, 2) == [1, 2]


def test_gateways_do_not_come_back_together() -> None:
    pauses = pauses_of(Backoff(1.0, 60.0, random.Random(1).random), 10)
    for pause, whole in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60], strict=True):
        assert whole / 2 <= pause <= whole
    assert len(set(pauses[6:])) == 4


def test_a_longest_pause_below_the_shortest_holds() -> None:
    assert pauses_of(Backoff(5.0, 1.0, lambda: 1.0), 2) == [1, 1]


def test_an_outage_of_years_has_a_pause() -> None:
    assert pauses_of(Backoff(1.0, 60.0, lambda: 0.0), 5_000)[-1] == 30
