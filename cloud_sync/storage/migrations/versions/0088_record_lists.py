"""Lists of records are sorted and filtered by the database."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0088"
down_revision = "0087"


def upgrade() -> None:
    """Run ``0088_record_lists.sql``."""
    run_sql_beside(__file__)
