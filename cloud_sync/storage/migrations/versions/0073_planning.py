"""Planning: terms of items at places, care priority of recipients, stored runs, advice on transfers."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0073"
down_revision = "0058"


def upgrade() -> None:
    """Run ``0073_planning.sql``."""
    run_sql_beside(__file__)
