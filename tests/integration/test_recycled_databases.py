"""The tests' own ground: a database that was used by one test is as new for the next."""

import psycopg
import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.storage.database import Database
from tests.support.builders import GatewayWithKey, ledger_with_two_fridges, minute, reading
from tests.support.recycled_databases import PRISTINE, Pristine, RecycledDatabases


def test_a_database_that_was_used_is_as_new(databases: RecycledDatabases) -> None:
    gateway = GatewayWithKey()
    with databases.lent() as url, Database.at_url(url) as database:
        ledger = ledger_with_two_fridges(database, gateway)
        store_batch(database, gateway.batch(reading(minute(0), 5.0)))
        assert ledger.rows("SELECT FROM reading") and ledger.rows("SELECT FROM owner")
        database.transaction().__enter__().execute("SELECT FROM reading")  # and a transaction is left open
    with databases.lent() as again, psycopg.connect(again, autocommit=True) as connection:
        assert again == url, "it is the same database"
        assert Pristine.read(connection) == PRISTINE[0]


def test_what_many_tests_begin_with_is_put_there_as_it_was_made(
    databases: RecycledDatabases,
) -> None:
    def held(url: str) -> Pristine:
        with psycopg.connect(url, autocommit=True) as connection:
            return Pristine.read(connection)

    with databases.lent() as url:
        ledger_with_two_fridges(databases.open(url), GatewayWithKey())
        filled, made = databases.filled(url), held(url)
    with databases.lent() as url:
        databases.fill(url, filled)
        assert held(url) == made != PRISTINE[0]
        with databases.open(url).transaction() as connection:
            connection.execute("INSERT INTO place (name, kind, ancestors) VALUES ('next', 'customer', '{}')")
    with databases.lent() as url:
        assert held(url) == PRISTINE[0]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE item ADD COLUMN colour text",
        "ALTER TABLE movement DISABLE TRIGGER ALL",
        "CREATE INDEX ON lot (expires_on)",
        "ALTER TABLE item DROP CONSTRAINT item_pkey CASCADE",
        "CREATE FUNCTION anything() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION make_reading_partitions(first_at timestamptz, last_at timestamptz) RETURNS integer"
        " LANGUAGE sql AS 'SELECT 1'",
        "GRANT SELECT ON item TO pg_monitor",
        "ALTER DATABASE {} SET work_mem = '1MB'",
    ],
)
def test_a_database_whose_schema_was_changed_is_not_used_again(databases: RecycledDatabases, change: str) -> None:
    with databases.lent() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change.format(connection.info.dbname))  # type: ignore[call-overload]
    with databases.lent() as other, psycopg.connect(other, autocommit=True) as connection:
        assert other != url
        assert Pristine.read(connection) == PRISTINE[0]


def test_the_next_test_finds_a_database_open_whatever_the_last_one_did_with_it(databases: RecycledDatabases) -> None:
    def close(database: Database) -> None:
        database.close()

    def keep_a_connection(database: Database) -> None:
        database.transaction().__enter__().execute("SELECT FROM reading")

    def lose_the_server(database: Database) -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE {others}")

    for do in (close, keep_a_connection, lose_the_server, close):
        with databases.lent() as url:
            database = databases.open(url)
            with database.transaction() as connection:
                assert connection.execute("SELECT FROM reading").fetchall() == []
            do(database)


def test_the_next_test_finds_connections_that_know_its_queries(databases: RecycledDatabases) -> None:
    backends = set()
    for _ in range(2):
        with databases.lent() as url, databases.open(url).transaction() as connection:
            backends.add(connection.info.backend_pid)
    assert len(backends) == 1
