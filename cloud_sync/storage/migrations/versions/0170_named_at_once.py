"""What movements name is looked up for all of a statement at once; what is computed from them is not looked up."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0170"
down_revision = "0169"


def upgrade() -> None:
    """Run ``0170_named_at_once.sql``."""
    run_sql_beside(__file__)
