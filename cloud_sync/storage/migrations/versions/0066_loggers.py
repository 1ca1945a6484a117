"""Files of temperature loggers: of shipments, and of rooms without a gateway."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0066"
down_revision = "0070"


def upgrade() -> None:
    """Run ``0066_loggers.sql``."""
    run_sql_beside(__file__)
