"""A count states what stood there: its correction follows from all that is known. Typed times are intervals."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0015"
down_revision = "0011"


def upgrade() -> None:
    """Run ``0015_counts.sql``."""
    run_sql_beside(__file__)
