"""What channels measured, for people to look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cloud_sync.errors import ArchiveUnreadable, NotFound
from cloud_sync.posting.monitoring.archived_readings import missing_between, values_away
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries


def readings_of(
    database: Database, channel_id: int, first: datetime, last: datetime, *, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Readings of a channel, from the archive as well, and the envelopes of those that were thinned.

    Raises ``NotFound``, ``ArchiveUnreadable``.
    """
    with database.transaction() as connection:
        _check_is_channel(connection, channel_id)
        find, asked = queries("envelopes").readings_of, {"channel_id": channel_id, "first": first, "last": last}
        away = values_away(connection, channel_id, first, last, rows_max=rows_skipped + rows_max)
        if not away:
            return list(find(connection, **asked, rows_max=rows_max, rows_skipped=rows_skipped))
        here = list(find(connection, **asked, rows_max=rows_skipped + rows_max, rows_skipped=0))
    rows = [*here, *(_single(at, value) for at, value in away)]
    if here:
        rows.sort(key=_order)
    return rows[rows_skipped : rows_skipped + rows_max]


def _single(at: datetime, value: float) -> Row:
    """As the database gives a reading that has not left it; only those with a sure time leave."""
    return {"at": at, "until": at, "readings": 1, "lowest": value, "mean": value, "highest": value, "synced": True}


def _order(row: Row) -> tuple[datetime, datetime, int, float]:
    return row["at"], row["until"], row["readings"], row["lowest"]


def hours_of(
    database: Database, channel_id: int, first: datetime, last: datetime, *, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """The same by the hour, for as long as the ledger exists. Raises ``NotFound``."""
    with database.transaction() as connection:
        _check_is_channel(connection, channel_id)
        return list(
            queries("envelopes").hours_of(
                connection, channel_id=channel_id, first=first, last=last, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def spans_of(
    database: Database, channel_ids: Iterable[int], first: datetime, last: datetime, span: timedelta, *, rows_max: int
) -> dict[int, list[Row]]:
    """The same of several channels by spans of whole hours: how many readings, their lowest, mean and highest value."""
    asked = {"first": first, "last": last, "span": span, "rows_max": rows_max}
    with database.transaction() as connection:
        find = queries("envelopes").spans_of
        return {channel_id: list(find(connection, channel_id=channel_id, **asked)) for channel_id in channel_ids}


def missing_of(
    database: Database, channel_ids: Iterable[int], first: datetime, last: datetime
) -> ArchiveUnreadable | None:
    """What of the archive lacks to read these channels between two instants; None if nothing does."""
    with database.transaction() as connection:
        return missing_between(connection, channel_ids, first, last)


def _check_is_channel(connection: Connection, channel_id: int) -> None:
    if not queries("envelopes").is_channel(connection, channel_id=channel_id):
        raise NotFound(f"there is no channel {channel_id}", "See GET /v1/channels for those there are.")
