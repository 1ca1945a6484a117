"""Sites say how papers write their dates, decimals and temperatures; papers go out by mail on a schedule."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0044"
down_revision = "0047"


def upgrade() -> None:
    """Run ``0044_site_formats.sql``."""
    run_sql_beside(__file__)
