"""Held lots are counted without what only the words of their holds need."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0164"
down_revision = "0095"


def upgrade() -> None:
    """Run ``0164_quick_holds.sql``."""
    run_sql_beside(__file__)
