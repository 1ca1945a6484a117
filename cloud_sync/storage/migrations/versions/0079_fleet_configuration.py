"""The ledger hands out gateways' configuration, and knows what each of them runs."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0079"
down_revision = "0061"


def upgrade() -> None:
    """Run ``0079_fleet_configuration.sql``."""
    run_sql_beside(__file__)
