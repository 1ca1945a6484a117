"""Orders that lost reserved stock are planned again; reservations that nobody confirmed, and of expired stock, end."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Self

from cloud_sync.actions.orders.allocate import end_unconfirmed
from cloud_sync.actions.orders.fulfilment import replan_broken
from cloud_sync.errors import DatabaseDown
from cloud_sync.posting.reservations.broken_reservations import expire_reservations
from cloud_sync.storage.database import Database

EVERY_S = 1.0
"""How soon after a reservation was broken other stock is reserved, at the latest."""
EXPIRE_EVERY = timedelta(minutes=1)
"""How often reservations are looked through for stock that has expired."""

log = logging.getLogger(__name__)


class Replanning:
    """A thread that plans orders again while the ledger runs, if its process leads. Any number of ledgers may each have
    one."""

    def __init__(
        self,
        database: Database,
        *,
        every_s: float = EVERY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._every_s = every_s
        self._clock = clock
        self._leads = leads
        self._expired_at: datetime | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, name="replanning", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            if not self._leads():
                continue
            try:
                now = self._clock()
                end_unconfirmed(self._database, at=now)
                self._expire(now)
                numbers = replan_broken(self._database, at=now)
            except DatabaseDown:
                continue  # told once by the database itself
            except Exception:  # planning must go on for the other orders; the next round tries again
                log.exception("orders could not be planned again")
                continue
            if numbers:
                log.warning("planned again after broken reservations: %s", ", ".join(numbers))

    def _expire(self, now: datetime) -> None:
        # A clock that was set back must not keep it from happening.
        if self._expired_at is None or abs(now - self._expired_at) >= EXPIRE_EVERY:
            expire_reservations(self._database, at=now)
            self._expired_at = now
