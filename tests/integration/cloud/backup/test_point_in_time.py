"""To any second by PostgreSQL's own means, as cloud_sync/README.md has it: a base backup, archived log, a moment."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import psycopg
import pytest

from cloud_sync.backup.restoring import declare_set_back
from cloud_sync.errors import Conflict
from cloud_sync.seal.publishing import latest_note
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from cloud_sync.storage.embedded import EmbeddedServer
from cloud_sync.storage.events import add_event
from edge_agent.domain.seal.notes import opened_note
from tests.integration.cloud.backup.test_backup import NIGHT

PATIENCE_S = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own, through which only the one who runs the tests may pass."""
    with TemporaryDirectory(prefix="lotwarden-moment-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def happens(database: Database, kind: str) -> str:
    with database.transaction() as connection:
        add_event(connection, actor="amy", kind=kind, subject="lot:1")
    while seal_once(database):
        pass
    return latest_note(database)


def until(is_so: Callable[[], bool]) -> None:
    began = monotonic()
    while not is_so():
        assert monotonic() - began < PATIENCE_S


def asked(url: str, sql: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return str(row[0] if row else "")


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_ledger_that_was_set_back_to_a_moment_goes_on_under_another_name(folder: Path) -> None:
    data, base, wal = folder / "data", folder / "base", folder / "wal"
    wal.mkdir()
    wal.chmod(0o777)
    EmbeddedServer(data).leave()
    append(data / "postgresql.conf", f"archive_mode = on\narchive_command = 'test ! -f {wal}/%f && cp %p {wal}/%f'\n")
    server = EmbeddedServer(data)
    try:
        with Database.embedded(data) as database:
            happens(database, "first")
            _base_backup(server, base)
            happens(database, "wanted")
            moment = asked(server.owner_url, "SELECT clock_timestamp()")
            kept = happens(database, "unwanted")
        segment = asked(server.owner_url, "SELECT pg_walfile_name(pg_switch_wal())")
        until(lambda: (wal / segment).exists())
    finally:
        server.leave()

    append(base / "postgresql.conf", f"restore_command = 'cp {wal}/%f %p'\nrecovery_target_time = '{moment}'\n"
                                     "recovery_target_action = promote\n")  # fmt: skip
    (base / "recovery.signal").touch()
    (base / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # of the socket in the other folder
    server = EmbeddedServer(base)
    try:
        until(lambda: asked(server.owner_url, "SELECT pg_is_in_recovery()") == "False")
        with Database.embedded(base) as database:
            _check(database, kept)
    finally:
        server.leave()


def _base_backup(server: EmbeddedServer, base: Path) -> None:
    from cloud_sync.storage.embedded import programs_of_server

    base.mkdir(mode=0o700)
    user = server.user if os.geteuid() == 0 else None
    if user is not None:
        os.chown(base, user.pw_uid, user.pw_gid)
    command = [
        str(programs_of_server() / "pg_basebackup"),
        "-D",
        str(base),
        "-X",
        "none",
        "-c",
        "fast",
        "-d",
        server.owner_url,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd="/",
        user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=[] if user else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _check(database: Database, kept: str) -> None:
    with database.transaction() as connection:
        kinds = {row["kind"] for row in connection.execute("SELECT kind FROM event").fetchall()}
    assert "wanted" in kinds and "unwanted" not in kinds
    assert verify(database, [kept]).findings, "nobody has said yet that it was set back"
    begun = declare_set_back(database, kept=[kept], at=NIGHT, actor="amy", reason="somebody deleted too much")
    assert begun.lost_rows > 0
    new, old = opened_note(happens(database, "after"))[0], opened_note(kept)[0]
    assert new.origin == begun.origin and new.origin.startswith(f"{old.origin}/2.")
    assert verify(database, [kept]).findings == []
    with pytest.raises(Conflict, match="was not set back"):
        declare_set_back(database, kept=[latest_note(database)], at=NIGHT, actor="amy", reason="again")
