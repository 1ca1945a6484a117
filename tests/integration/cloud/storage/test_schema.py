"""The schema in one file, for people who read it and tools that compare it."""

import psycopg

from cloud_sync.storage.database import Database
from tests.support.schema_dump import SCHEMA, schema_of


def test_the_schema_in_one_file_is_what_the_migrations_make(database: Database) -> None:
    assert SCHEMA.read_text() == schema_of(database.url), "run ./dev schema and commit what it writes"


def test_another_schema_would_be_seen(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        connection.execute("ALTER TABLE lot ADD COLUMN colour text")
    assert SCHEMA.read_text() != schema_of(ledger_url)
