"""Lots as people look for them."""

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

AFTER_ALL = "\U0010ffff"
"""Sorts behind whatever may follow."""


def lots_found(database: Database, words: str, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Lots whose number begins with these words, or whose item is called so or has this GTIN; without words, all that
    are in the house. Those that expire first come first."""
    words = words.strip()
    with database.transaction() as connection:
        if not words:
            return list(queries("overview").lots_in_house(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        return list(
            queries("overview").lots_found(
                connection, words=words, after_words=words + AFTER_ALL, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
