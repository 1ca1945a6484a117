"""Holds on goods: the view of what blocks stock now, with the prescription as a column."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    """Run ``0010_holds.sql``."""
    run_sql_beside(__file__)
