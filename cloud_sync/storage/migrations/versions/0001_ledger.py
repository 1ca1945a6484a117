"""The lot ledger."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run ``0001_ledger.sql``."""
    run_sql_beside(__file__)
