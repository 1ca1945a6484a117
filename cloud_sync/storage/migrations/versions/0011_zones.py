"""Days have a place: time zones, expiries as labels say them, and corrections."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0011"
down_revision = "0012"


def upgrade() -> None:
    """Run ``0011_zones.sql``."""
    run_sql_beside(__file__)
