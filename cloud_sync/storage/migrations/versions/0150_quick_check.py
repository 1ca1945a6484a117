"""A check of the whole ledger reads rows in blocks, in the order of their numbers."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0150"
down_revision = "0164"


def upgrade() -> None:
    """Run ``0150_quick_check.sql``."""
    run_sql_beside(__file__)
