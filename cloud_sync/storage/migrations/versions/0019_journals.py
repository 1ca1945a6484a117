"""The journals of each gateway: which are believed, and which nobody announced."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0019"
down_revision = "0016"


def upgrade() -> None:
    """Run ``0019_journals.sql``."""
    run_sql_beside(__file__)
