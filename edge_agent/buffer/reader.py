"""Reading a journal: what it holds, and whether it is whole. Safe beside the agent that writes it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from edge_agent.buffer.queries import SCHEMA_VERSION, SQL
from edge_agent.buffer.stored_batch import BatchVerdict, JournalStatus, LaneStatus, StoredBatch, time_of
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import NO_PREVIOUS, Verify, WireError, decode_batch, digest_of
from edge_agent.errors import JournalDamaged, JournalError

FILE_NAME = "journal.db"
BUSY_TIMEOUT_S = 10.0
FAULTS_MAX = 1000


Connect = Callable[[Path], sqlite3.Connection]
"""How a journal's directory is opened for writing. Passed in by those who want to watch what goes to the disk."""


class JournalReader:
    """A journal, read only. ``path`` is its directory (``journal`` below the data directory)."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.bytes_max: int | None = None
        self._connection = connection
        self._connection.row_factory = sqlite3.Row
        with translated(path):
            row = self._one("read_journal")
            self._version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        self.journal = JournalId(row["id"])
        self.gateway: str = row["gateway"]

    @classmethod
    def open(cls, path: Path) -> "JournalReader":
        """Open for reading. Raises ``JournalError`` if there is none, or it cannot be read."""
        if not (path / FILE_NAME).exists():
            raise JournalError(f"there is no journal in {path}: the agent makes it on its first start")
        with translated(path):
            connection = connect(path, read_only=True)
            check_version(connection, path)
            return cls(path, connection)

    def close(self) -> None:
        """Let go of the file."""
        with translated(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pending_records(self) -> int:
        """How many records wait to be sent."""
        with translated(self.path):
            return int(self._one("pending_records")["records"])

    def forked_batches(self) -> int:
        """How many batches of this journal the ledger holds with other content: if any, it must not be continued."""
        with translated(self.path):
            return int(self._one("forked_batches")["batches"])

    def status(self) -> JournalStatus:
        """What the journal holds now."""
        with translated(self.path):
            rows = self._connection.execute(SQL["status_of_lanes"]).fetchall()
            heads = {row["lane"]: row["seq"] for row in self._connection.execute(SQL["read_heads"])}
            aside = [
                f"{row['lane']} {row['first']}..{row['first'] + row['count'] - 1} of journal {row['journal']}: "
                f"{row['state']}: {row['reason']}"
                for row in self._connection.execute(SQL["set_aside_list"])
            ]
            return JournalStatus(
                journal=self.journal,
                gateway=self.gateway,
                used_bytes=used_bytes(self._connection),
                bytes_max=self.bytes_max,
                free_bytes=free_bytes(self.path),
                written_bytes=self._written_bytes(),
                lanes=tuple(_lane_status(lane, rows, heads[lane]) for lane in Lane),
                set_aside=tuple(aside),
                damaged_journals=tuple(found.name for found in damaged_beside(self.path)),
            )

    def batches(self) -> Iterator[StoredBatch]:
        """Every batch, pending or set aside, in the order of the chains."""
        with translated(self.path):
            for row in self._connection.execute(SQL["every_batch_in_chain_order"]):
                yield stored_batch(row)

    def records_from(self, lane: Lane, seq: int) -> Iterator[tuple[int, bytes]]:
        """Sequence number and JSON of the records of ``lane`` from ``seq`` on that are still here. Batches whose
        bytes cannot be read are left out; :meth:`verify` names them."""
        with translated(self.path):
            rows = self._connection.execute(SQL["batches_from"], {"journal": self.journal, "lane": lane, "seq": seq})
            for batch in map(stored_batch, rows):
                try:
                    lines = decode_batch(batch.raw).lines
                except WireError:
                    continue
                for number, line in enumerate(lines, start=batch.first):
                    if number >= seq:
                        yield number, line

    def verify(self, verify: Verify) -> BatchVerdict:
        """Check the file, and each batch's digest, signature, header and place in its chain.

        Batches that the ledger has acknowledged are gone and leave holes, which are no faults.
        """
        faults: list[str] = []
        batches = records = 0
        last: StoredBatch | None = None
        heads = self._heads_by_lane()
        with translated(self.path):
            faults += file_faults(self._connection)
        for batch in self.batches():
            batches, records = batches + 1, records + batch.count
            if len(faults) < FAULTS_MAX:
                where = f"{batch.lane} {batch.first} of journal {batch.journal}"
                head = heads[batch.lane] if batch.journal == self.journal else None
                found = [*batch_faults(batch, verify), *_chain_faults(last, batch, head)]
                faults += [f"{where}: {fault}" for fault in found]
            last = batch
        return BatchVerdict(batches, records, tuple(faults))

    def _heads_by_lane(self) -> dict[Lane, tuple[int, str]]:
        with translated(self.path):
            rows = self._connection.execute(SQL["read_heads"]).fetchall()
        return {Lane(row["lane"]): (row["seq"], row["digest"]) for row in rows}

    def _written_bytes(self) -> int:
        # A reader may meet a file that no agent of this version has opened yet.
        return int(self._one("written_bytes")["bytes"]) if self._version >= 2 else 0

    def _one(self, name: str, values: dict[str, Any] | None = None) -> sqlite3.Row:
        row: sqlite3.Row | None = self._connection.execute(SQL[name], values or {}).fetchone()
        if row is None:
            raise JournalDamaged(f"{self.path}: {name} finds nothing; restart the agent, it sets the journal aside")
        return row


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the journal's records and its own bookkeeping take in the file, free pages left out."""
    free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    return file_bytes(connection) - free * int(connection.execute("PRAGMA page_size").fetchone()[0])


