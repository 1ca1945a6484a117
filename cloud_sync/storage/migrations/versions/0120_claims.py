"""Complaints about goods, what an investigation found, and claims to suppliers with what came of them."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0120"
down_revision = "0093"


def upgrade() -> None:
    """Run ``0120_claims.sql``."""
    run_sql_beside(__file__)
