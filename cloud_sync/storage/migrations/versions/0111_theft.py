"""Theft and counterfeit: lost serials, what makers' events say of units, and how long ways between sites take."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0111"
down_revision = "0110"


def upgrade() -> None:
    """Run ``0111_theft.sql``."""
    run_sql_beside(__file__)
