"""Backups that were made, restores, and what a restored ledger waits for."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0053"
down_revision = "0056"


def upgrade() -> None:
    """Run ``0053_backups.sql``."""
    run_sql_beside(__file__)
