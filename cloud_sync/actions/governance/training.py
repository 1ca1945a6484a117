"""Training: procedures and their versions, who has read and signed them, and whose roles wait for that.

Reading one is a signature on it (``POST /v1/signatures``: kind sop, meaning responsibility), so that it is proved like
any other. New versions and requirements are controlled changes (kinds ``sop`` and ``training``).
"""

from datetime import datetime

from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def list_sops(database: Database, *, person: str) -> list[Row]:
    """Versions of procedures, the newest of each first; ``signed_at``: when this person signed it."""
    with database.transaction() as connection:
        return list(queries("training").sops(connection, person=person))


def list_requirements(database: Database) -> list[Row]:
    """Which roles ask for which procedures: role, code, grace_days, required_since, set_by."""
    with database.transaction() as connection:
        return list(queries("training").requirements(connection))


def missing_of(database: Database, person: str, at: datetime) -> list[Row]:
    """What a person has to read and sign: role, code, version, title, until (their role is theirs so long), is_late."""
    with database.transaction() as connection:
        rows = queries("training").missing_of(connection, person=person, at=at)
        return [{**row, "is_late": row["until"] <= at} for row in rows]


def missing_of_everybody(database: Database, at: datetime) -> list[Row]:
    """The same of everybody who may sign in, with ``person``."""
    with database.transaction() as connection:
        rows = queries("training").missing_of_everybody(connection, at=at)
        return [{**row, "is_late": row["until"] <= at} for row in rows]
