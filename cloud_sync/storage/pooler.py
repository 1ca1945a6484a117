"""A connection pooler between the ledger and its database is refused: it looks as if it worked.

The ledger tells the server in which time zone and as which role it works, keeps prepared statements, and leads by locks
that last as long as a session. PgBouncer refuses the first (``options``), or drops it silently where it is told to
ignore it, and loses the others between transactions. The ledger pools its connections itself.
"""

import psycopg

from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.roles import is_reached_directly

WHAT_TO_DO = (
    "Give the address of PostgreSQL itself in [database] url: the ledger keeps at most 20 connections to it, and uses "
    "them again."
)


def refuse_pooler(url: str) -> None:
    """Raise ``DatabaseDown`` where something that is no PostgreSQL answers for one, or none answers."""
    try:
        with psycopg.connect(url, options="-c timezone=UTC", connect_timeout=5) as connection:
            if not is_reached_directly(connection):
                raise DatabaseDown("a connection pooler stands between the ledger and its database", WHAT_TO_DO)
    except psycopg.OperationalError as error:
        said = str(error).strip()
        if "unsupported startup parameter" in said:
            raise DatabaseDown(f"a connection pooler stands before the database: {said}", WHAT_TO_DO) from error
        raise DatabaseDown(said) from error
