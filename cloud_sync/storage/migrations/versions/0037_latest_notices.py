"""The latest notice of a kind of each gateway is found by an index."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0037"
down_revision = "0029"


def upgrade() -> None:
    """Run ``0037_latest_notices.sql``."""
    run_sql_beside(__file__)
