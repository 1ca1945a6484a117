"""An owner sees their own stock and nothing else: row-level security."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0031"
down_revision = "0029"


def upgrade() -> None:
    """Run ``0031_owners.sql``."""
    run_sql_beside(__file__)
