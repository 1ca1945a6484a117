"""Lots that are exposed once more stay marked; exposure goes with its excursion without a key for each row."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0171"
down_revision = "0170"


def upgrade() -> None:
    """Run ``0171_more_exposure.sql``."""
    run_sql_beside(__file__)
