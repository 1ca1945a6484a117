"""A bounded queue of many senders in which none can starve the others."""

import threading
from collections import deque
from dataclasses import dataclass, field

ITEM_OVERHEAD_BYTES = 500
"""What an item costs beyond its bytes, so that empty ones are bounded too."""


@dataclass
class _Lane:
    items: deque[bytes] = field(default_factory=deque)
    is_busy: bool = False


class FairQueue:
    """Takes bytes by sender, gives them out sender by sender in turn, each sender's in order, to one taker at once.

    Safe to use from many threads.
    """

    def __init__(self, *, items_max_per_sender: int, bytes_max: int) -> None:
        """What a sender may have waiting, and what all of them together may."""
        self._items_max_per_sender = items_max_per_sender
        self._bytes_max = bytes_max
        self._bytes = 0
        self._lanes: dict[str, _Lane] = {}
        self._turns: deque[str] = deque()  # senders that have something waiting and nothing at work
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, sender: str, item: bytes) -> bool:
        """Whether there was room for it."""
        with self._changed:
            lane = self._lanes.get(sender) or _Lane()
            if self._is_closed or len(lane.items) >= self._items_max_per_sender:
                return False
            if self._bytes + len(item) + ITEM_OVERHEAD_BYTES > self._bytes_max:
                return False
            self._lanes[sender] = lane
            lane.items.append(item)
            self._bytes += len(item) + ITEM_OVERHEAD_BYTES
            if not lane.is_busy and len(lane.items) == 1:
                self._turns.append(sender)
                self._changed.notify()
            return True

    def is_half_empty(self) -> bool:
        """Whether everyone has at least half of the room there is."""
        with self._changed:
            half = self._items_max_per_sender / 2
            return self._bytes <= self._bytes_max / 2 and all(len(lane.items) <= half for lane in self._lanes.values())

    def take(self, items_max: int = 1) -> tuple[str, list[bytes]] | None:
        """Wait for a sender's next items, up to so many of those that wait; nothing once the queue is closed.

        Call ``done`` with the sender afterwards.
        """
        with self._changed:
            while not self._turns and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return None
            sender = self._turns.popleft()
            lane = self._lanes[sender]
            lane.is_busy = True
            items = [lane.items.popleft() for _ in range(min(items_max, len(lane.items)))]
            self._bytes -= sum(len(item) + ITEM_OVERHEAD_BYTES for item in items)
            return sender, items

    def done(self, sender: str) -> None:
        """What was taken of ``sender`` is dealt with: its next one may be taken, after the others had their turn."""
        with self._changed:
            lane = self._lanes[sender]
            lane.is_busy = False
            if lane.items:
                self._turns.append(sender)
                self._changed.notify()
            else:
                del self._lanes[sender]

    def close(self) -> None:
        """Give out nothing more. What waits is dropped."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
