"""A channel said to have been elsewhere already: a dated statement that frees nothing until quality accepts it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Run ``0020_statements.sql``."""
    run_sql_beside(__file__)
