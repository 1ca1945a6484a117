"""What every outbox does: messages are claimed, sent, and marked as sent. At least once, each target in its own time.

A message is claimed in a transaction of its own, so that of several processes one sends it. Whoever dies between
sending and marking leaves the claim to run out, and the message goes out again, with the same id.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from random import random

from cloud_sync.errors import DatabaseDown
from cloud_sync.notify.outside import NotDelivered
from cloud_sync.storage.database import Connection, Database, Row

CLAIM = timedelta(seconds=90)
"""Longer than any sending takes; so long a message waits whose sender was killed."""
AT_ONCE = 16
"""Targets that are sent to at the same time."""

log = logging.getLogger(__name__)

Sending = Callable[[], None]
"""Hand one claimed message over to its target. Raises ``NotDelivered``."""


class DurableOutbox(ABC):
    """Sends what is due. ``clock`` gives aware UTC; ``what`` and ``many`` name its messages in the log."""

    what = "message"
    many = "messages"

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], spread: Callable[[], float] = random
    ) -> None:
        self._database = database
        self._clock = clock
        self._spread = spread
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=self.many)
        self._busy: dict[str, Future[bool]] = {}

    def close(self) -> None:
        """Wait for what is being sent."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start_due(self) -> int:
        """Begin to send what is due, without waiting for it: one message to each target at a time. Gives how many."""
        self._busy = {target: future for target, future in self._busy.items() if not future.done()}
        due = self._due(list(self._busy))
        for row in due:
            self._busy[row["target"]] = self._pool.submit(self.deliver, row["id"])
        return len(due)

    def deliver_due(self) -> int:
        """Send all that is due, one after another, and what it leaves due; gives how many messages were handed over."""
        handed_over = 0
        while due := self._due([]):
            handed_over += sum([self.deliver(row["id"]) for row in due])
        return handed_over

    def deliver(self, message_id: int) -> bool:
        """Send one message, if nobody else does; whether it was handed over."""
        try:
            return self._deliver(message_id)
        except DatabaseDown:
            return False  # told by the database itself; the claim runs out
        except Exception:  # one message must not end the thread that sends the others
            log.exception("%s %d could not be sent", self.what, message_id)
            return False

    @abstractmethod
    def due_in(self, connection: Connection, at: datetime, busy: list[str]) -> list[Row]:
        """``target`` and ``id`` of the message whose turn it is, for each target that may be tried and is not busy."""

    @abstractmethod
    def claim_in(self, connection: Connection, message_id: int, at: datetime) -> tuple[Row, Sending] | None:
        """Take a message until ``at`` + :data:`CLAIM`, and how it is sent; None if somebody else did. ``id`` and
        ``target`` are in the row."""

    @abstractmethod
    def note_success_in(self, connection: Connection, row: Row, at: datetime) -> datetime | None:
        """A message was taken. Gives since when its target had failed, if it had."""

    @abstractmethod
    def note_failure_in(self, connection: Connection, row: Row, reason: str, at: datetime) -> int:
        """A message was not taken; it is tried again. Gives how often in a row its target has failed now."""

    def _due(self, busy: list[str]) -> list[Row]:
        with self._database.transaction() as connection:
            return self.due_in(connection, self._clock(), busy)

    def _deliver(self, message_id: int) -> bool:
        at = self._clock()
        with self._database.transaction() as connection:
            claimed = self.claim_in(connection, message_id, at)
        if claimed is None:
            return False
        row, send = claimed
        try:
            send()
        except NotDelivered as error:
            self._note_failure(row, str(error))
            return False
        except Exception as error:
            self._note_failure(row, f"a defect of the ledger: {type(error).__name__}")
            raise
        self._note_success(row)
        return True

    def _note_success(self, row: Row) -> None:
        at = self._clock()
        with self._database.transaction() as connection:
            failed_since = self.note_success_in(connection, row, at)
        if failed_since is not None:
            seconds = (at - failed_since).total_seconds()
            log.warning("%s reach %s again, after %.0f s", self.many, row["target"], seconds)

    def _note_failure(self, row: Row, reason: str) -> None:
        with suppress(DatabaseDown), self._database.transaction() as connection:
            if self.note_failure_in(connection, row, reason, self._clock()) == 1:
                log.warning("%s do not reach %s: %s", self.many, row["target"], reason)
