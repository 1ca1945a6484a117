"""Accounts of people, their sessions and second factors; roles by name; tokens that end, turn and stay at a site."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0024"
down_revision = "0020"


def upgrade() -> None:
    """Run ``0024_accounts.sql``."""
    run_sql_beside(__file__)
