"""What each role may do, as data; decisions that two people sign; signatures."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0029"
down_revision = "0021"


def upgrade() -> None:
    """Run ``0029_permissions.sql``."""
    run_sql_beside(__file__)
