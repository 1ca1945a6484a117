"""Requests of the same moment are answered in one go, each with its own answer."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import pytest

from cloud_sync.storage.group_commit import GroupCommit

WAIT_S = 20


class Slow:
    """Notes its groups; the first one lasts until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go_on = Event(), Event()

    def __call__(self, asked: Sequence[int]) -> list[int | None]:
        self.groups.append(list(asked))
        self.begun.set()
        assert self.go_on.wait(WAIT_S)
        return [None if number < 0 else number * 2 for number in asked]


def test_what_is_asked_meanwhile_is_done_together_and_everybody_gets_its_own_answer() -> None:
    slow = Slow()
    group = GroupCommit(slow, at_once_max=3, leaders_max=1)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(group.answer, 0)
        assert slow.begun.wait(WAIT_S)
        others = [pool.submit(group.answer, number) for number in (1, 2, 3, 4, -5)]
        while group.waiting < len(others):
            assert not first.done()
        slow.go_on.set()
        assert [each.result(WAIT_S) for each in (first, *others)] == [0, 2, 4, 6, 8, None]
    assert slow.groups[0] == [0]
    assert sorted(len(each) for each in slow.groups[1:]) == [2, 3]


def test_if_it_fails_the_others_are_told_to_ask_alone_and_nobody_waits_for_ever() -> None:
    lock, calls = Lock(), []
    begun, go_on = Event(), Event()

    def fails(asked: Sequence[int]) -> list[int | None]:
        with lock:
            calls.append(list(asked))
        begun.set()
        assert go_on.wait(WAIT_S)
        if len(calls) == 2:
            raise OSError("gone")
        return list(asked)

    group = GroupCommit(fails, at_once_max=9, leaders_max=1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.answer, 1)
        assert begun.wait(WAIT_S)
        others = [pool.submit(group.answer, number) for number in (2, 3)]
        while group.waiting < len(others):
            assert not first.done()
        go_on.set()
        assert first.result(WAIT_S) == 1
        failed = [each.exception(WAIT_S) or each.result() for each in others]
        assert sorted(map(str, failed)) == ["None", "gone"]
        assert pool.submit(group.answer, 4).result(WAIT_S) == 4


@pytest.mark.parametrize("leaders", [1, 2, 3])
def test_a_crowd_is_answered_whoever_leads(leaders: int) -> None:
    group: GroupCommit[int, int] = GroupCommit(
        lambda asked: [number * 2 for number in asked], at_once_max=4, leaders_max=leaders
    )
    together = Barrier(12)

    def ask(number: int) -> list[int | None]:
        together.wait(WAIT_S)
        return [group.answer(number * 100 + k) for k in range(50)]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert answers == [[(number * 100 + k) * 2 for k in range(50)] for number in range(12)]
    assert (group.waiting, group.answer(7)) == (0, 14)


def test_a_group_waits_a_moment_for_those_who_were_just_answered_together_and_ask_again() -> None:
    slow = Slow()
    group = GroupCommit(slow, at_once_max=9, leaders_max=1, gather_s=WAIT_S)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.answer, 0)
        assert slow.begun.wait(WAIT_S)
        others = [pool.submit(group.answer, number) for number in (1, 2, 3)]
        while group.waiting < len(others):
            assert not first.done()
        slow.go_on.set()
        again = pool.submit(group.answer, 4)  # expected by the three: it was answered just before they go
        assert [each.result(WAIT_S) for each in (first, *others, again)] == [0, 2, 4, 6, 8]
    assert [sorted(each) for each in slow.groups] == [[0], [1, 2, 3, 4]]


def test_who_has_waited_for_long_goes_beside_a_go_that_lasts() -> None:
    slow = Slow()

    def do(asked: Sequence[int]) -> list[int | None]:
        return slow(asked) if 0 in asked else [number * 2 for number in asked]

    group = GroupCommit(do, at_once_max=9, leaders_max=2, patience_s=0.01)
    with ThreadPoolExecutor(2) as pool:
        lasting = pool.submit(group.answer, 0)
        assert slow.begun.wait(WAIT_S)
        assert pool.submit(group.answer, 1).result(WAIT_S) == 2
        assert not lasting.done()
        slow.go_on.set()
        assert lasting.result(WAIT_S) == 0


class Gated:
    """Notes its groups; each lasts until the gate of its lowest number is opened."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gates: dict[int, Event] = defaultdict(Event)

    def __call__(self, asked: Sequence[int]) -> list[int | None]:
        self.groups.append(sorted(asked))
        assert self.gates[min(asked)].wait(WAIT_S)
        return [number * 2 for number in asked]


def test_beside_a_go_of_few_another_begins_at_once_and_beside_one_of_many_they_wait_and_go_together() -> None:
    """Of sixteen that asked now and then, one in five waited for the end of another's."""
    gated = Gated()
    group = GroupCommit(gated, at_once_max=9, leaders_max=2, patience_s=WAIT_S)

    def until(groups: list[list[int]], waiting: int) -> None:
        while (gated.groups, group.waiting) != (groups, waiting):
            assert len(gated.groups) <= len(groups)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(group.answer, 0)]
        until([[0]], 0)
        asked.append(pool.submit(group.answer, 1))
        until([[0], [1]], 0)
        asked += [pool.submit(group.answer, number) for number in (2, 3, 4)]
        until([[0], [1]], 3)
        gated.gates[0].set()
        until([[0], [1], [2, 3, 4]], 0)
        gated.gates[1].set()
        assert asked[1].result(WAIT_S) == 2
        asked.append(pool.submit(group.answer, 5))
        until([[0], [1], [2, 3, 4]], 1)
        gated.gates[5].set()
        assert not asked[-1].done()
        gated.gates[2].set()
        assert [each.result(WAIT_S) for each in asked] == [0, 2, 4, 6, 8, 10]
    assert gated.groups[3:] == [[5]]
