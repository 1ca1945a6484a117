"""Sign-in by an identity provider (OpenID Connect)."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0048"
down_revision = "0044"


def upgrade() -> None:
    """Run ``0048_single_sign_on.sql``."""
    run_sql_beside(__file__)
