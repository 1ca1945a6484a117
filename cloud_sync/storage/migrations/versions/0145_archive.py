"""Months of readings in an archive outside of the database."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0145"
down_revision = "0101"


def upgrade() -> None:
    """Run ``0145_archive.sql``."""
    run_sql_beside(__file__)
