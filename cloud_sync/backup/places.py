"""Where backups are kept: a folder, or a bucket. A backup counts once what is said of it lies beside it."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from cloud_sync.backup.archive import SUFFIX, BackupUnusable, Source, Written
from cloud_sync.errors import Invalid

PREFIX = "lotwarden-"
TOLD_SUFFIX = ".json"

log = logging.getLogger(__name__)

Fill = Callable[[BinaryIO], Written]
"""Writes a backup; gives what was written."""


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


class BackupPlace(Protocol):
    """What can keep backups. What it raises of the world is an ``Invalid`` that says what to do."""

    def write(self, name: str, fill: Fill) -> Written:
        """Keep what ``fill`` writes. It does not count yet; if it is not written whole, nothing of it stays."""

    def read(self, name: str) -> AbstractContextManager[Source]:
        """What was written and does not count yet."""

    def publish(self, made: Made) -> None:
        """Let it count. Raises ``Invalid`` if there is one of this name."""

    def discard(self, name: str) -> None:
        """Drop what was written and does not count. Never raises."""

    def told(self) -> Iterator[dict[str, Any]]:
        """What is said of the backups that still have the size that they were written with."""

    def remove(self, name: str) -> bool:
        """Remove one that counts; False, and a line in the log, if that is not possible."""


class Stored(Protocol):
    """A backup that can be read, more than once."""

    def opened(self) -> AbstractContextManager[Source]:
        """From its beginning. Raises ``BackupUnusable``."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder, best on another disk."""

    folder: Path

    def write(self, name: str, fill: Fill) -> Written:
        """To a hidden file beside where it will be, flushed to the disk."""
        with self._told_in_words():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with open(self._part(name), "wb", opener=_for_owner_only) as file:
                    written = fill(file)
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                self.discard(name)
                raise
            return written

    @contextmanager
    def read(self, name: str) -> Iterator[Source]:
        """From the disk."""
        with self._told_in_words(), self._part(name).open("rb") as file:
            yield file

    def publish(self, made: Made) -> None:
        """Rename it, and say what it is; both are on the disk then."""
        path = self.folder / made.name
        with self._told_in_words():
            if path.exists():
                raise Invalid(f"{path.name} is there already", "Wait a second, and make it again.")
            self._part(made.name).replace(path)
            with self._told(made.name).open("wb") as file:
                file.write(json_of(made))
                file.flush()
                os.fsync(file.fileno())
            directory = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def discard(self, name: str) -> None:
        """Remove the hidden file."""
        with suppress(OSError):
            self._part(name).unlink(missing_ok=True)

    def told(self) -> Iterator[dict[str, Any]]:
        """From the files beside them."""
        for told in self.folder.glob(f"{PREFIX}*{SUFFIX}{TOLD_SUFFIX}"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads(told.read_text(encoding="utf-8"))
                if (self.folder / said["name"]).stat().st_size == said["bytes"] and told == self._told(said["name"]):
                    yield said

    def remove(self, name: str) -> bool:
        """First the backup: what is said of one that is gone counts for nothing."""
        try:
            (self.folder / name).unlink()
            self._told(name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("the old backup %s cannot be removed: %s", name, error.strerror)
            return False
        return True

    def _part(self, name: str) -> Path:
        return self.folder / f".{name}.part"

    def _told(self, name: str) -> Path:
        return self.folder / f"{name}{TOLD_SUFFIX}"

    @contextmanager
    def _told_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Invalid(
                f"the backup cannot be written to {self.folder}: {error.strerror or error}",
                "Free some space there, or give another folder. What was there is untouched.",
            ) from error


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A backup in a file."""

    path: Path

    @contextmanager
    def opened(self) -> Iterator[Source]:
        """The file."""
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise BackupUnusable(
                f"{self.path} cannot be read ({error.strerror})", "Give the path of a backup."
            ) from error
        with file:
            yield file


def json_of(made: Made) -> bytes:
    """As it lies beside the backup."""
    return json.dumps(asdict(made), indent=1).encode() + b"\n"


def good_backups(place: BackupPlace) -> list[str]:
    """Names of the backups that were checked and still have their size, the newest first."""
    found = [(str(said["made_at"]), str(said["name"])) for said in place.told()]
    return [name for _, name in sorted(found, reverse=True)]


def remove_old(place: BackupPlace, keep: int, *, newest: str) -> list[str]:
    """Remove good backups beyond the newest ``keep``, of which the one just made is one; gives their names.

    What is not known as good is left alone, and does not count.
    """
    good = [newest, *(name for name in good_backups(place) if name != newest)]
    return [name for name in good[max(1, keep) :] if place.remove(name)]


def _for_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
