"""Shortages: who gets how much of what there is, and what orders may ask for."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0075"
down_revision = "0073"


def upgrade() -> None:
    """Run ``0075_shortages.sql``."""
    run_sql_beside(__file__)
