"""Where the files of the archive are: a folder, or a bucket (``bucket_store.py``). ``opening.py`` opens both."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

MOUNTED = "Mount the folder of the archive, and let the ledger's user read it."


class StoreFault(Exception):
    """A file is not there or cannot be read or written; the text says why, ``what_to_do`` what helps beside a copy."""

    def __init__(self, why: str, what_to_do: str = "") -> None:
        super().__init__(why)
        self.what_to_do = what_to_do


class Store(Protocol):
    """Files by name (``readings/2026-03/gw-1.000012.parquet``). Whatever is written stays as it is."""

    url: str
    is_far: bool
    """Whether reading it goes over a network, so that what was read and checked is worth keeping for a while."""

    def put(self, name: str, path: Path) -> None:
        """Keep a copy of the file at ``path``, durably. Raises ``StoreFault``, also if there is one by that name."""

    def part(self, name: str, offset: int, size: int) -> bytes:
        """Bytes of a file; fewer where it ends before. Raises ``StoreFault``."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if there is none. Raises ``StoreFault`` if that cannot be known."""

    def sizes(self) -> Mapping[str, int]:
        """The bytes of all files, by name. Raises ``StoreFault``."""

    def remove(self, name: str) -> None:
        """A file that no ledger knows yet. Raises ``StoreFault``."""


class FolderStore:
    """A folder, perhaps of another machine."""

    is_far = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = str(folder)

    def put(self, name: str, path: Path) -> None:
        """See :class:`Store`. It is there in whole, on the disk, or not at all."""
        target = self._path(name)
        half = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with half.open("wb") as file:
                file.write(path.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            os.link(half, target)
            half.unlink()
            for folder in (target.parent, target.parent.parent, self.folder):
                _sync_folder(folder)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise StoreFault(f"{target} cannot be written ({error.strerror or error})") from error

    def part(self, name: str, offset: int, size: int) -> bytes:
        """See :class:`Store`."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except FileNotFoundError as error:
            raise StoreFault("the file is missing") from error
        except OSError as error:
            raise StoreFault(f"the file cannot be read ({error.strerror or error})") from error

    def size(self, name: str) -> int | None:
        """See :class:`Store`."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreFault(f"the file cannot be read ({error.strerror or error})") from error

    def sizes(self) -> Mapping[str, int]:
        """See :class:`Store`."""
        found: dict[str, int] = {}
        try:
            for root, _, names in os.walk(self.folder, onerror=_raise):
                for name in names:
                    if not name.startswith("."):
                        path = Path(root, name)
                        found[path.relative_to(self.folder).as_posix()] = path.stat().st_size
        except OSError as error:
            raise StoreFault(f"the folder cannot be read ({error.strerror or error})", MOUNTED) from error
        return dict(sorted(found.items()))

    def remove(self, name: str) -> None:
        """See :class:`Store`."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreFault(f"{name} cannot be removed ({error.strerror or error})") from error

    def _path(self, name: str) -> Path:
        return self.folder / name


def _raise(error: OSError) -> None:
    raise error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