def file_bytes(connection: sqlite3.Connection) -> int:
    """What the file takes, once its log is folded in."""
    pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
    return pages * int(connection.execute("PRAGMA page_size").fetchone()[0])


def free_bytes(path: Path) -> int:
    """What the file system of ``path`` still gives to the agent's user. Raises ``JournalError``."""
    try:
        system = os.statvfs(path)
    except OSError as error:
        raise JournalError(f"{path} cannot be looked at ({error.strerror})") from error
    return system.f_bavail * system.f_frsize


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection to the file in directory ``path``, which must exist."""
    mode = "ro" if read_only else "rw"
    # Used from one thread at a time: the recorder's, which is not the one that opens it in tests.
    connection = sqlite3.connect(
        f"{(path / FILE_NAME).absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = _text  # one rotten byte must not keep the rows around it from being read
    return connection


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def connect_to_write(path: Path) -> sqlite3.Connection:
    """:func:`connect` for the one writer."""
    return connect(path, read_only=False)


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raises ``JournalError`` for a journal of a later version, ``JournalDamaged`` for a file that is none."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"{path} was written by a newer Lotwarden (schema {version}, this one knows up to {SCHEMA_VERSION}): "
            "install that version or a later one again; nothing in it was touched"
        )
    if version < 1:
        raise JournalDamaged(f"{path / FILE_NAME} is not a journal")


def stored_batch(row: sqlite3.Row) -> StoredBatch:
    """A row as its dataclass."""
    values = dict(row)
    return StoredBatch(**{**values, "journal": JournalId(values["journal"]), "lane": Lane(values["lane"])})


def file_faults(connection: sqlite3.Connection) -> list[str]:
    """What SQLite itself finds wrong with the file. Not quick_check: that passes over an index entry that has rotted,
    and a batch that the index does not show is never sent."""
    answers = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    return [] if answers == ["ok"] else answers


def batch_faults(batch: StoredBatch, verify: Verify) -> list[str]:
    """What is wrong with one batch by itself."""
    if digest_of(batch.raw) != batch.digest:
        return ["its bytes have changed since they were written"]
    try:
        decoded = decode_batch(batch.raw)
    except WireError as error:
        return [error.reason]
    header = decoded.header
    faults = []
    if (header.journal, header.lane, header.first, header.count) != (
        batch.journal,
        batch.lane,
        batch.first,
        batch.count,
    ):
        faults.append("its header is that of another batch")
    if not decoded.is_genuine(verify):
        faults.append("its signature is not by this gateway's key")
    return faults


def damaged_beside(path: Path) -> list[Path]:
    """Journals that were set aside as damaged, oldest first."""
    return sorted(path.parent.glob(f"{path.name}-damaged-*"))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours, with what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise journal_error(path, error) from error


def journal_error(path: Path, error: sqlite3.Error) -> JournalError:
    """What an SQLite error means for the one who runs the gateway."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    advice = _ADVICE.get(code)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalDamaged(f"{path} cannot be read ({error}): restart the agent, it sets the journal aside")
    return JournalError(f"{path}: {error}" + (f": {advice}" if advice else ""))


_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, and the agent resumes automatically",
    sqlite3.SQLITE_READONLY: "the file or its disk is read-only; make it writable for the agent's user (a worn SD "
    "card turns read-only: replace it)",
    sqlite3.SQLITE_IOERR: "the disk fails or is full; check `dmesg` and `df`, and replace the card if it is worn",
    sqlite3.SQLITE_CANTOPEN: "check that the agent's user may read and write this directory",
    sqlite3.SQLITE_PERM: "check that the agent's user may read and write this directory",
    sqlite3.SQLITE_BUSY: "another program keeps the journal locked; close it",
}


def _lane_status(lane: Lane, rows: list[sqlite3.Row], last_seq: int) -> LaneStatus:
    mine = [row for row in rows if row["lane"] == lane]
    waiting = next((row for row in mine if row["state"] == "pending"), None)
    return LaneStatus(
        lane=lane,
        batches=waiting["batches"] if waiting else 0,
        records=waiting["records"] if waiting else 0,
        bytes=waiting["bytes"] if waiting else 0,
        oldest=time_of(waiting["from_ms"]) if waiting else None,
        newest=time_of(waiting["until_ms"]) if waiting else None,
        last_seq=last_seq,
        set_aside_batches=sum(row["batches"] for row in mine if row["state"] != "pending"),
    )


def _chain_faults(last: StoredBatch | None, batch: StoredBatch, head: tuple[int, str] | None) -> Iterator[str]:
    ends_at = batch.first + batch.count - 1
    if head and (ends_at > head[0] or (ends_at == head[0] and batch.digest != head[1])):
        yield f"the chain ends at {head[0]} with another batch"
    try:
        previous = decode_batch(batch.raw).header.previous
    except WireError:
        return  # batch_faults has said so
    if batch.first == 1 and previous != NO_PREVIOUS:
        yield "the first of its lane, but it names a batch before it"
    if last is None or (last.journal, last.lane) != (batch.journal, batch.lane):
        return
    if last.first + last.count > batch.first:
        yield f"overlaps the batch that starts at {last.first}"
    elif last.first + last.count == batch.first and previous != last.digest:
        yield f"does not follow the batch that starts at {last.first}"
