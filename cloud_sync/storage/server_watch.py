"""A database server that was frozen, or that a network has swallowed: whoever waits for its answer is woken.

Such a server keeps whoever asked it waiting for ever: nothing closes the connection. So once somebody has waited for
``SLOW_S``, another connection is made to it every second. Where that is let in, the server lives, and what takes long
may take long. Where it is not within seconds, the server is silent: requests that a person or a program waits for are
woken, and later ones refused at once, until it answers again. What runs without anybody waiting (imports with
progress, checks of the seal, backups) is woken after ``PATIENT_S``.

Where the address names several servers, somebody looks every second which of them writes: whoever waits for another
one, paused or cut off, is woken as well.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cloud_sync.storage.awaited import is_awaited

LOOK_EVERY_S = 1.0
SLOW_S = 2.0
"""Answers that take longer make somebody look whether the server lives."""
CONNECT_S = 5
"""How soon a server that lives lets in, however busy it is."""
CONNECT_SEVERAL_S = 2
"""The same where another one may: a server that was paused lets in and says nothing."""
PATIENT_S = 60.0
TIMED_OUT = "connection timeout expired"
"""psycopg's own words; of several servers it tells what each of them said, and raises as the last one."""

Connection = psycopg.Connection[Any]


@dataclass(slots=True, eq=False)
class Waiting:
    """One who waits for a connection; also while it commits."""

    since_s: float = field(default_factory=monotonic, init=False)
    is_patient: bool = field(default_factory=lambda: not is_awaited())
    connection: Connection | None = None


class ServerWatch:
    """Looks whether the server answers, and which one writes, as long as it is open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._names_several = names_several(url)
        self._in_use: set[Waiting] = set()
        self._writing: tuple[str, str, int] | None = None
        self._silent_since_s: float | None = None
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name="server watch", daemon=True)
        self._thread.start()

    @property
    def silent_s(self) -> float | None:
        """For how long the server has been silent; None if it answers."""
        since_s = self._silent_since_s
        return None if since_s is None else monotonic() - since_s

    @contextmanager
    def waiting(self) -> Iterator[Waiting]:
        """Somebody will wait for the ``connection`` that they name, until the end."""
        one = Waiting()
        with self._lock:
            self._in_use.add(one)
        try:
            yield one
        finally:
            with self._lock:
                self._in_use.remove(one)

    def note_new(self, connection: Connection) -> None:
        """This connection was just made, so it leads to the server that writes."""
        if self._names_several:
            self._writing = _address_of(connection)

    def check(self, connection: Connection) -> None:
        """Close a connection to a server that writes no longer, without waiting for its answer. Raises
        ``psycopg.OperationalError`` then."""
        if self._writing is not None and _address_of(connection) != self._writing:
            connection.close()
            raise psycopg.OperationalError("another database server writes now")

    def close(self) -> None:
        """Look no longer."""
        self._is_over.set()
        self._thread.join()

    def _look_again(self) -> None:
        while not self._is_over.wait(LOOK_EVERY_S):
            if self._names_several or self._silent_since_s is not None or self._somebody_waits_long():
                self._look()

    def _somebody_waits_long(self) -> bool:
        slow_since_s = monotonic() - SLOW_S
        with self._lock:
            return any(each.since_s < slow_since_s for each in self._in_use)

    def _look(self) -> None:
        began_s = monotonic()
        try:
            with psycopg.connect(self._url, connect_timeout=connect_s(self._url)) as writing:
                address = _address_of(writing)
        except psycopg.OperationalError as error:
            if TIMED_OUT in str(error):
                self._wake_for_silence(began_s)
            else:  # it refuses, or is gone: connections to it have ended with it
                self._silent_since_s = None
        else:
            self._silent_since_s = None
            if self._names_several:
                self._wake_for_another(address)

    def _wake_for_silence(self, began_s: float) -> None:
        with self._lock:
            since_s = self._silent_since_s = began_s if self._silent_since_s is None else self._silent_since_s
            for each in self._in_use:
                if not each.is_patient or monotonic() - since_s > PATIENT_S:
                    _wake(each)

    def _wake_for_another(self, address: tuple[str, str, int]) -> None:
        self._writing = address
        with self._lock:
            for each in self._in_use:
                with suppress(psycopg.OperationalError):  # it was closed meanwhile
                    if each.connection is not None and _address_of(each.connection) != address:
                        _wake(each)


def names_several(url: str) -> bool:
    """Whether an address names more than one server."""
    said = conninfo_to_dict(url)
    return "," in str(said.get("host", "")) or "," in str(said.get("hostaddr", ""))


def connect_s(url: str) -> int:
    """Seconds in which a server has to let us in; less where another one may."""
    return CONNECT_SEVERAL_S if names_several(url) else CONNECT_S


def _address_of(connection: Connection) -> tuple[str, str, int]:
    return connection.info.host, connection.info.hostaddr, connection.info.port


def _wake(waiting: Waiting) -> None:
    """End the conversation: whoever waits for an answer finds that the server closed it."""
    if waiting.connection is None:
        return
    with (
        suppress(psycopg.OperationalError, OSError),  # it was closed meanwhile
        socket.socket(fileno=os.dup(waiting.connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
