"""The ledger's database: migrations and reachability, on a real PostgreSQL."""

import subprocess
import sys

import psycopg
import pytest

from cloud_sync.actions.audit_log import events_of
from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.database import Database, alone, migrate
from cloud_sync.storage.events import add_event
from tests.conftest import database_url

MIGRATE = "import sys; from cloud_sync.storage.database import migrate; migrate(sys.argv[1])"


def test_migrations_may_run_twice(database: Database) -> None:
    migrate(database.url)
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) AS n FROM alembic_version").fetchone() == {"n": 1}


def test_two_processes_may_migrate_an_empty_database_at_once(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE twice")
        url = database_url(postgres_url, "twice")
        both = [subprocess.Popen([sys.executable, "-c", MIGRATE, url]) for _ in range(2)]
        assert [process.wait() for process in both] == [0, 0]
        with psycopg.connect(url) as migrated:
            assert migrated.execute("SELECT to_regclass('movement') IS NOT NULL").fetchone() == (True,)
        connection.execute("DROP DATABASE twice")


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with pytest.raises(DatabaseDown, match="refused"):
        Database.at_url("postgresql://nobody@127.0.0.1:1/none")


def test_queries_are_not_compiled_whatever_the_server_is_set_to(database: Database, postgres_url: str) -> None:
    """With JIT, as Debian's PostgreSQL has it, a lot's page took seconds instead of milliseconds."""
    with psycopg.connect(postgres_url, autocommit=True) as owner, psycopg.connect(database.url) as own:
        owner.execute(f'ALTER DATABASE "{own.info.dbname}" SET jit = on'.encode())
    with Database.at_url(database.url) as again, again.session(lost_after_s=30) as alone:
        assert alone.execute("SHOW jit").fetchone() == {"jit": "off"}
        with again.transaction() as connection:
            assert connection.execute("SHOW jit").fetchone() == {"jit": "off"}


@pytest.mark.parametrize("table", ["event", "evidence", "movement"])
def test_facts_cannot_be_changed_or_deleted(database: Database, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with psycopg.connect(database.url) as owner, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            owner.execute(statement.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as connection:
            connection.execute(statement.encode())


def test_an_event_is_kept_with_its_actor_and_reason(database: Database) -> None:
    with database.transaction() as connection:
        add_event(connection, actor="amy", kind="hold_placed", subject="lot:1", reason="torn box", data={"n": 1})
    (event,) = events_of(database, "lot:1", rows_max=10)
    assert (event["actor"], event["reason"], event["data"]) == ("amy", "torn box", {"n": 1})


def test_a_connection_that_the_server_ended_meanwhile_is_not_used_again(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as owner:
        for _ in range(3):
            with database.transaction() as connection:
                ended = connection.info.backend_pid
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", (ended,))
            with database.transaction() as connection:
                assert connection.info.backend_pid != ended
                assert connection.execute("SELECT 1 AS n").fetchone() == {"n": 1}


def test_a_statement_alone_is_a_transaction_by_itself(database: Database) -> None:
    with database.transaction() as connection:
        with alone(connection):
            assert connection.execute("SELECT 1 AS n").fetchone() == {"n": 1}
            assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        connection.execute("SELECT 1")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as connection, alone(connection):
        connection.execute("SELECT 1 / 0")
    with database.transaction() as connection:
        assert not connection.autocommit
