"""Agreements with suppliers and until when they are good. They are filed as documents of the supplier."""

from datetime import datetime

from cloud_sync.posting.governance.agreements import WORDS, agreements_of
from cloud_sync.storage.database import Database, Row


def list_agreements(database: Database, at: datetime) -> list[Row]:
    """The latest agreement of each kind of each supplier, with ``days_left`` (None: without end) and ``words``."""
    with database.transaction() as connection:
        rows = agreements_of(connection, None)
    today = at.date()
    return [
        {
            **row,
            "words": WORDS[row["kind"]],
            "days_left": None if row["valid_until"] is None else (row["valid_until"] - today).days,
        }
        for row in rows
    ]
