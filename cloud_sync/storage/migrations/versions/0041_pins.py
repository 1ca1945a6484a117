"""PINs of badges."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0041"
down_revision = "0032"


def upgrade() -> None:
    """Run ``0041_pins.sql``."""
    run_sql_beside(__file__)
