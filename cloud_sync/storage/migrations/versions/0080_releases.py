"""Releases of the gateways' program, and how they go out in waves."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0080"
down_revision = "0079"


def upgrade() -> None:
    """Run ``0080_releases.sql``."""
    run_sql_beside(__file__)
