"""Of all ledgers on one database, in however many processes, one does what has to be done once.

The lead is an advisory lock of a session: PostgreSQL takes it back the moment the session ends, and ends the session
of a process that was killed at once, or, if its whole machine went away, after ``LOST_AFTER_S``. The others ask for it
every ``ASK_EVERY_S``. What is done by who leads must do no harm if it is done twice: a leader that lost its session
notices only when it asks next.
"""

import logging
from threading import Event, Thread
from typing import Self

import psycopg

from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

ASK_EVERY_S = 1.0
LOST_AFTER_S = 6
"""How soon the server gives up a session whose machine does not answer."""
LEAD = 0x4C454144
"""The key of the lock."""

log = logging.getLogger(__name__)


class Leadership:
    """Whether this process leads, as far as it knows. Between ``with`` and its end it wants to."""

    def __init__(self, database: Database, *, ask_every_s: float = ASK_EVERY_S) -> None:
        self._database = database
        self._ask_every_s = ask_every_s
        self._leads, self._stop = Event(), Event()
        self._thread = Thread(target=self._run, name="leadership", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def is_ours(self) -> bool:
        """Whether this process leads."""
        return self._leads.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until this process leads, at the longest so long; gives whether it does."""
        return self._leads.wait(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._lead_until_lost()
            except psycopg.OperationalError:
                pass  # the database itself tells that it is away
            finally:
                self._leads.clear()
            self._stop.wait(self._ask_every_s)

    def _lead_until_lost(self) -> None:
        with self._database.session(lost_after_s=LOST_AFTER_S) as connection:
            while not self._stop.is_set():
                if self._leads.is_set():
                    queries("access").answers(connection)
                elif queries("locks").try_to_lead(connection, key=LEAD):
                    self._leads.set()
                    log.info("this process leads: it keeps house from now on")
                self._stop.wait(self._ask_every_s)
