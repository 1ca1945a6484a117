"""Serialised cases: units of their own that contain many, until they are opened."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0014"
down_revision = "0010"


def upgrade() -> None:
    """Run ``0014_cases_opened.sql``."""
    run_sql_beside(__file__)
