"""The audit trail is found by person, kind and period."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0032"
down_revision = "0037"


def upgrade() -> None:
    """Run ``0032_audit_trail.sql``."""
    run_sql_beside(__file__)
