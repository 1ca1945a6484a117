"""Trading partners, their licences, and transaction information and statements (DSCSA)."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0061"
down_revision = "0065"


def upgrade() -> None:
    """Run ``0061_trading_partners.sql``."""
    run_sql_beside(__file__)
