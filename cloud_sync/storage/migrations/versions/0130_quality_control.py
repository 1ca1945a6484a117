"""Quality plans with limits and their source, samples, results and decisions; stability studies; product reports."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0130"
down_revision = "0122"


def upgrade() -> None:
    """Run ``0130_quality_control.sql``."""
    run_sql_beside(__file__)
