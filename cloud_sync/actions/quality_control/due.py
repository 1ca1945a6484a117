"""What quality control has to do soon, or should have done: the same list people see and are reminded of."""

from datetime import date, datetime
from typing import Any

from cloud_sync.posting.quality_control.due import due_now
from cloud_sync.storage.database import Database


def list_due(database: Database, *, at: datetime) -> list[dict[str, Any]]:
    """What is due within days: kind, key, text, due_on, is_late, path; the most urgent first."""
    with database.transaction() as connection:
        found = list(due_now(connection, at))  # read while the transaction lasts
    return sorted(found, key=lambda each: (each["due_on"] or date.min, each["key"]))
