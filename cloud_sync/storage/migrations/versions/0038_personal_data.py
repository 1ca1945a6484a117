"""Personal data stand apart: what is sealed names them by a salted hash, so that they can be erased."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0038"
down_revision = "0041"


def upgrade() -> None:
    """Run ``0038_personal_data.sql``."""
    run_sql_beside(__file__)
