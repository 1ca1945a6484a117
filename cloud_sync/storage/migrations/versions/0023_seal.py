"""The seal of the audit trail: a hash of every row of evidence, a Merkle tree, checkpoints and cosignatures."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0023"
down_revision = "0025"


def upgrade() -> None:
    """Run ``0023_seal.sql``."""
    run_sql_beside(__file__)
