"""Totes and their serial shipping container codes."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0046"
down_revision = "0043"


def upgrade() -> None:
    """Run ``0046_totes.sql``."""
    run_sql_beside(__file__)
