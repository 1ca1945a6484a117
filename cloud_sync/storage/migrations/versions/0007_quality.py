"""Decisions that keep their evidence, recalls, cases with owners, and one reading of where a hold covers."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run ``0007_quality.sql``."""
    run_sql_beside(__file__)
