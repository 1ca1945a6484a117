"""Gateways and people in the console: the latest notice of a kind by an index; who reviews access gives none out."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0037"
down_revision = "0030"


def upgrade() -> None:
    """Run ``0037_console_administration.sql``."""
    run_sql_beside(__file__)
