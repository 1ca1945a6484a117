"""Months of readings: made ahead, and thinned out to hours when they are old and somebody wants that."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg

from cloud_sync.posting.cases import LEDGER
from cloud_sync.posting.monitoring.rule_tracks import reaches_of_channels
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

AHEAD = timedelta(days=62)
"""How far ahead months are made at the start; ingest makes those that are missing all the same."""


def make_months_ahead(database: Database, at: datetime) -> None:
    """Make the partitions of this month and the next two."""
    with database.transaction() as connection:
        make_months(connection, at, at + AHEAD)


def make_months(connection: Connection, first_at: datetime, last_at: datetime) -> None:
    """Make the partitions from one instant to another, at most a few at once. Take it after channels, before holds."""
    queries("retention").make_partitions(connection, first_at=first_at, last_at=last_at)


def thin_readings(database: Database, *, months: int, at: datetime) -> dict[str, int]:
    """Roll readings of months that ended more than ``months`` months before ``at`` up to hours, and drop them.

    Gives how many were dropped by month. Readings inside an excursion stay, those that are not in a rollup, and those
    that a rule over a window looks back to; a month of which nothing is left goes altogether. Each month is a
    transaction of its own; running it twice changes nothing
    more.
    """
    dropped: dict[str, int] = {}
    young_at = months_before(at, months)
    with database.transaction() as connection:
        archived = {row["month"] for row in queries("archive").archived_months(connection)}
        rows = queries("retention").months_before(connection, before=young_at)
        # What the archive has of a month is not thinned out, and hours that only some of it is here for are no hours.
        old = [row for row in rows if row["began_at"].date() not in archived]
    for month in old:
        span = {"began_at": month["began_at"], "ended_at": month["ended_at"]}
        with database.transaction() as connection:
            # Readings that come late for this month wait: what is dropped is what was rolled up.
            queries("retention").lock_month(connection, name=month["name"])
            queries("retention").roll_up(connection, **span)
            channels = [row["channel_id"] for row in queries("retention").channels_measured(connection, **span)]
            reaches = reaches_of_channels(connection, channels)
            count = queries("retention").drop_rolled_up(
                connection, **span, young_at=young_at, channel_ids=list(reaches), reaches_s=list(reaches.values())
            )
            if count:
                dropped[month["name"]] = count
                add_event(connection, actor=LEDGER, kind="readings_thinned", subject=f"readings:{month['name']}",
                          data={"dropped": count})  # fmt: skip
    _drop_empty(database, (month["name"] for month in old))
    return dropped


def _drop_empty(database: Database, names: Iterable[str]) -> None:
    """Drop the partitions of months without readings; where readers are in the way, the next time will do."""
    for name in names:
        with (
            database.transaction() as connection,
            suppress(psycopg.errors.LockNotAvailable),
            connection.transaction(),
        ):
            queries("retention").drop_month_if_empty(connection, name=name)


def months_before(at: datetime, months: int) -> datetime:
    """When the month begins before which a month ended more than ``months`` months ago."""
    number = at.year * 12 + at.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
