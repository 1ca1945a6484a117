"""Electronic records: controlled changes, retention, legal holds, training, equipment, reviews of accesses."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0047"
down_revision = "0053"


def upgrade() -> None:
    """Run ``0047_electronic_records.sql``."""
    run_sql_beside(__file__)
