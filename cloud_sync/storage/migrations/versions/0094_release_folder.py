"""The files of releases leave the database."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0094"
down_revision = "0103"


def upgrade() -> None:
    """Run ``0094_release_folder.sql``."""
    run_sql_beside(__file__)
