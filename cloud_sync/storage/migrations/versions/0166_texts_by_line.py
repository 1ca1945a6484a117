"""A check of the whole ledger reads rows as lines, so that nothing counts their bytes."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0166"
down_revision = "0165"


def upgrade() -> None:
    """Run ``0166_texts_by_line.sql``."""
    run_sql_beside(__file__)
