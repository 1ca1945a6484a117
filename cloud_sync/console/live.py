"""What all open pages see at once: made once a second for all of them, as long as somebody looks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from math import inf
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")
EVERY_S = 0.5
SHARE = 50
"""Making a figure takes this part of the time at most."""
PATIENCE_S = 0.1
LOG = logging.getLogger(__name__)
SILENT_S_MAX = 15.0
"""After this long without a change it is sent again, so that both ends notice a broken line."""


class Broadcast:
    """One maker for any number of followers of this process."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._latest = ""
        self._version = 0
        self._changed = asyncio.Condition()
        self._followers = 0
        self._making: asyncio.Task[None] | None = None

    async def follow(self, make: Callable[[], Awaitable[str]]) -> AsyncIterator[str]:
        """What ``make`` gives, now and whenever that changes."""
        self._followers += 1
        if self._making is None:
            self._making = asyncio.create_task(self._run(make), name="console broadcast")
        try:
            seen = 0
            while True:
                seen = await self._later_than(seen)
                yield self._latest
        finally:
            self._followers -= 1

    async def _later_than(self, version: int) -> int:
        """Wait for another version, or long enough to say the same again."""
        async with self._changed:
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENT_S_MAX):
                    await self._changed.wait_for(lambda: self._version > version)
            return self._version

    async def _run(self, make: Callable[[], Awaitable[str]]) -> None:
        try:
            while self._followers:
                made = await make()
                if made != self._latest:
                    async with self._changed:
                        self._latest = made
                        self._version += 1
                        self._changed.notify_all()
                await asyncio.sleep(self._every_s)
        finally:
            self._making = None


class Recent(Generic[T]):
    """A figure that costs something and may be some seconds old. Nobody waits for it: it is made beside requests."""

    def __init__(self, keep_s: float = 5.0) -> None:
        self._keep_s = keep_s
        self._made_s = -inf
        self._took_s = 0.0
        self._value: T | None = None
        self._making: Thread | None = None
        self._lock = Lock()

    def get(self, make: Callable[[], T]) -> T | None:
        """The latest one, and it is made anew if it is older than ``keep_s``, or than fifty times what making it takes.

        None if there is none yet: the first one is waited for a moment only.
        """
        with self._lock:
            age_s = monotonic() - self._made_s
            if self._making is None and age_s > max(self._keep_s, self._took_s * SHARE):
                self._making = Thread(target=self._make, args=(make,), name="console figure", daemon=True)
                self._making.start()
            first = self._making if self._value is None else None
        if first is not None:
            first.join(PATIENCE_S)
        return self._value

    def _make(self, make: Callable[[], T]) -> None:
        began_s = monotonic()
        try:
            self._value = make()
        except Exception:
            LOG.exception("a figure of the console could not be made; it is tried again")
        finally:
            with self._lock:
                self._made_s = monotonic()
                self._took_s = self._made_s - began_s
                self._making = None
