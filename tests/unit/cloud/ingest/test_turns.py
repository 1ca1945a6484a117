"""Turns: so many at once, so many who wait, and everybody else is told to come again."""

import threading
from contextlib import ExitStack

import pytest

from cloud_sync.errors import Busy
from cloud_sync.ingest.turns import Turns


def test_who_is_more_than_may_wait_is_told_to_come_again_at_once() -> None:
    turns = Turns(at_once=2, waiting_max=0, wait_s=30)
    with turns.taken(), turns.taken(), pytest.raises(Busy, match="more gateways send"):
        _try(turns)
    _try(turns)


def test_who_waits_has_the_turn_that_is_given_back() -> None:
    turns = Turns(at_once=1, waiting_max=1, wait_s=30)
    order: list[str] = []

    def wait() -> None:
        with turns.taken():
            order.append("second")

    waiting = threading.Thread(target=wait)
    with turns.taken():
        waiting.start()
        order.append("first")
    waiting.join(30)
    assert order == ["first", "second"]


def test_who_waits_too_long_is_told_so_and_leaves_its_place() -> None:
    turns = Turns(at_once=1, waiting_max=1, wait_s=0.01)
    with ExitStack() as held:
        held.enter_context(turns.taken())
        for _ in range(3):
            with pytest.raises(Busy, match="no turn within"):
                _try(turns)
    _try(turns)


def _try(turns: Turns) -> None:
    with turns.taken():
        pass
