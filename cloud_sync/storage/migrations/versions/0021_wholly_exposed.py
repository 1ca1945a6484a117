"""Lots of which all stock is held by measurement are known as such, so that an allocation need not pass over each."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0021"
down_revision = "0023"


def upgrade() -> None:
    """Run ``0021_wholly_exposed.sql``."""
    run_sql_beside(__file__)
