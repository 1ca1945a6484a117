"""The connection by which a trading partner gets transaction data and messages."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0063"
down_revision = "0066"


def upgrade() -> None:
    """Run ``0063_partner_connections.sql``."""
    run_sql_beside(__file__)
