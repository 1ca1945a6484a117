"""Stock that waits for somebody: what came back, and what is to be destroyed; and how much stock there is."""

from datetime import datetime

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

MANY_POSITIONS = 50_000


def is_large(database: Database) -> bool:
    """Whether there is so much stock that it takes a while to add all of it up."""
    with database.transaction() as connection:
        about: int = queries("overview").positions_about(connection)
    return about > MANY_POSITIONS


def returned_goods(database: Database, *, rows_max: int) -> list[Row]:
    """What came back from recipients and is held until quality decides, the oldest first."""
    with database.transaction() as connection:
        return list(queries("overview").returned_goods(connection, rows_max=rows_max))


def waiting_for_destruction(database: Database, *, at: datetime, rows_max: int) -> list[Row]:
    """Stock in the house that quality rejected or wants destroyed, or that has expired; ``why`` says which."""
    with database.transaction() as connection:
        rows = queries("overview").waiting_for_destruction(connection, today=at.date(), rows_max=rows_max)
        return list(rows)
