"""Queries that are planned once for a connection, because planning them takes longer than doing what they say.

Such plans are made anew once tables that were empty have rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import psycopg

from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

LOOKED_AT = [
    "channel", "disposition", "evidence", "exception_case", "excursion", "exposure", "hold", "hold_reach", "lot",
    "movement", "place", "position", "probe_excursion", "recall_lot", "reservation", "residency", "track",
]  # fmt: skip
"""By allocations, and by what is stored in bulk."""

_planned_for: "WeakKeyDictionary[Connection, str]" = WeakKeyDictionary()


@contextmanager
def plans_kept(connection: Connection) -> Iterator[None]:
    """What is asked in this block is planned once for ``connection``. Its transaction has to end with the block."""
    prepared_after = connection.prepare_threshold
    connection.prepare_threshold = 0
    try:
        with connection.pipeline():
            connection.execute(queries("plans").plan_once.sql)
            asked = ask_for_rows(connection)
        plan_anew_if_grown(connection, asked)
        yield
    finally:
        connection.prepare_threshold = prepared_after


def ask_for_rows(connection: Connection) -> "psycopg.Cursor[Row]":
    """What :func:`plan_anew_if_grown` has to know."""
    return connection.execute(queries("plans").tables_with_rows.sql, {"tables": LOOKED_AT})


def plan_anew_if_grown(connection: Connection, asked: "psycopg.Cursor[Row]") -> None:
    """Drop the plans that ``connection`` keeps if other tables have rows than when it began to keep them.

    On an empty table PostgreSQL takes any index for as good as any other, and a kept plan goes on reading all of one
    until statistics are taken anew, a minute later at best: in a storm, after tens of thousands of rows have come.
    """
    (found,) = asked.fetchall()
    with_rows = found["tables"]
    if _planned_for.setdefault(connection, with_rows) != with_rows:
        connection.execute("DISCARD PLANS")
        _planned_for[connection] = with_rows
