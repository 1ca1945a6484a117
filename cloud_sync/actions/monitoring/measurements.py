"""What channels measured, for people to look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cloud_sync.errors import ArchiveUnreadable, NotFound
from cloud_sync.posting.monitoring.archived_readings import missing_between, recalled
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def readings_of(
    database: Database, channel_id: int, first: datetime, last: datetime, *, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Readings of a channel, from the archive as well, and the envelopes of those that were thinned.

    Raises ``NotFound``, ``ArchiveUnreadable``.
    """
    return _of(database, "readings_of", channel_id, first, last, rows_max, rows_skipped)


def hours_of(
    database: Database, channel_id: int, first: datetime, last: datetime, *, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """The same by the hour, for as long as the ledger exists. Raises ``NotFound``."""
    return _of(database, "hours_of", channel_id, first, last, rows_max, rows_skipped)


def spans_of(
    database: Database, channel_id: int, first: datetime, last: datetime, span: timedelta, *, rows_max: int
) -> list[Row]:
    """The same by spans of whole hours: their lowest, mean and highest value."""
    with database.transaction() as connection:
        find = queries("envelopes").spans_of
        return list(find(connection, channel_id=channel_id, first=first, last=last, span=span, rows_max=rows_max))


def missing_of(
    database: Database, channel_ids: Iterable[int], first: datetime, last: datetime
) -> ArchiveUnreadable | None:
    """What of the archive lacks to read these channels between two instants; None if nothing does."""
    with database.transaction() as connection:
        return missing_between(connection, channel_ids, first, last)


def _of(
    database: Database, query: str, channel_id: int, first: datetime, last: datetime, rows_max: int, rows_skipped: int
) -> list[Row]:
    with database.transaction() as connection:
        if not queries("envelopes").is_channel(connection, channel_id=channel_id):
            raise NotFound(f"there is no channel {channel_id}", "See GET /v1/channels for those there are.")
        find = getattr(queries("envelopes"), query)
        asked = {"channel_id": channel_id, "first": first, "last": last}
        if query == "hours_of":  # which the database keeps
            return list(find(connection, **asked, rows_max=rows_max, rows_skipped=rows_skipped))
        with recalled(connection, [channel_id], first, last):
            return list(find(connection, **asked, rows_max=rows_max, rows_skipped=rows_skipped))
