"""No sender of a fair queue can starve the others."""

import threading

from cloud_sync.ingest.mqtt.fair_queue import ITEM_OVERHEAD_BYTES, FairQueue


def queue_of(**senders: list[bytes]) -> FairQueue:
    queue = FairQueue(items_max_per_sender=100, bytes_max=10**6)
    for sender, items in senders.items():
        for item in items:
            assert queue.put(sender, item)
    return queue


def taken(queue: FairQueue, count: int) -> list[tuple[str, bytes]]:
    found = []
    for _ in range(count):
        item = queue.take()
        assert item is not None
        sender, (one,) = item
        found.append((sender, one))
        queue.done(sender)
    return found


def test_senders_take_turns_and_each_keeps_its_order() -> None:
    queue = queue_of(a=[b"1", b"2", b"3", b"4"], b=[b"5"], c=[b"6", b"7"])
    assert taken(queue, 7) == [
        ("a", b"1"), ("b", b"5"), ("c", b"6"), ("a", b"2"), ("c", b"7"), ("a", b"3"), ("a", b"4"),
    ]  # fmt: skip


def test_one_item_of_a_sender_is_at_work_at_a_time() -> None:
    queue = queue_of(a=[b"1", b"2"], b=[b"3"])
    assert queue.take() == ("a", [b"1"])
    assert queue.take() == ("b", [b"3"])
    waiter = threading.Thread(target=lambda: got.append(queue.take()))
    got: list[tuple[str, list[bytes]] | None] = []
    waiter.start()
    queue.done("b")
    assert got == []
    queue.done("a")
    waiter.join(10)
    assert got == [("a", [b"2"])]


def test_a_sender_gives_up_to_so_many_of_its_own_items_at_once_and_then_the_others_have_their_turn() -> None:
    queue = queue_of(a=[b"1", b"2", b"3", b"4"], b=[b"5"])
    found = []
    for _ in range(3):
        taken_now = queue.take(3)
        assert taken_now is not None
        found.append(taken_now)
        queue.done(taken_now[0])
    assert found == [("a", [b"1", b"2", b"3"]), ("b", [b"5"]), ("a", [b"4"])]


def test_a_sender_has_room_for_so_many_items_whatever_the_others_have() -> None:
    queue = FairQueue(items_max_per_sender=2, bytes_max=10**6)
    assert [queue.put("a", b"x") for _ in range(3)] == [True, True, False]
    assert queue.put("b", b"x")
    taken(queue, 1)
    assert queue.put("a", b"x")


def test_all_senders_together_have_room_for_so_many_bytes_and_empty_items_cost_too() -> None:
    queue = FairQueue(items_max_per_sender=100, bytes_max=2 * ITEM_OVERHEAD_BYTES + 10)
    assert queue.put("a", bytes(11)) is True
    assert queue.put("b", b"") is False
    taken(queue, 1)
    assert [queue.put(sender, b"") for sender in "abc"] == [True, True, False]


def test_a_closed_queue_gives_nothing_and_takes_nothing() -> None:
    queue = queue_of(a=[b"1"])
    queue.close()
    assert queue.take() is None
    assert not queue.put("a", b"2")


def test_closing_wakes_those_who_wait() -> None:
    queue = queue_of()
    waiters = [threading.Thread(target=queue.take) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    queue.close()
    for waiter in waiters:
        waiter.join(10)
        assert not waiter.is_alive()
