"""Alerts: what was told to whom, by which way, and who acknowledged it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Run ``0039_alerts.sql``."""
    run_sql_beside(__file__)
