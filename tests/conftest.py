"""What many tests share: a real PostgreSQL, and an empty migrated database of it for each test that asks."""

import gc
import shutil
import tempfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from _pytest.doctest import DoctestModule
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from cloud_sync.actions.people import passwords
from cloud_sync.storage.database import Database, migrate
from tests.support.long_first import long_first
from tests.support.postgres_server import start_server, stop_server
from tests.support.recycled_databases import RecycledDatabases, database_url

TEMPLATE = "lotwarden_template"
TEMPLATE_LOCK = 1
POSTGRES = pytest.StashKey[Path]()
USUAL_MONTH = datetime(2026, 3, 1, tzinfo=UTC)
"""Of the readings in tests. Its table is there, as in most months of a ledger's life: to make and drop it for each test
cost a third of their time, for every query about what it refers to was planned again on every connection."""
GARBAGE_LOOKED_FOR_AFTER = 20_000
"""Objects made, and not Python's 700: tests make many that last for the test, and looking took 4 % of their time."""

hypothesis.settings.register_profile("on any machine", deadline=None)
hypothesis.settings.load_profile("on any machine")  # how long an example takes is no finding where others work too


def pytest_configure(config: pytest.Config) -> None:
    """Choose one folder for the server of this run; the first test that needs it starts it there."""
    worker_input: dict[str, str] | None = getattr(config, "workerinput", None)
    folder = worker_input["postgres"] if worker_input else tempfile.mkdtemp(prefix="lotwarden-tests-")
    config.stash[POSTGRES] = Path(folder) / "postgres"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which folder that is."""
    node.workerinput["postgres"] = str(node.config.stash[POSTGRES].parent)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server when the run is over; workers come and go before."""
    data_dir = config.stash[POSTGRES]
    if hasattr(config, "workerinput"):
        return
    stop_server(data_dir)
    shutil.rmtree(data_dir.parent, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long begins first."""
    if hasattr(config, "workerinput"):
        workers = config.workerinput["workercount"]
        items[:] = long_first(items, workers, lambda item: item.nodeid, lambda item: item.path)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """No examples of the shell are looked for in the tests: there are none, and each worker would look."""
    collectors = yield
    return [each for each in collectors if not isinstance(each, DoctestModule)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded and found stays to the end: the collector of garbage need not look through it, then or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(GARBAGE_LOOKED_FOR_AFTER)


@pytest.fixture(autouse=True, scope="session")
def quick_hashes() -> None:
    """Passwords are hashed by argon2id as ever, but in a thousandth of the memory: that it is slow is not the test."""
    passwords.hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """URL of a server that all workers of the run share; it holds a migrated template database."""
    url = start_server(pytestconfig.stash[POSTGRES])
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (TEMPLATE_LOCK,))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
            # It lasts as long as the tests, and nobody pulls its plug. Servers that are to die wait for the disk.
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            # With tables as small as those of tests, a query takes a tenth of the time in which it is planned.
            connection.execute("ALTER SYSTEM SET plan_cache_mode = force_generic_plan")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {TEMPLATE}_unfinished")
            migrate(database_url(url, f"{TEMPLATE}_unfinished"))
            with psycopg.connect(database_url(url, f"{TEMPLATE}_unfinished")) as made:
                made.execute("SELECT make_reading_partitions(%s, %s)", (USUAL_MONTH, USUAL_MONTH))
            connection.execute(f"ALTER DATABASE {TEMPLATE}_unfinished RENAME TO {TEMPLATE}")
    return url


@pytest.fixture(scope="session")
def databases(postgres_url: str) -> Iterator[RecycledDatabases]:
    """Empty, migrated databases, for tests and modules that want more than ``ledger_url``."""
    databases = RecycledDatabases(postgres_url, TEMPLATE)
    yield databases
    databases.close()


@pytest.fixture
def ledger_url(databases: RecycledDatabases) -> Iterator[str]:
    """URL of an empty, migrated database of the test's own."""
    with databases.lent() as url:
        yield url


@pytest.fixture
def database(databases: RecycledDatabases, ledger_url: str) -> Database:
    """An empty, migrated database of the test's own, opened."""
    return databases.open(ledger_url)
