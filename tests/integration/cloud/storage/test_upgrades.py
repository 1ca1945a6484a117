"""An upgrade keeps what a ledger holds; one that fails keeps the ledger as it was."""

import os
import uuid
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest
from pyrage import x25519

from cloud_sync.backup import restoring
from cloud_sync.backup.archive import BackupUnusable
from cloud_sync.backup.making import make_backup
from cloud_sync.backup.restoring import restore
from cloud_sync.errors import UpgradeFailed
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage import database as storage
from cloud_sync.storage.database import Database, migrate, newest_revision
from tests.conftest import database_url
from tests.support import old_ledgers
from tests.support.builders import NOON
from tests.support.schema_dump import schema_of

BROKEN = """
from alembic import op
revision, down_revision = "9999", "{head}"
def upgrade():
    cursor = op.get_bind().connection.cursor()
    cursor.execute("CREATE TABLE half_done (id bigint)")
    cursor.execute("UPDATE event SET reason = 'changed'")
"""


@pytest.fixture
def empty(postgres_url: str) -> Iterator[str]:
    """URL of a database with nothing in it."""
    name = f"upgrade_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield database_url(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def tables_of(url: str) -> str:
    """Views are written down in other words once they went through a dump."""
    return schema_of(url).partition("\n\nCREATE VIEW")[0]


@pytest.mark.parametrize("revision", old_ledgers.known())
def test_an_older_ledger_is_brought_up_with_all_that_it_holds(empty: str, database: Database, revision: str) -> None:
    said = old_ledgers.restore(empty, revision)
    assert old_ledgers.told(empty) == said and said["holds"] and said["stock"]
    migrate(empty)
    assert old_ledgers.told(empty) == said
    assert tables_of(empty) == tables_of(database.url), "as if it had been made now"
    with Database.at_url(empty) as ledger:
        while seal_once(ledger):
            pass
        assert verify(ledger).findings == []


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old_ledgers.fill(database)
    before, schema, head = old_ledgers.told(database.url), schema_of(database.url), newest_revision()
    (tmp_path / "9999_broken.py").write_text(BROKEN.format(head=head))
    config = storage.migrations_config

    def with_broken() -> object:
        made = config()
        ours = resources.files("cloud_sync.storage") / "migrations" / "versions"
        made.set_main_option("version_locations", f"{ours}{os.pathsep}{tmp_path}")
        made.set_main_option("path_separator", "os")
        return made

    with monkeypatch.context() as patched:
        patched.setattr(storage, "migrations_config", with_broken)
        with pytest.raises(UpgradeFailed) as failed:
            migrate(database.url)
    for words in (head, "append-only", "Nothing was changed"):
        assert words in f"{failed.value} {failed.value.what_to_do}", words
    assert (old_ledgers.told(database.url), schema_of(database.url)) == (before, schema)
    with Database.at_url(database.url) as ledger:
        assert verify(ledger).findings == [], "the version before goes on"


def test_a_backup_of_an_older_schema_is_restored_into_this_version_and_one_of_a_newer_refused(
    empty: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = x25519.Identity.generate()
    older = next(each for each in reversed(old_ledgers.known()) if each >= "0048")
    said = old_ledgers.restore(empty, older)
    database = Database(empty, storage.ExitStack())  # as the version of then opens it: not migrated
    made, _ = make_backup(database, tmp_path, recipients=[], key=key, keep=1, at=NOON, actor="amy")
    database.close()
    name = f"restored_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        url = database_url(postgres_url, name)
        try:
            with monkeypatch.context() as patched:
                patched.setattr(restoring, "known_revisions", lambda: frozenset({"0001"}))
                with pytest.raises(BackupUnusable, match="newer than this one"):
                    restore(url, tmp_path / made.name, key, at=NOON, actor="amy", reason="test")
            assert schema_of(url).count("CREATE TABLE") == 0, "refused before anything was changed"
            restore(url, tmp_path / made.name, key, at=NOON, actor="amy", reason="the disk failed")
            told = old_ledgers.told(url)
            assert (told["holds"], told["stock"]) == (said["holds"], said["stock"])
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
