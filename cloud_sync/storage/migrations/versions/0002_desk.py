"""What a gateway's desk is made of: where the gateway is, who may work at its docks, which requests were answered."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run ``0002_desk.sql``."""
    run_sql_beside(__file__)
