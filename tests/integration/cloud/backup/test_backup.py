"""A ledger is backed up, lost, restored and told again what it had acknowledged: it is what it was."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pyrage import x25519

from cloud_sync.actions.backups import backups
from cloud_sync.backup.archive import SUFFIX, BackupUnusable, new_key, read_key
from cloud_sync.backup.making import COMPARED, DECRYPTED, make_backup
from cloud_sync.backup.marks import read_marks, settle_restored_lanes, write_marks
from cloud_sync.backup.places import FolderPlace, Made, good_backups
from cloud_sync.backup.restoring import RESTORED_LANE, inspect, restore
from cloud_sync.errors import Conflict, Invalid, LedgerError
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.seal.publishing import latest_note
from cloud_sync.seal.sealing import seal_once
from cloud_sync.seal.verification import verify
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from edge_agent.domain.seal.notes import opened_note
from edge_agent.domain.wire.records import Action
from tests.conftest import database_url
from tests.support.builders import NOON, GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.recycled_databases import RecycledDatabases
from tests.support.schema_dump import schema_of

NIGHT = NOON + timedelta(hours=12)


@pytest.fixture
def key(tmp_path: Path) -> x25519.Identity:
    new_key(tmp_path / "backup.key")
    assert (tmp_path / "backup.key").stat().st_mode & 0o777 == 0o600
    return read_key(tmp_path / "backup.key")


@pytest.fixture
def elsewhere(postgres_url: str) -> Iterator[str]:
    """URL of a database with nothing in it."""
    name = f"elsewhere_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield database_url(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def store(database: Database, *batches: bytes) -> None:
    for raw in batches:
        assert store_batch(database, raw).outcome in (BatchOutcome.STORED, BatchOutcome.DUPLICATE)


def backed_up(
    database: Database, folder: Path, key: x25519.Identity | None, *, at: datetime = NIGHT, keep: int = 14
) -> tuple[Made, list[str]]:
    recipients = [] if key else [x25519.Identity.generate().to_public()]
    return make_backup(database, folder, recipients=recipients, key=key, keep=keep, at=at, actor="amy")


def facts(ledger: Ledger) -> list[object]:
    return [ledger.balances(), ledger.residencies(), ledger.excursions(), ledger.exposures(), ledger.held()]


def test_what_was_acknowledged_after_the_backup_is_sent_again_and_all_is_as_it_was(
    ledger: Ledger, gateway: GatewayWithKey, key: x25519.Identity, tmp_path: Path, elsewhere: str
) -> None:
    before = [
        gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "L1"), line(5, "L\t\\2\n"))),
        gateway.batch(*(reading(minute(m), 5.0) for m in range(20))),
    ]
    after = [
        gateway.batch(*(reading(minute(m), 12.0) for m in range(20, 60))),
        gateway.batch(scan(minute(70), Action.MOVE, "fridge-a", "fridge-b", line(4, "L1"))),
        gateway.batch(*(reading(minute(m), 5.0) for m in range(60, 90))),
    ]
    store(ledger.database, *before)
    while seal_once(ledger.database):
        pass
    made, _ = backed_up(ledger.database, tmp_path / "backups", key)
    assert made.read_back == DECRYPTED
    store(ledger.database, *after)
    while seal_once(ledger.database):
        pass
    kept = latest_note(ledger.database)
    write_marks(ledger.database, tmp_path / "marks.json", NIGHT)
    wanted = facts(ledger)
    assert ledger.held() and not verify(ledger.database, [kept]).findings

    marks = read_marks(tmp_path / "marks.json")
    file = tmp_path / "backups" / made.name
    done = restore(elsewhere, file, key, marks=marks, at=NIGHT, actor="amy", reason="the disk failed")
    assert done.rows == made.rows
    assert sorted(done.begun.behind) == ["gw-1 readings: 20 of 90", "gw-1 scans: 1 of 2"]
    assert schema_of(elsewhere) == schema_of(ledger.database.url)
    with Database.at_url(elsewhere) as database:
        again = Ledger(database)
        assert again.open_cases().count(RESTORED_LANE) == 2
        assert not again.held()
        while seal_once(database):
            pass
        store(database, *before, *after)
        assert settle_restored_lanes(database) == 2
        assert RESTORED_LANE not in again.open_cases()
        while seal_once(database):
            pass
        assert facts(again) == wanted
        _check_seal(database, kept)
        assert again.events("ledger_restored")[0]["reason"] == "the disk failed"


def _check_seal(database: Database, kept: str) -> None:
    """No size of the former log was signed twice, and what was lost of it is told."""
    old, new = opened_note(kept)[0], opened_note(latest_note(database))[0]
    assert new.origin.startswith(f"{old.origin}/2.") and new.size > old.size
    report = verify(database, [kept])
    assert report.findings == []
    (told,) = report.restores
    assert "the disk failed" in told
    with database.transaction() as connection:
        sizes = connection.execute("SELECT size, note FROM seal_checkpoint ORDER BY size").fetchall()
        restored = connection.execute("SELECT restored_size FROM seal_epoch").fetchone()
    assert restored is not None
    for row in sizes:
        is_old = row["size"] <= restored["restored_size"]
        assert opened_note(row["note"])[0].origin == (old.origin if is_old else new.origin)


def test_a_restore_is_refused_before_anything_changes(
    ledger: Ledger, key: x25519.Identity, tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = backed_up(ledger.database, tmp_path, key)
    file = tmp_path / made.name
    raw = file.read_bytes()

    def refusal(path: Path = file, url: str = elsewhere, with_key: x25519.Identity = key) -> str:
        with pytest.raises(LedgerError) as caught:
            restore(url, path, with_key, at=NIGHT, actor="amy", reason="test")
        with psycopg.connect(elsewhere) as connection:
            assert connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                                      ).fetchone() == (0,)  # fmt: skip
        return str(caught.value)

    wrong = tmp_path / f"wrong{SUFFIX}"
    for changed, words in (
        (raw[:-200], "changed or cut off"),
        (raw[:4000] + bytes([raw[4000] ^ 1]) + raw[4001:], "changed or cut off"),
        (b"no backup at all", "does not open|no backup|cut off"),
    ):
        wrong.write_bytes(changed)
        assert any(each in refusal(wrong) for each in words.split("|"))
    assert "does not open" in refusal(with_key=x25519.Identity.generate())
    assert "a ledger in this database already" in refusal(url=ledger.database.url)
    assert "cannot be read" in refusal(tmp_path / "none")
    monkeypatch.setattr("cloud_sync.backup.restoring.known_revisions", lambda: frozenset({"0001"}))
    assert "newer than this one" in refusal()


def test_a_checkpoint_of_another_ledger_is_no_mark_of_this_one(
    ledger: Ledger, databases: RecycledDatabases, key: x25519.Identity, tmp_path: Path
) -> None:
    seal_once(ledger.database)
    made, _ = backed_up(ledger.database, tmp_path, key)
    with databases.lent() as other, databases.lent() as target:
        with databases.open(other).transaction() as connection:
            add_event(connection, actor="bob", kind="tried", subject="lot:1")
        assert seal_once(databases.open(other))
        with pytest.raises(Invalid, match="a kept checkpoint is of"):
            restore(target, tmp_path / made.name, key, kept=[latest_note(databases.open(other))], at=NIGHT, actor="amy",
                    reason="test")  # fmt: skip
        # All or nothing: the refused one has left it empty, so that the next one goes.
        done = restore(target, tmp_path / made.name, key, at=NIGHT, actor="amy", reason="test")
        assert (done.rows, done.begun.behind, done.begun.lost_rows) == (made.rows, [], 0)
        with pytest.raises(Conflict):
            restore(target, tmp_path / made.name, key, at=NIGHT, actor="amy", reason="twice")


def test_old_backups_go_and_the_last_good_one_never_does(ledger: Ledger, key: x25519.Identity, tmp_path: Path) -> None:
    made = [backed_up(ledger.database, tmp_path, key, at=NIGHT + timedelta(days=day), keep=2) for day in range(4)]
    assert [gone for _, gone in made] == [[], [], [made[0][0].name], [made[1][0].name]]
    assert good_backups(FolderPlace(tmp_path)) == [made[3][0].name, made[2][0].name]
    # One that has lost its end is not a good one, and is left for a person to look at.
    with (tmp_path / made[3][0].name).open("r+b") as file:
        file.truncate(100)
    assert good_backups(FolderPlace(tmp_path)) == [made[2][0].name]
    with pytest.raises(Invalid, match="cannot be written"):
        backed_up(ledger.database, tmp_path / made[2][0].name, key)
    newest, gone = backed_up(ledger.database, tmp_path, key, at=NIGHT + timedelta(days=9), keep=1)
    assert gone == [made[2][0].name]
    assert good_backups(FolderPlace(tmp_path)) == [newest.name]
    assert (tmp_path / made[3][0].name).exists()
    assert backups(ledger.database)[0]["name"] == newest.name
    assert not list(tmp_path.glob(".*.part"))


def test_without_the_key_the_file_is_compared_and_without_any_there_is_none(ledger: Ledger, tmp_path: Path) -> None:
    made, _ = backed_up(ledger.database, tmp_path, None)
    assert made.read_back == COMPARED
    assert json.loads((tmp_path / f"{made.name}.json").read_text())["sha256"] == made.sha256
    secret = ledger.rows("SELECT private_key FROM ledger_key")
    assert all(bytes(row["private_key"]) not in (tmp_path / made.name).read_bytes() for row in secret)
    with pytest.raises(Invalid, match="no key to encrypt"):
        make_backup(ledger.database, tmp_path, recipients=[], key=None, keep=1, at=NIGHT, actor="amy")


def test_it_is_one_instant_and_can_be_looked_at(ledger: Ledger, key: x25519.Identity, tmp_path: Path) -> None:
    made, _ = backed_up(ledger.database, tmp_path, key)
    header, rows = inspect(tmp_path / made.name, key)
    assert (rows, header.made_at) == (made.rows, NIGHT)
    assert "account_session" not in header.tables and "event" in header.tables
    with pytest.raises(BackupUnusable):
        inspect(tmp_path / f"{made.name}.json", key)
