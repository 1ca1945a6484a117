"""Named queries from the ``.sql`` files of this folder."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import aiosql
import psycopg
from psycopg.rows import dict_row

from cloud_sync.storage.database import Connection, Row

INDENTED = re.compile(r"\n +")
"""Left out: psycopg keeps what it makes of a query only where that is not long. So no text within a query may go on in
another line."""


@cache
def queries(room: str) -> Any:
    """The queries of ``{room}.sql`` as functions: ``queries("stock").positions_of_item(connection, item_id=3)``.

    Each query names its parameters: ``-- name: add_event(actor, kind)$``. Rows are dicts. A name that ends in ``^``
    gives one row or None, ``$`` one value, ``!`` a row count.
    """
    text = (resources.files("cloud_sync.storage") / f"{room}.sql").read_text(encoding="utf-8")
    return aiosql.from_str(INDENTED.sub("\n", text), "psycopg")


Statement = tuple[str, Mapping[str, Any]]
"""SQL and its parameters; a named query's SQL is ``queries(room).name.sql``."""


def pipeline(connection: Connection, **statements: Statement) -> dict[str, list[Row]]:
    """Run several statements in one round trip, in this order; gives the rows of each by its name.

    Each sees what was committed when its turn comes, as if they had been sent one by one. They are planned anew each
    time, for these very values. An error ends the transaction, or takes it back to a savepoint among the statements.
    """
    cursor = psycopg.ClientCursor(connection, row_factory=dict_row)
    text = ";\n".join(cursor.mogrify(sql.rstrip().rstrip(";"), parameters) for sql, parameters in statements.values())
    cursor.execute(text.encode())
    answers = {}
    for name in statements:
        answers[name] = cursor.fetchall() if cursor.description else []
        cursor.nextset()
    return answers
