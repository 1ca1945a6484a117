"""One-time codes with which gateways enrol."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run ``0008_enrolment.sql``."""
    run_sql_beside(__file__)
