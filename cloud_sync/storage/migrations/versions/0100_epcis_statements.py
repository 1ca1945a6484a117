"""What events said before lots were corrected, and what is packed into totes."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0100"
down_revision = "0112"


def upgrade() -> None:
    """Run ``0100_epcis_statements.sql``."""
    run_sql_beside(__file__)
