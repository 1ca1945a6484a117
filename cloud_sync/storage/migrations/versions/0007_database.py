"""Readings by month, rollups, and constraints that hold what they can."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0007"
down_revision = "0004"


def upgrade() -> None:
    """Run ``0007_database.sql``."""
    run_sql_beside(__file__)
