"""Runs of the validation protocol, as they were signed."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0084"
down_revision = "0083"


def upgrade() -> None:
    """Run ``0084_validation.sql``."""
    run_sql_beside(__file__)
