"""Makes a backup in a folder or a bucket: written, read again, and only then counted as one. Old ones go; the last good
one never does."""

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from pyrage import x25519

from cloud_sync.backup.archive import SUFFIX, BackupUnusable, Source, Written, write_archive
from cloud_sync.backup.contents import Opened, dumped
from cloud_sync.backup.places import PREFIX, BackupPlace, FolderPlace, Made, remove_old
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

DECRYPTED, COMPARED = "decrypted", "compared"
READ_BYTES = 1 << 20


def make_backup(
    database: Database,
    place: BackupPlace | Path,
    *,
    recipients: list[x25519.Recipient],
    key: x25519.Identity | None,
    keep: int,
    at: datetime,
    actor: str,
) -> tuple[Made, list[str]]:
    """Write a backup to a folder or another place and check it; gives it, and the names of old ones that were removed.

    With ``key`` every row is decrypted and counted again; without it what is read is compared with what was written.
    Raises ``Invalid`` if it cannot be written, ``BackupUnusable`` if it is not what was written: then there is no new
    one, and no old one is removed.
    """
    to = [*recipients, *([key.to_public()] if key else [])]
    if not to:
        raise Invalid(
            "a backup holds every secret of the ledger, and there is no key to encrypt it with",
            "Make one with cloud-sync backup-key FILE, and name it: --key-file FILE, or its public half: --recipient.",
        )
    where = FolderPlace(place) if isinstance(place, Path) else place
    name = f"{PREFIX}{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    written = where.write(name, lambda file: _fill(database, file, to, at))
    try:
        made = _checked(where, name, written, key, at)
        where.publish(made)
    except BaseException:
        where.discard(name)
        raise
    _note(database, made, actor)
    return made, remove_old(where, keep, newest=made.name)


def _fill(database: Database, file: BinaryIO, to: list[x25519.Recipient], at: datetime) -> Written:
    counted = Written()
    frames = dumped(database, at, counted)
    try:
        written = write_archive(frames, file, to)
    finally:
        frames.close()  # type: ignore[attr-defined]
    written.rows = counted.rows
    return written


def _checked(place: BackupPlace, name: str, written: Written, key: x25519.Identity | None, at: datetime) -> Made:
    rows, sealed_size, read_back = written.rows, -1, COMPARED
    with place.read(name) as file:
        reading = _Digesting(file)
        fault = None
        if key is not None:
            try:
                rows, sealed_size = _counted(reading, key)
                read_back = DECRYPTED
            except BackupUnusable as error:
                fault = error
        if reading.sha256_to_the_end() != written.sha256:
            raise BackupUnusable(
                f"{name} does not read as it was written: the disk or the storage is bad",
                "Back up to another one, and replace this one.",
            ) from fault
    if fault is not None:
        raise fault
    if rows != written.rows:
        raise BackupUnusable(f"{name} holds {rows} rows, and {written.rows} were written")
    return Made(
        name, at.astimezone(UTC).isoformat(), written.size_bytes, written.sha256.hex(), rows, sealed_size, read_back
    )


def _counted(file: Source, key: x25519.Identity) -> tuple[int, int]:
    opened = Opened(file, key)
    for _ in opened.tables():
        pass
    return opened.rows, opened.header.sealed_size


class _Digesting:
    """What is read, and the digest of all that was."""

    def __init__(self, file: Source) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        raw = self._file.read(size)
        self._digest.update(raw)
        return raw

    def sha256_to_the_end(self) -> bytes:
        """The digest, once the rest is read as well."""
        while self.read(READ_BYTES):
            pass
        return self._digest.digest()


def _note(database: Database, made: Made, actor: str) -> None:
    with database.transaction() as connection:
        queries("backup").add_backup(
            connection,
            made_at=datetime.fromisoformat(made.made_at),
            made_by=actor,
            name=made.name,
            bytes=made.bytes,
            sha256=bytes.fromhex(made.sha256),
            row_count=made.rows,
            sealed_size=made.sealed_size,
            read_back=made.read_back,
        )
        add_event(connection, actor=actor, kind="backup_made", subject="ledger", data=asdict(made))
