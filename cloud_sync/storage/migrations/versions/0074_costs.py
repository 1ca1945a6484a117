"""What receipts cost."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0074"
down_revision = "0075"


def upgrade() -> None:
    """Run ``0074_costs.sql``."""
    run_sql_beside(__file__)
