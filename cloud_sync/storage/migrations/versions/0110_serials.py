"""Serial numbers that are given here: the pattern of an item, and ranges, none of which is given twice."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0110"
down_revision = "0120"


def upgrade() -> None:
    """Run ``0110_serials.sql``."""
    run_sql_beside(__file__)
