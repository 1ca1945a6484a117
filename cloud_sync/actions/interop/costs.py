"""Catalogues and prices of other systems: they become items and unit costs by the way of every import."""

from datetime import datetime

from cloud_sync.actions.master_data.records import Imported, import_csv
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

CATALOGUE_KINDS = ("items", "costs")


def take_catalogue(
    database: Database, kind: str, text: str, *, dry_run: bool, reason: str, at: datetime, actor: str
) -> Imported:
    """Take in items or unit costs from a file: all rows, or none. What it does not say of a known item stays.

    Raises ``NotFound`` for another kind.
    """
    if kind not in CATALOGUE_KINDS:
        raise NotFound(f"a catalogue has no {kind}", f"Write one of {', '.join(CATALOGUE_KINDS)}.")
    return import_csv(database, kind, text, dry_run=dry_run, reason=reason, at=at, actor=actor, keeps_unsaid=True)


def cost_history(database: Database, item: str, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """All that was ever told of what an item costs, the latest day first."""
    with database.transaction() as connection:
        return list(queries("costs").cost_history(connection, item=item, rows_max=rows_max, rows_skipped=rows_skipped))
