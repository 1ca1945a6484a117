"""Where the database's address names several servers: connections to one that no longer writes are given up.

A server that was paused, or cut off behind a network that still answers, keeps whoever asked it waiting for ever. So
while an address names several, somebody looks every second which of them writes; whoever waits for another one is
woken, and finds the database down for a moment.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

LOOK_EVERY_S = 1.0
CONNECT_S = 2
"""A server that was paused lets in and says nothing."""

Connection = psycopg.Connection[Any]


class FailoverWatch:
    """Looks which server writes, as long as it is open; does nothing where the address names one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._in_use: dict[object, Connection] = {}
        self._writing: tuple[str, str, int] | None = None
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_again, name="failover", daemon=True)
        if names_several(url):
            self._thread.start()

    @contextmanager
    def waiting(self) -> Iterator[Callable[[Connection], None]]:
        """Somebody will wait for the connection that they name, until the end; also while it commits."""
        number = object()

        def name(connection: Connection) -> None:
            with self._lock:
                self._in_use[number] = connection

        try:
            yield name
        finally:
            with self._lock:
                self._in_use.pop(number, None)

    def note_new(self, connection: Connection) -> None:
        """This connection was just made, so it leads to the server that writes."""
        if self._thread.is_alive():
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
        if self._thread.is_alive():
            self._thread.join()

    def _look_again(self) -> None:
        while not self._is_over.wait(LOOK_EVERY_S):
            with suppress(psycopg.OperationalError):  # nobody writes at the moment
                self._look()

    def _look(self) -> None:
        with psycopg.connect(self._url, connect_timeout=CONNECT_S) as writing:
            address = self._writing = _address_of(writing)
        with self._lock:
            for connection in self._in_use.values():
                with suppress(psycopg.OperationalError, OSError):  # it was closed meanwhile
                    if _address_of(connection) != address:
                        _wake(connection)


def names_several(url: str) -> bool:
    """Whether an address names more than one server."""
    said = conninfo_to_dict(url)
    return "," in str(said.get("host", "")) or "," in str(said.get("hostaddr", ""))


def _address_of(connection: Connection) -> tuple[str, str, int]:
    return connection.info.host, connection.info.hostaddr, connection.info.port


def _wake(connection: Connection) -> None:
    """End the conversation: whoever waits for an answer is told that the server closed it."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
