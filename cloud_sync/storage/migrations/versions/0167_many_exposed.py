"""Lots that are marked as wholly exposed are counted quickly, and what they leave behind is cleared soon."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0167"
down_revision = "0166"


def upgrade() -> None:
    """Run ``0167_many_exposed.sql``."""
    run_sql_beside(__file__)
