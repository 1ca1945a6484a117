"""Compounding: formulas, production batches and their records."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run ``0004_compounding.sql``."""
    run_sql_beside(__file__)
