"""Acknowledged is only what the server's synchronous standbys have, too.

PostgreSQL commits here first and then waits for its standbys. When that wait is cancelled (``statement_timeout``,
``pg_cancel_backend``), COMMIT succeeds all the same, with nothing but a warning; and whoever reads the rows afterwards
waits for nobody. So the warning is taken for what it is, the database being down; and whoever acknowledges what was
committed before, by somebody else, waits as if it were its own (``standbys.py``).
"""

import threading
from typing import Any

import psycopg
from psycopg.errors import Diagnostic

from cloud_sync.errors import StoredOrNot

_NOT_WAITED_IN = "SyncRepWaitForLSN"
"""The function of the server that warns; the text of the warning is in the server's language, and its code that of all
warnings."""


_this_thread = threading.local()


def watch(connection: psycopg.Connection[Any]) -> None:
    """Look at what the server says on this connection from now on."""

    def note(said: Diagnostic) -> None:
        if said.source_function == _NOT_WAITED_IN:
            _this_thread.is_in_doubt = True

    connection.add_notice_handler(note)


def begin() -> None:
    """A transaction of this thread begins."""
    _this_thread.is_in_doubt = False


def check() -> None:
    """Raise ``StoredOrNot`` if what this thread committed since :func:`begin` was not waited for."""
    if _this_thread.is_in_doubt:
        raise StoredOrNot(
            "this was committed, but no standby of the database server is known to have it",
            "Send the same again, as it is: it counts once. Check the standbys if it lasts.",
        )
