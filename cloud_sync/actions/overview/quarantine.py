"""What is held and waits for a decision, event by event."""

from typing import Any

from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def queue(database: Database, *, rows_max: int) -> tuple[list[Row], list[Row]]:
    """Excursions that hold stock, those that can be decided first; and every other hold."""
    with database.transaction() as connection:
        return (
            list(queries("overview").exposure_queue(connection)),
            list(queries("overview").other_holds(connection, rows_max=rows_max)),
        )


def event(database: Database, excursion_id: int) -> dict[str, Any]:
    """An ``excursion``, the ``lots`` it exposed with where they are now, and its ``versions``. Raises ``NotFound``."""
    with database.transaction() as connection:
        rows = list(queries("quality").excursion_row(connection, excursion_id=excursion_id))
        if not rows:
            raise NotFound(f"there is no excursion {excursion_id}", "It may have been withdrawn. See Quarantine.")
        return {
            "excursion": rows[0],
            "lots": list(queries("overview").lots_of_event(connection, excursion_id=excursion_id)),
            "versions": list(queries("quality").versions(connection, excursion_id=excursion_id, rows_max=100)),
        }
