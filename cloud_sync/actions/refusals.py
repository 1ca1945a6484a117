"""Refusals (401, 403) leave events; whoever is refused again and again, one a minute that counts the others."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event

ONE_IN_S = 60.0
REMEMBERED_MAX = 1000
STRANGER = "somebody unknown"


class Refusals:
    """Writes them down. Safe to use from many threads."""

    def __init__(self, database: Database, mono_s: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._mono_s = mono_s
        self._lock = Lock()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def note(self, *, actor: str | None, address: str, request: str, reason: str) -> None:
        """``actor`` None: no token, or one that nobody knows. While the database is away nothing can be noted."""
        key = (actor or "", address)
        with self._lock:
            since_s, more = self._told.get(key, (-ONE_IN_S, 0))
            now_s = self._mono_s()
            if now_s - since_s < ONE_IN_S:
                self._told[key] = (since_s, more + 1)
                return
            if len(self._told) >= REMEMBERED_MAX:
                self._told.clear()
            self._told[key] = (now_s, 0)
        data = {"address": address, "request": request, "more_since_the_last": more}
        try:
            with self._database.transaction() as connection:
                add_event(connection, actor=actor or STRANGER, kind="refused", subject=f"address:{address}",
                          reason=reason[:1000], data=data)  # fmt: skip
        except DatabaseDown:
            return
