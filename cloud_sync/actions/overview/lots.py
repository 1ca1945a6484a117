"""Lots as people look for them."""

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def lots_found(database: Database, words: str, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Lots whose number begins with these words, or whose item is called so or has this GTIN."""
    with database.transaction() as connection:
        return list(
            queries("overview").lots_found(
                connection, words=words.strip(), rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
