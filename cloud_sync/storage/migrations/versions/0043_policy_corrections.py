"""Another policy of a place where stock has stood takes a second person."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Run ``0043_policy_corrections.sql``."""
    run_sql_beside(__file__)
