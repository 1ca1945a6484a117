"""Indexes for what the console looks for all day."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0026"
down_revision = "0024"


def upgrade() -> None:
    """Run ``0026_console.sql``."""
    run_sql_beside(__file__)
