"""Which backups were made of this ledger, as it knows itself."""

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

BACKUPS_SHOWN = 50


def backups(database: Database, *, rows_max: int = BACKUPS_SHOWN) -> list[Row]:
    """The latest ones that were written and checked, the newest first."""
    with database.transaction() as connection:
        return list(queries("backup").backups(connection, rows_max=rows_max))


def last_backup(database: Database) -> Row | None:
    """The latest one; None if there is none."""
    return next(iter(backups(database, rows_max=1)), None)
