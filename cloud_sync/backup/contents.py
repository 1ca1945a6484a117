"""What a backup holds: every table at one instant, counted, and what it tells of itself."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyrage import x25519

from cloud_sync.backup.archive import FORMAT, BackupUnusable, Source, Written, data_frame, frames_in, json_frame
from cloud_sync.release import lotwarden_version
from cloud_sync.seal.epochs import origin_in
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries

PART_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup tells of itself. ``checkpoint``: the latest signed note in it, "" if nothing was sealed."""

    ledger: str
    made_at: datetime
    revision: str
    version: str
    sealed_size: int
    checkpoint: str
    tables: dict[str, list[str]]
    sequences: dict[str, int]
    months: list[str]
    marks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Header":
        """From a file's first object. Raises ``BackupUnusable``."""
        if said.get("format") != FORMAT:
            raise BackupUnusable(
                f"the backup has format {said.get('format')}, and this version reads {FORMAT}",
                "Restore it with the version of Lotwarden that made it, or a newer one.",
            )
        values = {name: said[name] for name in cls.__slots__ if name in said}
        return cls(**{**values, "made_at": datetime.fromisoformat(said["made_at"])})


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a backup, about to be read: its data come from ``parts``, which has to be read to its end."""

    name: str
    parts: Iterator[bytes]


def dumped(database: Database, at: datetime, done: Written) -> Iterator[bytes]:
    """The frames of a backup of everything, as it is in one transaction that changes nothing. ``done`` counts rows."""
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = list(queries("backup").tables_to_copy(connection))
        yield json_frame(_header(connection, at, {row["name"]: row["columns"] for row in tables}))
        for row in tables:
            yield json_frame({"table": row["name"]})
            rows, digest = 0, hashlib.sha256()
            for part in _copied(connection, row["copy_out"]):
                rows += part.count(b"\n")  # COPY writes a newline at the end of a row and nowhere else
                digest.update(part)
                yield data_frame(part)
            yield json_frame({"rows": rows, "sha256": digest.hexdigest()})
            done.rows += rows
        yield json_frame({"rows": done.rows})


def _header(connection: Connection, at: datetime, tables: dict[str, list[str]]) -> dict[str, Any]:
    last = queries("seal").last_checkpoint(connection)
    months = [row["month"].isoformat() for row in queries("backup").months_of_readings(connection)]
    return {
        "format": FORMAT,
        "ledger": origin_in(connection) if last else "",
        "made_at": at.astimezone(UTC).isoformat(),
        "revision": queries("backup").revision(connection),
        "version": lotwarden_version(),
        "sealed_size": last["size"] if last else 0,
        "checkpoint": last["note"] if last else "",
        "tables": tables,
        "sequences": {row["name"]: row["last_value"] for row in queries("backup").sequences(connection)},
        "months": months,
        "marks": [dict(row) for row in queries("backup").lane_marks(connection)],
    }


def _copied(connection: Connection, copy_out: str) -> Iterator[bytes]:
    waiting = bytearray()
    with connection.cursor().copy(copy_out.encode()) as copy:
        for part in copy:
            waiting += part
            if len(waiting) >= PART_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


class Opened:
    """A backup that is read from its beginning to its end."""

    def __init__(self, file: Source, key: x25519.Identity) -> None:
        """Raises ``BackupUnusable``."""
        self._frames = frames_in(file, key)
        self.header = Header.of(self._object())
        self.rows = 0

    def tables(self) -> Iterator[Table]:
        """Each table in turn; counted and compared once its parts are read. Raises ``BackupUnusable``."""
        while True:
            said = self._object()
            if "table" not in said:
                break
            found: list[dict[str, Any]] = []
            parts = self._parts(str(said["table"]), found)
            yield Table(str(said["table"]), parts)
            for _ in parts:
                pass
            self.rows += int(found[0]["rows"])
        if said.get("rows") != self.rows or next(self._frames, None) is not None:
            raise BackupUnusable("the backup does not hold as many rows as it says", "Use another backup.")

    def close(self) -> None:
        """Read no further."""
        self._frames.close()  # type: ignore[attr-defined]

    def _parts(self, name: str, found: list[dict[str, Any]]) -> Iterator[bytes]:
        rows, digest = 0, hashlib.sha256()
        for kind, raw in self._frames:
            if kind == b"J":
                found.append(json.loads(raw))
                break
            rows += raw.count(b"\n")
            digest.update(raw)
            yield raw
        if not found or (found[0].get("rows"), found[0].get("sha256")) != (rows, digest.hexdigest()):
            raise BackupUnusable(f"table {name} is not as it was written", "Use another backup.")

    def _object(self) -> dict[str, Any]:
        kind, raw = next(self._frames, (b"", b""))
        if kind != b"J":
            raise BackupUnusable("the backup ends before its end", "Use another backup.")
        said = json.loads(raw)
        if not isinstance(said, dict):
            raise BackupUnusable("the file is no backup of Lotwarden", "Give a file that cloud-sync backup wrote.")
        return said
