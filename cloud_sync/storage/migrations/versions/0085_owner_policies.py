"""What owners may see of a table follows what the ledger says of it now."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0085"
down_revision = "0063"


def upgrade() -> None:
    """Run ``0085_owner_policies.sql``."""
    run_sql_beside(__file__)
