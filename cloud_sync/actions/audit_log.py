"""The event log, as auditors read it."""

from datetime import datetime

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def events_of(database: Database, subject: str, *, rows_max: int) -> list[Row]:
    """What was done to a subject (``lot:12``, ``place:fridge-a``, ...), oldest first."""
    with database.transaction() as connection:
        return list(queries("events").events_of_subject(connection, subject=subject, rows_max=rows_max))


def events_found(
    database: Database,
    *,
    actor: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    words: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Events by who, what, about what, words in the reason, and period (``until`` not included), the newest first."""
    with database.transaction() as connection:
        return list(
            queries("events").events_found(
                connection, actor=actor, kind=kind, subject=subject, words=words, since=since, until=until,
                rows_max=rows_max, rows_skipped=rows_skipped,
            )
        )  # fmt: skip
