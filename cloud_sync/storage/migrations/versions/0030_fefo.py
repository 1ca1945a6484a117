"""FEFO order by columns of the lot alone, so that an index gives its first rows."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0030"
down_revision = "0031"


def upgrade() -> None:
    """Run ``0030_fefo.sql``."""
    run_sql_beside(__file__)
