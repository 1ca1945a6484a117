"""Words about people can be erased from free text, by two people, and the seal still fits."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0165"
down_revision = "0150"


def upgrade() -> None:
    """Run ``0165_erased_words.sql``."""
    run_sql_beside(__file__)
