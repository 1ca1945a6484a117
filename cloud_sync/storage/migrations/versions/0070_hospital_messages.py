"""What hospitals' systems said, and what became of it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0070"
down_revision = "0090"


def upgrade() -> None:
    """Run ``0070_hospital_messages.sql``."""
    run_sql_beside(__file__)
