"""Queries that are planned once for a connection, because planning them takes longer than doing what they say."""

from collections.abc import Iterator
from contextlib import contextmanager

from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


@contextmanager
def plans_kept(connection: Connection) -> Iterator[None]:
    """What is asked in this block is planned once for ``connection``, and anew once tables that were empty have rows.
    Its transaction has to end with the block."""
    prepared_after = connection.prepare_threshold
    connection.prepare_threshold = 0
    try:
        connection.execute(queries("plans").keep_plans.sql)
        yield
    finally:
        connection.prepare_threshold = prepared_after
