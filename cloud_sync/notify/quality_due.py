"""Reminders of quality control: pull points, retests, media fills, plates and reports that are due."""

from collections.abc import Iterator
from datetime import datetime

from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.notify.alert import NewAlert
from cloud_sync.posting.quality_control.due import due_now
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries


def quality_due(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    """What is due soon is told once; what is late, once more and as an alert."""
    for row in due_now(connection, at):
        state = "late" if row["is_late"] else "soon"
        sites = (
            tuple(site["id"] for site in queries("alerts").sites_of_place(connection, place_id=row["place_id"]))
            if row["place_id"]
            else ()
        )
        yield NewAlert(
            kind=AlertKind.QUALITY_DUE,
            subject=f"quality_due:{row['key']}",
            key=f"quality:{row['key']}:{state}",
            title=row["text"],
            text=f"It {'was' if row['is_late'] else 'is'} due on {row['due_on']:%d %b %Y}.",
            path=row["path"],
            occurred_at=at,
            sites=sites,
            place_id=row["place_id"],
            severity_said=None if row["is_late"] else Severity.INFO,
        )
