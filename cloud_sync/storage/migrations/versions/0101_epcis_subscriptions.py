"""Subscriptions to EPCIS queries, and a permission of its own for capturing."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    """Run ``0101_epcis_subscriptions.sql``."""
    run_sql_beside(__file__)
