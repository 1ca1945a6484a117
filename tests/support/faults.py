"""A fault of the ledger's that comes and goes: as long as it is there, no batch can be booked and each is set aside."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from cloud_sync.ingest.dead_letters import SET_ASIDE
from tests.support.builders import Ledger

KEY = 7_401
"""Of the advisory lock that is the switch: nothing of the schema changes when the fault comes or goes."""
TRIGGERS = """
    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_locks
                   WHERE locktype = 'advisory' AND objid = 7401
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        THEN RAISE EXCEPTION 'nobody has foreseen this' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER spoil AFTER INSERT ON movement FOR EACH STATEMENT EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil AFTER INSERT ON reading FOR EACH STATEMENT EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil AFTER INSERT ON envelope FOR EACH STATEMENT EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil AFTER INSERT ON notice FOR EACH STATEMENT EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil AFTER INSERT ON count_line FOR EACH STATEMENT EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil AFTER INSERT ON exception_case FOR EACH ROW WHEN (NEW.kind <> 'batch_set_aside')
        EXECUTE FUNCTION spoil();
"""
SET_ASIDE_NOW = (
    f"SELECT id, evidence_id FROM exception_case WHERE kind = '{SET_ASIDE}' AND resolved_at IS NULL ORDER BY id"
)


def bring_in_fault(ledger: Ledger) -> None:
    """Once for a database, before ``fault``; it stays in the schema, so the database is not lent out again."""
    ledger.run_as_owner(TRIGGERS)


@contextmanager
def fault(ledger: Ledger) -> Iterator[None]:
    """While it lasts, the ledger can write nothing of what a batch says."""
    with psycopg.connect(ledger.database.url, autocommit=True) as switch:
        switch.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        yield
