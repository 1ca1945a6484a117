"""Urgency of orders, and second approvals by it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0090"
down_revision = "0089"


def upgrade() -> None:
    """Run ``0090_second_approvals.sql``."""
    run_sql_beside(__file__)
