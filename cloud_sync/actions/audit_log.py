"""The event log, as auditors read it."""

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def events_of(database: Database, subject: str, *, rows_max: int) -> list[Row]:
    """What was done to a subject (``lot:12``, ``place:fridge-a``, ...), oldest first."""
    with database.transaction() as connection:
        return list(queries("events").events_of_subject(connection, subject=subject, rows_max=rows_max))
