"""Security keys and passkeys (WebAuthn)."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0087"
down_revision = "0074"


def upgrade() -> None:
    """Run ``0087_security_keys.sql``."""
    run_sql_beside(__file__)
