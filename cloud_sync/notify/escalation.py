"""What nobody acknowledged in time, or does not reach its target, goes to the next one."""

from datetime import datetime, timedelta

from cloud_sync.notify.routing import Router
from cloud_sync.storage.database import Database
from cloud_sync.storage.queries import queries

UNDELIVERED_AFTER = timedelta(minutes=2)
"""A target that fails so long is told of, and its alerts go on to the first step of their escalation."""
NOT_OLDER_THAN = timedelta(days=7)
ROWS_MAX = 2000


def escalate_once(database: Database, at: datetime) -> int:
    """Put what is due for escalation into messages; gives how many alerts that were."""
    with database.transaction() as connection:
        rows = list(
            queries("alerts").due_escalations(
                connection, at=at, since=at - NOT_OLDER_THAN, undelivered_before=at - UNDELIVERED_AFTER,
                rows_max=ROWS_MAX,
            )
        )  # fmt: skip
        if rows:
            router = Router(connection, at)
            for row in rows:
                router.escalate(row)
        return len(rows)
