"""The field's own words in the schema: requisitions, master formulation records, good readings."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    """Run ``0016_words.sql``."""
    run_sql_beside(__file__)
