"""Excursions of places, with those of their channels as evidence; what people saw; what is not judged on purpose."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0012"
down_revision = "0014"


def upgrade() -> None:
    """Run ``0012_monitoring.sql``."""
    run_sql_beside(__file__)
