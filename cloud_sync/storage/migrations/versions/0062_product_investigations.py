"""Verification of product identifiers, suspect product, and requests of regulators (DSCSA)."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0062"
down_revision = "0084"


def upgrade() -> None:
    """Run ``0062_product_investigations.sql``."""
    run_sql_beside(__file__)
