"""Keys of captured events are written with them: no row of them is looked up again."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0103"
down_revision = "0130"


def upgrade() -> None:
    """Run ``0103_event_keys.sql``."""
    run_sql_beside(__file__)
