"""Makes a backup in a folder: written, flushed, read again, and only then counted as one. Old ones go; the last good
one never does."""

import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyrage import x25519

from cloud_sync.backup.archive import SUFFIX, BackupUnusable, Written, sha256_of, write_archive
from cloud_sync.backup.contents import Opened, dumped
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

DECRYPTED, COMPARED = "decrypted", "compared"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and checked; what the file beside it says."""

    name: str
    made_at: str
    bytes: int
    sha256: str
    rows: int
    sealed_size: int
    read_back: str


def make_backup(
    database: Database,
    folder: Path,
    *,
    recipients: list[x25519.Recipient],
    key: x25519.Identity | None,
    keep: int,
    at: datetime,
    actor: str,
) -> tuple[Made, list[str]]:
    """Write a backup to ``folder`` and check it; gives it, and the names of old ones that were removed.

    With ``key`` every row is decrypted and counted again; without it the file is compared with what was written. Raises
    ``Invalid`` if it cannot be written, ``BackupUnusable`` if it is not what was written: then there is no new one, and
    no old one is removed.
    """
    to = [*recipients, *([key.to_public()] if key else [])]
    if not to:
        raise Invalid(
            "a backup holds every secret of the ledger, and there is no key to encrypt it with",
            "Make one with cloud-sync backup-key FILE, and name it: --key-file FILE, or its public half: --recipient.",
        )
    path = folder / f"lotwarden-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
    part = path.with_name(f".{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = _write(database, part, to, at)
        made = _checked(part, path.name, written, key, at)
        _publish(part, path, made)
    except OSError as error:
        raise Invalid(
            f"the backup cannot be written to {folder}: {error.strerror or error}",
            "Free some space there, or give another folder. What was there is untouched.",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    _note(database, made, actor)
    return made, remove_old(folder, keep, newest=made.name)


def good_backups(folder: Path) -> list[str]:
    """Names of the backups of a folder that were checked and still have their size, the newest first."""
    found = []
    for told in folder.glob(f"lotwarden-*{SUFFIX}.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(told.read_text(encoding="utf-8"))
            if (folder / said["name"]).stat().st_size == said["bytes"] and told.name == f"{said['name']}.json":
                found.append((str(said["made_at"]), str(said["name"])))
    return [name for _, name in sorted(found, reverse=True)]


def remove_old(folder: Path, keep: int, *, newest: str) -> list[str]:
    """Remove good backups beyond the newest ``keep``, of which the one just made is one; gives their names.

    What is not known as good is left alone, and does not count.
    """
    good = [newest, *(name for name in good_backups(folder) if name != newest)]
    gone = []
    for name in good[max(1, keep) :]:
        try:
            (folder / name).unlink()
            (folder / f"{name}.json").unlink(missing_ok=True)
        except OSError as error:
            log.warning("the old backup %s cannot be removed: %s", name, error.strerror)
            continue
        gone.append(name)
    return gone


def _write(database: Database, part: Path, to: list[x25519.Recipient], at: datetime) -> Written:
    counted = Written()
    with open(part, "wb", opener=_for_owner_only) as file:
        frames = dumped(database, at, counted)
        try:
            written = write_archive(frames, file, to)
        finally:
            frames.close()  # type: ignore[attr-defined]
        file.flush()
        os.fsync(file.fileno())
    written.rows = counted.rows
    return written


def _checked(part: Path, name: str, written: Written, key: x25519.Identity | None, at: datetime) -> Made:
    if sha256_of(part) != written.sha256:
        raise BackupUnusable(
            f"{name} does not read as it was written: the disk is bad", "Back up to another disk, and replace this one."
        )
    sealed_size, read_back = -1, COMPARED
    if key is not None:
        with part.open("rb") as file:
            opened = Opened(file, key)
            for _ in opened.tables():
                pass
        if opened.rows != written.rows:
            raise BackupUnusable(f"{name} holds {opened.rows} rows, and {written.rows} were written")
        sealed_size, read_back = opened.header.sealed_size, DECRYPTED
    return Made(
        name, at.astimezone(UTC).isoformat(), written.size_bytes, written.sha256.hex(), written.rows, sealed_size,
        read_back,
    )  # fmt: skip


def _publish(part: Path, path: Path, made: Made) -> None:
    told = path.with_name(f"{path.name}.json")
    if path.exists():
        raise Invalid(f"{path.name} is there already", "Wait a second, and make it again.")
    part.replace(path)
    with told.open("w", encoding="utf-8") as file:
        file.write(json.dumps(asdict(made), indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


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


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
