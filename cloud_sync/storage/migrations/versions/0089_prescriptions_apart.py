"""Prescriptions of production batches are kept apart from what is sealed."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0089"
down_revision = "0088"


def upgrade() -> None:
    """Run ``0089_prescriptions_apart.sql``."""
    run_sql_beside(__file__)
