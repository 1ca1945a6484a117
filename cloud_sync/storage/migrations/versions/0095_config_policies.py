"""Storage policies go out with the configuration of a gateway."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0095"
down_revision = "0094"


def upgrade() -> None:
    """Run ``0095_config_policies.sql``."""
    run_sql_beside(__file__)
