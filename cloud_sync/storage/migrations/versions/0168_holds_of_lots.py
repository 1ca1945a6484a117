"""What holds some lots is planned once for a connection, whatever asks for it."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0168"
down_revision = "0167"


def upgrade() -> None:
    """Run ``0168_holds_of_lots.sql``."""
    run_sql_beside(__file__)
