"""Waits for the server's synchronous standbys where nothing is written (``commit_watch.py`` says why)."""

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def await_standbys(connection: Connection) -> None:
    """Let the commit of this transaction wait for the standbys, if there are any to wait for, though it only reads.

    For whoever acknowledges again what was committed before.
    """
    queries("standbys").write_if_standbys(connection)
