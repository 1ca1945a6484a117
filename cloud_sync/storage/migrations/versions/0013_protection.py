"""Roles for migrations and for work, triggers by what a table is, badges that are hashed, people behind tokens."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0013"
down_revision = "0015"


def upgrade() -> None:
    """Run ``0013_protection.sql``."""
    run_sql_beside(__file__)
