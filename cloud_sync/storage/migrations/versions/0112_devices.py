"""Devices: tracking class, warranty, service plans, and the life of each unit as facts; field corrections."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0112"
down_revision = "0111"


def upgrade() -> None:
    """Run ``0112_devices.sql``."""
    run_sql_beside(__file__)
