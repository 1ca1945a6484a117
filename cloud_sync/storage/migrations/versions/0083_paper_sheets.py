"""Sheets that were written by hand while everything was out, as they were entered afterwards."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0083"
down_revision = "0080"


def upgrade() -> None:
    """Run ``0083_paper_sheets.sql``."""
    run_sql_beside(__file__)
