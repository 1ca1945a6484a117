"""Lots that are looked at again are found by their ids, however few were exposed when that was planned."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0169"
down_revision = "0168"


def upgrade() -> None:
    """Run ``0169_looked_at_by_id.sql``."""
    run_sql_beside(__file__)
