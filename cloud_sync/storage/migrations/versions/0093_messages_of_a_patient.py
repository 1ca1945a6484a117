"""Which messages name a patient is found by the patient."""

from cloud_sync.storage.migrations.run_sql import run_sql_beside

revision = "0093"
down_revision = "0085"


def upgrade() -> None:
    """Run ``0093_messages_of_a_patient.sql``."""
    run_sql_beside(__file__)
