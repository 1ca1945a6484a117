"""Plans are kept, and made anew, by a function: in the round trip of what is planned, not before it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0172"
down_revision = "0171"


def upgrade() -> None:
    """Run ``0172_kept_plans.sql``."""
    run_sql_beside(__file__)
