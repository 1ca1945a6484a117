"""Events of partners, and what ours need to be told."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0058"
down_revision = "0062"


def upgrade() -> None:
    """Run ``0058_epcis.sql``."""
    run_sql_beside(__file__)
