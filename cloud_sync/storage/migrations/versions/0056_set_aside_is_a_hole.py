"""What was set aside is a hole in its lane until it is booked: nobody may take for silence what lies in a case."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0056"
down_revision = "0046"


def upgrade() -> None:
    """Run ``0056_set_aside_is_a_hole.sql``."""
    run_sql_beside(__file__)
