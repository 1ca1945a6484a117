"""Plans that a connection keeps are made anew once tables that were empty have rows."""

from weakref import WeakKeyDictionary

import psycopg

from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

LOOKED_AT = [
    "disposition", "exception_case", "excursion", "exposure", "hold", "hold_reach", "lot", "position", "recall_lot",
    "reservation", "residency",
]  # fmt: skip
"""By allocations."""

_planned_for: "WeakKeyDictionary[Connection, str]" = WeakKeyDictionary()


def ask_for_rows(connection: Connection) -> "psycopg.Cursor[Row]":
    """What :func:`plan_anew_if_grown` has to know."""
    return connection.execute(queries("reservations").tables_with_rows.sql, {"tables": LOOKED_AT})


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
