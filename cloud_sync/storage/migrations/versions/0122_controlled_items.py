"""Controlled items: rules by schedule, blind and double counts, witnessed waste, inventories of a site."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0122"
down_revision = "0121"


def upgrade() -> None:
    """Run ``0122_controlled_items.sql``."""
    run_sql_beside(__file__)
