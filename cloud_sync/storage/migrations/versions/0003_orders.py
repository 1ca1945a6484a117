"""Master data with history, and orders."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run ``0003_orders.sql``."""
    run_sql_beside(__file__)
