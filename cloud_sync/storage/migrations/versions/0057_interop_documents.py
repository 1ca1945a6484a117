"""What others sent, byte for byte."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0057"
down_revision = "0048"


def upgrade() -> None:
    """Run ``0057_interop_documents.sql``."""
    run_sql_beside(__file__)
