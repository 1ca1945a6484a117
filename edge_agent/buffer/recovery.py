"""A damaged journal: recognised, set aside, and searched for what can still be read and proven."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.queries import SQL
from edge_agent.buffer.reader import (
    FILE_NAME,
    Connect,
    check_version,
    connect,
    damaged_beside,
    file_faults,
    journal_error,
    stored_batch,
)
from edge_agent.buffer.stored_batch import State, StoredBatch
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Lane, Notice, NoticeKind
from edge_agent.domain.wire.wire import Verify, WireError, decode_batch
from edge_agent.errors import JournalDamaged, JournalError
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import stamp

HOLES_MAX = 1_000
"""Holes that are told one by one of a lane; beyond them its end is said to be open, and what was saved comes anyway."""


def damage_of(path: Path, connect_to_write: Connect) -> str | None:
    """What is wrong with the journal in ``path``, or nothing. Raises ``JournalError`` if the disk does not let us
    see, or a newer version wrote it: that is no damage."""
    if not (path / FILE_NAME).exists():
        return f"{FILE_NAME} is missing"
    try:
        # Opened for writing, because a log left by a crash has to be replayed before it can be judged.
        with closing(connect_to_write(path)) as connection:
            check_version(connection, path)
            faults = file_faults(connection) or _head_faults(connection)
            return faults[0] if faults else None
    except JournalDamaged as error:
        return str(error)
    except sqlite3.Error as error:
        translated = journal_error(path, error)
        if isinstance(translated, JournalDamaged):
            return str(error)
        raise translated from error


def set_aside(path: Path, now: datetime) -> Path:
    """Rename the journal to ``<path>-damaged-<time>``; gives the new path. One rename, so a crash leaves either."""
    name = f"{path.name}-damaged-{now:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(name)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    try:
        path.rename(aside)
        sync_directory(path.parent)
    except OSError as error:
        raise JournalError(f"{path} is damaged and cannot be set aside ({error.strerror})") from error
    return aside


def adopt_damaged(journal: Journal, verify: Verify) -> None:
    """Search each damaged journal that was not searched before, and take over what is good.

    Done in one transaction per damaged journal: a crash in between repeats it and never doubles it.
    """
    done = journal.adopted()
    for path in damaged_beside(journal.path):
        if path.name not in done:
            found = _Found()
            journal.adopt(path.name, _good_batches(path, verify, found), partial(_notices, journal, path, found))


@dataclass
class _Found:
    """What a search has come to so far."""

    journal: str | None = None
    saved_batches: int = 0
    saved_records: int = 0
    lost_batches: int = 0
    saved: dict[tuple[str, Lane], list[tuple[int, int]]] = field(default_factory=dict)  # first and last numbers

    def name(self, journal: str) -> None:
        """The damaged journal was this one; there may be batches of older ones in it."""
        self.journal = journal
        for lane in Lane:
            self.saved.setdefault((journal, lane), [])

    def add(self, batch: StoredBatch) -> None:
        if self.journal is None:
            self.name(batch.journal)
        self.saved_batches += 1
        self.saved_records += batch.count
        for lane in Lane:
            self.saved.setdefault((batch.journal, lane), [])
        self.saved[(batch.journal, batch.lane)].append((batch.first, batch.first + batch.count - 1))

    def last(self, lane: Lane) -> int | None:
        """The highest number that was saved of the damaged journal itself."""
        return max((last for _, last in self.saved.get((self.journal or "", lane), ())), default=None)

    def holes(self) -> Iterator[tuple[str, Lane, int, int]]:
        """What cannot come any more unless the ledger has it: journal, lane, first number, count. The last one of a
        lane is open-ended: nobody knows any more how far it was written."""
        if self.journal is None:
            for lane in Lane:
                yield FORMER_JOURNALS, lane, 1, SEQ_END - 1
        for (journal, lane), spans in self.saved.items():
            at = 1
            for first, last in sorted(spans)[:HOLES_MAX]:
                if first > at:
                    yield journal, lane, at, first - at
                at = max(at, last + 1)
            yield journal, lane, at, SEQ_END - at


def _good_batches(path: Path, verify: Verify, found: _Found) -> Iterator[StoredBatch]:
    try:
        connection = connect(path, read_only=True)
    except sqlite3.Error:
        return
    with closing(connection):
        with suppress(sqlite3.Error, IndexError, TypeError):
            found.name(str(connection.execute(SQL["read_journal"]).fetchone()["id"]))
        for row_id in sorted(_readable_ids(connection)):
            row = _read(connection, row_id)
            batch = _proven(row, verify) if row else None
            if batch is None:
                found.lost_batches += 1
            else:
                found.add(batch)
                yield batch


def _proven(row: StoredBatch, verify: Verify) -> StoredBatch | None:
    """The batch if its own bytes are genuine, whatever has become of the columns beside them."""
    try:
        batch = decode_batch(row.raw)
    except WireError:
        return None
    if not batch.is_genuine(verify):
        return None
    header = batch.header
    state: State = row.state if row.state in ("refused", "fork") else "pending"
    return replace(
        row, journal=header.journal, lane=header.lane, first=header.first, count=header.count, digest=batch.digest,
        state=state,
    )  # fmt: skip


def _readable_ids(connection: sqlite3.Connection) -> set[int]:
    """Row ids from both ends of the table, up to where it cannot be followed."""
    ids: set[int] = set()
    for name in ("ids_up", "ids_down"):
        try:
            for row in connection.execute(SQL[name]):
                ids.add(row["id"])
        except sqlite3.Error:
            continue
    return ids


def _read(connection: sqlite3.Connection, row_id: int) -> StoredBatch | None:
    try:
        row = connection.execute(SQL["batch_by_id"], {"id": row_id}).fetchone()
        return stored_batch(row) if row else None
    except (sqlite3.Error, ValueError):
        return None


def _notices(journal: Journal, path: Path, found: _Found) -> list[Notice]:
    """That the journal was damaged, and which numbers of it the ledger need not wait for."""
    holes = [_hole_notice(journal, path, *hole) for hole in found.holes()]
    return [_notice(journal, path, found), *holes]


def _notice(journal: Journal, path: Path, found: _Found) -> Notice:
    return Notice(
        stamp=stamp(journal.clock),
        notice=NoticeKind.GAP,
        subject=path.name,
        text=f"the journal was damaged and set aside; {found.saved_batches} batches were saved from it, "
        f"at least {found.lost_batches} are lost",
        data={
            "journal": found.journal,
            "lane": None,
            "first": None,
            "count": None,
            "last_scan_saved": found.last(Lane.SCANS),
            "last_reading_saved": found.last(Lane.READINGS),
            "saved_batches": found.saved_batches,
            "saved_records": found.saved_records,
            "lost_batches": found.lost_batches,
        },
    )


def _hole_notice(journal: Journal, path: Path, name: str, lane: Lane, first: int, count: int) -> Notice:
    until = "on" if first + count >= SEQ_END else f"to {first + count - 1}"
    whose = "all journals before this one" if name == FORMER_JOURNALS else f"journal {name}"
    return Notice(
        stamp=stamp(journal.clock),
        notice=NoticeKind.GAP,
        subject=path.name,
        text=f"{lane} from {first} {until} of {whose} are lost, but for those that the ledger has",
        data={"journal": name, "lane": lane.value, "first": first, "count": count},
    )


def _head_faults(connection: sqlite3.Connection) -> list[str]:
    journal = connection.execute(SQL["read_journal"]).fetchone()
    if journal is None:
        return ["it has no name"]
    heads = {row["lane"]: (row["seq"], row["digest"]) for row in connection.execute(SQL["read_heads"])}
    if set(heads) != set(Lane):
        return ["the ends of its chains are missing"]
    for row in connection.execute(SQL["last_batches"], {"journal": journal["id"]}):
        seq, digest = heads[row["lane"]]
        if row["seq"] > seq or (row["seq"] == seq and row["digest"] != digest):
            return [f"the chain of {row['lane']} does not end with its last batch"]
    return []
