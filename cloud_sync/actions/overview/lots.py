"""Lots as people look for them."""

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

AFTER_ALL = "\U0010ffff"
"""Sorts behind whatever may follow."""


def lots_found(database: Database, words: str, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Lots whose number begins with these words, or whose item is called so or has this GTIN; without words, all that
    are in the house. Those that expire first come first."""
    words = words.strip()
    page = {"rows_max": rows_max, "rows_skipped": rows_skipped}
    overview = queries("overview")
    with database.transaction() as connection:
        if words:
            found = overview.lots_found(connection, words=words, after_words=words + AFTER_ALL, **page)
        else:
            found = overview.lots_in_house(connection, **page)
        return list(overview.lots_shown(connection, lot_ids=[row["id"] for row in found]))
