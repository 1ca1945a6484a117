"""A disk whose power can be cut: what SQLite hands to it is recorded, and any state a cut may leave is made from that.

The journal runs its own code and SQL on a real SQLite (apsw's, whose virtual file system can be wrapped) over real
files; every write, truncation, sync and deletion is noted on the way down. A crash image then is, for each file, what
was synced before the cut plus any subset of what was not: whole, torn at sectors, or missing, in any order, as a
drive's cache and a file system may leave it. A file never synced may be missing altogether. Images are opened with the
journal as it is shipped, on the standard library's SQLite.
"""

import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, in order. ``what``: write, truncate, sync, delete, or a mark of the workload."""

    what: str
    file: str = ""
    offset: int = 0
    data: bytes = b""
    mark: object = None


@dataclass
class Recording:
    """Everything that went to the disk since :meth:`begin`, and what the files held before."""

    before: dict[str, bytes] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    is_on: bool = False

    def begin(self, directory: Path) -> None:
        """Take what is there now as durable, and record from here on."""
        self.before = {path.name: path.read_bytes() for path in directory.iterdir() if not path.name.endswith("-shm")}
        self.is_on = True

    def note(self, event: Event) -> None:
        if self.is_on and not event.file.endswith("-shm"):
            self.events.append(event)

    def mark(self, mark: object) -> None:
        """Something the workload did or was told, e.g. that an append returned."""
        self.note(Event("mark", mark=mark))

    def marks_until(self, cut: int) -> list[Any]:
        """The marks before the cut."""
        return [event.mark for event in self.events[:cut] if event.what == "mark"]


def crash_image(recording: Recording, cut: int, chance: random.Random) -> dict[str, bytes]:
    """One state in which a power cut after ``cut`` events may leave the files."""
    files: dict[str, bytearray | None] = {name: bytearray(data) for name, data in recording.before.items()}
    unsynced: dict[str, list[Event]] = {}
    for event in recording.events[:cut]:
        if event.what == "mark":
            continue
        waiting = unsynced.setdefault(event.file, [])
        if event.what == "sync":
            files[event.file] = _applied(files.get(event.file), waiting)
            waiting.clear()
        else:
            waiting.append(event)
    for name, waiting in unsynced.items():
        files[name] = _applied(files.get(name), _survivors(waiting, chance))
    return {name: bytes(data) for name, data in files.items() if data is not None}


def _survivors(waiting: Sequence[Event], chance: random.Random) -> Iterable[Event]:
    """None, all, or any of them; a write may be torn into sectors of which any arrived."""
    how = chance.choice(["none", "all", "prefix", "subset", "subset"])
    if how == "none":
        return
    last = chance.randrange(len(waiting) + 1) if how == "prefix" else len(waiting)
    for number, event in enumerate(waiting[:last]):
        is_torn = how == "prefix" and number == last - 1
        if how == "subset" and chance.random() < 0.4:
            continue
        if event.what == "write" and (is_torn or (how == "subset" and chance.random() < 0.3)):
            yield from _torn(event, chance)
        else:
            yield event


def _torn(event: Event, chance: random.Random) -> Iterable[Event]:
    at = event.offset
    end = event.offset + len(event.data)
    while at < end:
        stop = min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if chance.random() < 0.5:
            yield Event("write", event.file, at, event.data[at - event.offset : stop - event.offset])
        at = stop


def _applied(data: bytearray | None, events: Iterable[Event]) -> bytearray | None:
    for event in events:
        if event.what == "delete":
            data = None
            continue
        data = bytearray() if data is None else data
        if event.what == "truncate":
            del data[event.offset :]
        elif event.what == "write":
            if len(data) < event.offset:
                data.extend(bytes(event.offset - len(data)))
            data[event.offset : event.offset + len(event.data)] = event.data
    return data


class RecordingDisk(apsw.VFS):
    """SQLite's own way to files, with a note of all that passes. Registered under ``name`` while it lives."""

    def __init__(self, name: str, recording: Recording) -> None:
        self.name = name
        self.recording = recording
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> "_File":  # noqa: N802 - SQLite's name
        return _File(name, flags, self.recording)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        name = Path(filename).name
        self.recording.note(Event("delete", name))
        if syncdir:
            self.recording.note(Event("sync", name))

    def connect(self, synchronous: str | None = None) -> Callable[[Path], sqlite3.Connection]:
        """For ``start_journal(connect=...)``. With ``synchronous`` the journal's own choice is overruled."""

        def opened(path: Path) -> sqlite3.Connection:
            return _Connection(path / "journal.db", self.name, synchronous)  # type: ignore[return-value]

        return opened


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], recording: Recording) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.file = Path(path or "temporary").name
        self.recording = recording
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self.recording.note(Event("write", self.file, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self.recording.note(Event("truncate", self.file, size))

    def xSync(self, flags: int) -> bool:  # noqa: N802
        super().xSync(flags)
        self.recording.note(Event("sync", self.file))
        return True


class _Connection:
    """As much of ``sqlite3.Connection`` as the journal uses, over apsw."""

    def __init__(self, file: Path, vfs: str, synchronous: str | None) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        self._apsw = apsw.Connection(f"{file.as_uri()}?mode=rw", flags=flags, vfs=vfs)
        self._synchronous = synchronous
        self.row_factory = None

    @property
    def in_transaction(self) -> bool:
        return self._apsw.in_transaction

    def execute(self, sql: str, values: Any = None) -> "_Cursor":
        if self._synchronous and sql.startswith("PRAGMA synchronous"):
            sql = f"PRAGMA synchronous = {self._synchronous}"
        return _Cursor(self._apsw.execute(sql, values))

    def executemany(self, sql: str, rows: Iterable[Any]) -> None:
        for row in rows:
            self._apsw.execute(sql, row)

    def executescript(self, sql: str) -> None:
        self._apsw.execute(sql)

    def close(self) -> None:
        self._apsw.close()


class _Cursor:
    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def _row(self, values: Any) -> "_Row":
        return _Row((column[0], value) for column, value in zip(self._cursor.get_description(), values, strict=True))

    def __iter__(self) -> "_Cursor":
        return self

    def __next__(self) -> "_Row":
        return self._row(next(self._cursor))

    def fetchone(self) -> "_Row | None":
        return next(self, None)

    def fetchall(self) -> "list[_Row]":
        return list(self)

    def close(self) -> None:
        self._cursor.close()


class _Row(dict[Any, Any]):
    def __getitem__(self, key: str | int) -> Any:
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)
