"""How long what could go is kept at the least; changed as a controlled change (kind ``retention``)."""

from datetime import datetime

from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

MONTHS_OF_YEAR = 12


def list_rules(database: Database) -> list[Row]:
    """Rules: name, meaning, years, changed_by, changed_reason."""
    with database.transaction() as connection:
        return list(queries("controlled_changes").retention_rules(connection))


def kept_until(connection: Connection, name: str, since: datetime) -> datetime:
    """Until when what is of that time is kept: that many years after it, the same day."""
    years: int = queries("controlled_changes").retention_years(connection, name=name)
    try:
        return since.replace(year=since.year + years)
    except ValueError:  # the 29th of February
        return since.replace(year=since.year + years, month=3, day=1)


def readings_kept_months(database: Database, configured: int) -> int:
    """For how many months single readings are kept: as the configuration says, and never less than the rule."""
    with database.transaction() as connection:
        years: int = queries("controlled_changes").retention_years(connection, name="readings")
    return max(configured, years * MONTHS_OF_YEAR)
