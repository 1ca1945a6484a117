"""A TinyDB storage that a power cut leaves whole: the old content or the new, never a mixture.

The file's first line is the SHA-256 of the rest, so that a torn file or a flipped bit is seen. What cannot be read is
set aside beside it, for a person to look at, and the storage is empty.
"""

import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from edge_agent.host.fsync import sync_directory

FILE_BYTES_MAX = 64 << 20
DAMAGED_KEPT_MAX = 3
"""Damaged files beyond these are deleted, oldest first."""

_log = logging.getLogger(__name__)


class AtomicStorage(Storage):
    """One JSON document in one file. Small documents only: every write writes all of it.

    ``damage`` says what was wrong with the file that was found, "" if nothing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.damage = ""

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The tables, None if there are none or they could not be read (then ``damage`` says so)."""
        try:
            if self._path.stat().st_size > FILE_BYTES_MAX:
                raise ValueError(f"it is larger than {FILE_BYTES_MAX} bytes")
            return _tables_of(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            self._set_aside(str(error))
            return None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace everything. Durable on return; raises ``OSError`` and leaves the old content otherwise."""
        body = json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            with fresh.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        sync_directory(self._path.parent)

    def _set_aside(self, why: str) -> None:
        self.damage = f"{self._path.name} could not be read and was set aside: {why}"
        _log.error("%s", self.damage)
        beside = sorted(self._path.parent.glob(self._path.name + ".damaged-*"))
        number = int(beside[-1].name.rpartition("-")[2]) + 1 if beside else 1
        with suppress(OSError):
            self._path.replace(self._path.with_name(f"{self._path.name}.damaged-{number:06d}"))
            for old in beside[: len(beside) + 1 - DAMAGED_KEPT_MAX]:
                old.unlink()


def _tables_of(raw: bytes) -> dict[str, dict[str, Any]]:
    digest, _, body = raw.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("its content does not match its checksum")
    tables = json.loads(body)
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ValueError("it holds no tables")
    return tables
