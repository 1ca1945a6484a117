"""Excursions of every kind, their versions, what is known of each journal, and doubtful times."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run ``0006_excursions.sql``."""
    run_sql_beside(__file__)
