"""Named queries from the ``.sql`` files of this folder."""

from functools import cache
from importlib import resources
from typing import Any

import aiosql


@cache
def queries(room: str) -> Any:
    """The queries of ``{room}.sql`` as functions: ``queries("stock").positions_of_item(connection, item_id=3)``.

    Each query names its parameters: ``-- name: add_event(actor, kind)$``. Rows are dicts. A name that ends in ``^``
    gives one row or None, ``$`` one value, ``!`` a row count.
    """
    text = (resources.files("cloud_sync.storage") / f"{room}.sql").read_text(encoding="utf-8")
    return aiosql.from_str(text, "psycopg")
