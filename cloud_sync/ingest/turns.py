"""Whose turn it is to store what gateways send over HTTP: people who ask the same process meanwhile come first."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from cloud_sync.errors import Busy

AT_ONCE = 1
WAITING_MAX = 16
"""Each that waits keeps a thread of those that answer people."""
WAIT_S = 8.0
"""A gateway gives up after ten."""


class Turns:
    """So many at once, and so many who wait for it; whoever is more is told to come again."""

    def __init__(self, at_once: int = AT_ONCE, waiting_max: int = WAITING_MAX, wait_s: float = WAIT_S) -> None:
        self._turns = BoundedSemaphore(at_once)
        self._places = BoundedSemaphore(at_once + waiting_max)
        self._wait_s = wait_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it until the end. Raises ``Busy``."""
        if not self._places.acquire(blocking=False):
            raise Busy("more gateways send at this moment than are let in")
        try:
            if not self._turns.acquire(timeout=self._wait_s):
                raise Busy(f"no turn within {self._wait_s:.0f} s, for other gateways send a lot")
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()
