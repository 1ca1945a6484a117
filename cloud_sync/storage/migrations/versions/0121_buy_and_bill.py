"""Buy and bill: what was given to patients, by which conversion it is charged, and charges with their reversals."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0121"
down_revision = "0102"


def upgrade() -> None:
    """Run ``0121_buy_and_bill.sql``."""
    run_sql_beside(__file__)
