"""Connections to other systems, what is delivered to them, and what items cost."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0065"
down_revision = "0057"


def upgrade() -> None:
    """Run ``0065_connections.sql``."""
    run_sql_beside(__file__)
