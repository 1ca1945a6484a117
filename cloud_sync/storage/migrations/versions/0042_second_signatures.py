"""Severe excursions and releases by exception take two who sign; thresholds say which approvals do."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0042"
down_revision = "0039"


def upgrade() -> None:
    """Run ``0042_second_signatures.sql``."""
    run_sql_beside(__file__)
