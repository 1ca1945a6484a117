"""Readings by month, rollups, and constraints that hold what they can."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run ``0005_database.sql``."""
    run_sql_beside(__file__)
