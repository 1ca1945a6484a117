"""Files of loggers may come before their order, or before somebody knows in which room they were."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0102"
down_revision = "0145"


def upgrade() -> None:
    """Run ``0102_loggers_that_wait.sql``."""
    run_sql_beside(__file__)
