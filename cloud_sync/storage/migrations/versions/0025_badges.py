"""Whose badge counts at which site."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0025"
down_revision = "0026"


def upgrade() -> None:
    """Run ``0025_badges.sql``."""
    run_sql_beside(__file__)
