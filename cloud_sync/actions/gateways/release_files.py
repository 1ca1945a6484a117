"""The files of releases, in a folder by their hash: one file for the same content, however many releases have it.

They are no part of the database or of its backups: a release is its signed manifest, and ``release add`` brings its
files again. Ledgers on several machines share the folder, or each has the release added to its own.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cloud_sync.errors import Invalid

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ReleaseFolder:
    """The folder of ``releases.folder``; it need not be there before the first file is kept."""

    path: Path

    def file_of(self, sha256: str) -> Path:
        """Where the file with this hash (64 hex digits) is, or would be."""
        return self.path / sha256[:2] / sha256

    def has(self, sha256: str, size: int) -> bool:
        """Whether it is here, with its size; its content is looked at by :meth:`fault_of`."""
        try:
            return self.file_of(sha256).stat().st_size == size
        except OSError:
            return False

    def keep(self, sha256: str, parts: Iterable[bytes]) -> None:
        """Keep a file, on the disk on return: the whole of it, or nothing. Raises ``Invalid``."""
        target = self.file_of(sha256)
        fresh = target.with_name(f".{sha256}.{os.getpid()}.new")
        digest = hashlib.sha256()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                for part in parts:
                    digest.update(part)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != sha256:
                raise Invalid("the file of a release is not what its manifest says", "Add the release again.")
            fresh.replace(target)
            for folder in (target.parent, self.path):
                _sync(folder)
        except OSError as error:
            raise Invalid(
                f"the files of a release cannot be kept in {self.path}: {error.strerror or error}",
                "Let the ledger's user write there, and free some space; or name another folder in [releases] folder.",
            ) from error
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)

    def part(self, sha256: str, start: int, size: int) -> bytes | None:
        """Up to ``size`` bytes from ``start`` on; None if the file is not here."""
        try:
            with self.file_of(sha256).open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError:
            return None

    def fault_of(self, sha256: str, size: int) -> str:
        """What is wrong with a file, "" if nothing is: all of it is read."""
        path = self.file_of(sha256)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        if found != sha256:
            return "was changed" if path.stat().st_size == size else "was cut off or changed"
        return ""


def parts_of(path: Path) -> Iterable[bytes]:
    """A file piece by piece. Raises ``OSError``."""
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            yield part


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
