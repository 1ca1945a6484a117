"""``backup``, ``restore`` and ``backup-key``: the whole ledger to an encrypted file, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cloud_sync.actions.backups import backups
from cloud_sync.backup.archive import new_key, read_key, recipient
from cloud_sync.backup.bucket import Bucket, stored_object
from cloud_sync.backup.bucket_client import BucketAddress
from cloud_sync.backup.making import DECRYPTED, make_backup
from cloud_sync.backup.marks import read_marks
from cloud_sync.backup.places import BackupPlace, FolderPlace, Stored, StoredFile
from cloud_sync.backup.restoring import Begun, declare_set_back, inspect, restore
from cloud_sync.commands.terminal import DEFAULT_CONFIG, Config, load, me, opened, out, say, show, told
from cloud_sync.config import LedgerConfig
from cloud_sync.errors import DatabaseDown, Invalid, NotFound
from cloud_sync.storage.embedded import EmbeddedServer

KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="The key (cloud-sync backup-key FILE); else backup.key_file.")
]

Kept = Annotated[
    list[Path],
    typer.Option(
        "--kept", help="A checkpoint that was kept elsewhere (cloud-sync checkpoint, or a gateway's seal.checkpoint)."
    ),
]
MarksFile = Annotated[
    Path | None, typer.Option("--marks", help="The file of backup.marks_file, as it was last written.")
]


def backup_ledger(
    folder: Annotated[
        str | None, typer.Argument(metavar="[DIR|s3://BUCKET/DIR]", help="Where to; without it, what there is.")
    ] = None,
    to: Annotated[list[str], typer.Option("--recipient", help="Public key, age1...; more than one may open it.")] = [],  # noqa: B006
    key_file: KeyFile = None,
    keep: Annotated[int | None, typer.Option(min=1, help="How many good ones stay; else backup.keep.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Back up the whole ledger while it runs: encrypted, read again, old ones removed. The last good one stays."""
    loaded = load(config)
    with told(), opened(loaded) as database:
        if folder is None:
            rows = backups(database)
            show(rows, "made_at", "name", "bytes", "row_count", "read_back", "made_by")
            if not rows:
                say("no backup was made yet: cloud-sync backup DIR")
            return
        path = key_file or loaded.backup.key_file
        made, gone = make_backup(
            database,
            _place(folder, loaded),
            recipients=[recipient(each) for each in (*loaded.backup.recipients, *to)],
            key=read_key(path) if path else None,
            keep=keep or loaded.backup.keep,
            at=datetime.now(UTC),
            actor=me(),
        )
    say(f"{folder.rstrip('/')}/{made.name}: {made.rows} rows, {made.bytes} bytes, sha256 {made.sha256}")
    if made.read_back == DECRYPTED:
        say("checked: decrypted again, and every row counted and compared")
    else:
        say("checked: its bytes are what was written. Its rows were not read again: the key that opens it is not here")
    for name in gone:
        say(f"removed: {name}")


def restore_ledger(
    file: Annotated[str, typer.Argument(metavar="FILE|s3://BUCKET/DIR/NAME", help="The backup.")],
    key_file: KeyFile = None,
    reason: Annotated[str, typer.Option(help="Why, for the event log.")] = "",
    kept: Kept = [],  # noqa: B006
    marks: MarksFile = None,
    only_check: Annotated[bool, typer.Option("--only-check", help="Read all of it, and change nothing.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Restore a backup into the empty database that is configured. What can be refused is refused before anything
    changes."""
    loaded = load(config)
    with told():
        path = key_file or loaded.backup.key_file
        if path is None:
            raise Invalid("there is no key to open the backup with", "Name it: --key-file FILE, or backup.key_file.")
        key = read_key(path)
        backup = _stored(file, loaded)
        if only_check:
            header, rows = inspect(backup, key)
            say(f"{file}: good, {rows} rows of {header.made_at:%Y-%m-%d %H:%M:%S} UTC, version {header.version}, "
                f"schema {header.revision}")  # fmt: skip
            return
        if not reason.strip():
            raise Invalid("a restore needs a reason", "Write it: --reason 'disk of the server failed, ticket 81'.")
        notes = [_read(each) for each in kept]
        known = read_marks(marks) if marks else None
        with _owner_url(loaded) as url, out.status("restoring"):
            done = restore(
                url, backup, key, kept=notes, marks=known, at=datetime.now(UTC), actor=me(), reason=reason.strip()
            )
    say(f"restored: {done.rows} rows, as they were at {done.header.made_at:%Y-%m-%d %H:%M:%S} UTC")
    _report(done.begun)


def _place(where: str, loaded: LedgerConfig) -> BackupPlace:
    if "://" not in where:
        return FolderPlace(Path(where))
    return Bucket(BucketAddress.of(where), loaded.backup.s3.as_settings())


def _stored(where: str, loaded: LedgerConfig) -> Stored:
    return stored_object(where, loaded.backup.s3.as_settings()) if "://" in where else StoredFile(Path(where))


def make_key(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Make the key that backups are encrypted with. Without it no backup can be opened: keep a copy elsewhere."""
    with told():
        public = new_key(file)
    say(f"{file} holds the key. Copy it to where this machine's disk is not, and nobody else looks.")
    say(f"its public half, for --recipient or backup.recipients: {public}")


def declare_restored(
    reason: Annotated[str, typer.Option(help="Why, for the event log.")],
    kept: Kept = [],  # noqa: B006
    marks: MarksFile = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that the database was set back by PostgreSQL's own means or a copy of the disk, before the ledger starts.

    cloud-sync restore says so by itself.
    """
    with told(), opened(load(config)) as database:
        known = read_marks(marks) if marks else None
        notes = [_read(each) for each in kept]
        begun = declare_set_back(
            database, kept=notes, marks=known, at=datetime.now(UTC), actor=me(), reason=reason.strip()
        )
    _report(begun)


def _report(begun: Begun) -> None:
    say(f"the sealed log goes on as {begun.origin}")
    if begun.lost_rows:
        say(f"{begun.lost_rows} sealed rows that came later are lost, as far as is known")
    for each in begun.behind:
        say(f"behind, and a case until the gateway has sent it again: {each}")
    for each in begun.unknown:
        say(f"gateway {each} was enrolled later: enrol it again")
    say("Look at what was decided since then: accounts, badges, tokens and gateways that were closed or revoked since "
        "are open again.")  # fmt: skip


@contextmanager
def _owner_url(loaded: LedgerConfig) -> Iterator[str]:
    """The database as the owner of its tables sees it; an embedded one is started, and made if there is none."""
    section = loaded.database
    if section.url is not None:
        yield section.migration_url or section.url
        return
    assert section.data_dir is not None  # noqa: S101 - the configuration has one of the two
    try:
        server = EmbeddedServer(section.data_dir)
    except OSError as error:
        raise DatabaseDown(f"{section.data_dir} cannot be used ({error.strerror})") from error
    try:
        yield server.owner_url
    finally:
        server.leave()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"a checkpoint cannot be read: {error}", "Give the path of the file it was saved to.") from error
