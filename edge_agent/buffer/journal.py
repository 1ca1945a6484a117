"""The gateway's durable store-and-forward log: SQLite, write-ahead log, synchronous=FULL, one writer.

A row is a batch exactly as it travels (``edge_agent.domain.wire``), so nothing is encoded twice and the ledger can
check what the disk held. The end of each lane's chain is moved in the same transaction as the append and outlives
the rows.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from edge_agent.buffer.queries import SQL
from edge_agent.buffer.reader import (
    JournalReader,
    journal_error,
    stored_batch,
    translated,
)
from edge_agent.buffer.retention import Limits, RetentionPolicy, span_of
from edge_agent.buffer.stored_batch import (
    JournalLine,
    StoredBatch,
    gap_notice,
    in_batches,
    line_of,
    restored_gap_notice,
)
from edge_agent.buffer.write_wear import WearCounter
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Lane, Notice, Record
from edge_agent.domain.wire.wire import BatchHeader, Sign, WireError, digest_of, encode_batch
from edge_agent.errors import JournalError
from edge_agent.timekeeping.clock import Clock, stamp

PAGE_BYTES = 1024
"""A commit rewrites a few pages whatever it adds: small ones spare the SD card (``./dev bench`` counts the bytes)."""
LOG_PAGES_MAX = 1000
"""Pages in the log before it is folded into the file."""

_log = logging.getLogger("edge_agent.journal")


@dataclass(frozen=True, slots=True)
class _Head:
    seq: int
    digest: str


class Journal(JournalReader):
    """The journal, for its one writer. Not for several threads at once.

    Every method raises ``JournalError`` when the disk does not allow what was asked; nothing is half done then, and
    the journal can be used again as soon as the disk can. ``JournalDamaged`` means: open it anew.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        sign: Sign,
        clock: Clock,
        limits: Limits,
        lock: int,
    ) -> None:
        super().__init__(path, connection)
        self.bytes_max = limits.bytes_max
        self._sign = sign
        self._clock = clock
        self._retention = RetentionPolicy(connection, path, self.journal, limits, clock)
        self._wear = WearCounter()
        self._lock = lock
        self._heads = self._read_heads()

    def close(self) -> None:
        """Let go of the file and the lock. Everything appended is durable already."""
        try:
            self._book_wear()
            super().close()
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def append(self, lane: Lane, records: Sequence[Record]) -> range:
        """Keep ``records``; gives their sequence numbers. When it returns they are on the disk (fsync).

        Over budget, the oldest unsent readings are thinned or dropped, which is recorded in the same transaction.
        Raises ``JournalFull`` when that is not enough, ``JournalError`` when the disk does not take them.
        """
        return self.append_lines(lane, [line_of(record) for record in records])

    def append_lines(self, lane: Lane, lines: Sequence[JournalLine]) -> range:
        """As :meth:`append`, for records encoded before (:func:`edge_agent.buffer.rows.line_of`)."""
        if not lines:
            return range(0)
        with self._transaction() as heads:
            allowed_bytes = self._retention.allowed_bytes(lane)
            first = heads[lane].seq + 1
            first_row = self._last_row() + 1
            self._insert(lane, lines, heads)
            new = range(first_row, self._last_row() + 1)
            self._retention.make(allowed_bytes, new, partial(self._write_thinned, heads))
        return range(first, first + len(lines))

    def pending(
        self, lane: Lane, *, newest_first: bool = False, bytes_max: int, batches_max: int
    ) -> tuple[StoredBatch, ...]:
        """Batches that wait to be sent: at least one if there is any, then as many as the limits allow.

        A batch whose bytes have rotted on the disk is set aside and recorded as a gap; it does not block the rest.
        """
        batches: list[StoredBatch] = []
        rotten: list[StoredBatch] = []
        size = 0
        with translated(self.path):
            name = "pending_newest_first" if newest_first else "pending_oldest_first"
            cursor = self._connection.execute(SQL[name], {"lane": lane})
            for batch in map(stored_batch, cursor):
                if digest_of(batch.raw) != batch.digest:
                    rotten.append(batch)
                    continue
                if len(batches) == batches_max or (batches and size + len(batch.raw) > bytes_max):
                    break
                batches.append(batch)
                size += len(batch.raw)
            cursor.close()
        if rotten:
            self._declare_damaged(rotten, "its bytes have changed on the disk")
        return tuple(batches)

    def acknowledge(self, batches: Iterable[StoredBatch]) -> None:
        """The ledger has these: delete them. One that is gone already is passed over."""
        with self._transaction():
            self._connection.executemany(
                SQL["delete_batch"], [{"id": batch.id, "digest": batch.digest} for batch in batches]
            )

    def ends(self, pending_max: int) -> dict[Lane, int]:
        """The last number of each lane that has any; none at all if more than ``pending_max`` batches wait."""
        with translated(self.path):
            for lane in Lane:
                if self._one("pending_up_to", {"lane": lane, "most": pending_max + 1})["batches"] > pending_max:
                    return {}
        return {lane: head.seq for lane, head in self._heads.items() if head.seq}

    def numbers(self) -> dict[Lane, list[tuple[int, int]]]:
        """The numbers of this journal that are in it, in whatever state: first and last of each run of them."""
        runs: dict[Lane, list[tuple[int, int]]] = {}
        with translated(self.path):
            for row in self._connection.execute(SQL["numbers_here"], {"journal": self.journal}):
                found = runs.setdefault(Lane(row["lane"]), [])
                last = row["first"] + row["count"] - 1
                if found and found[-1][1] + 1 == row["first"]:
                    found[-1] = (found[-1][0], last)
                else:
                    found.append((row["first"], last))
        return runs

    def take_back(self, batches: Sequence[StoredBatch]) -> None:
        """Let acknowledged batches be sent once more. They come before all others, as they did."""
        with self._transaction():
            first = int(self._one("first_id")["id"]) - len(batches)
            rows = ({**_values(batch), "id": first + at} for at, batch in enumerate(batches))
            self._connection.executemany(SQL["insert_batch_again"], rows)

    def declare_lost(self, lane: Lane, spans: Sequence[tuple[int, int]]) -> None:
        """Say durably that these numbers, which the ledger had acknowledged, cannot be sent again."""
        if spans:
            notices = [
                restored_gap_notice(stamp(self._clock), self.journal, lane, first, last) for first, last in spans
            ]
            self.append(Lane.SCANS, notices)

    def set_aside(self, batches: Sequence[StoredBatch], state: Literal["refused", "fork"], reason: str) -> None:
        """Keep these but send them no more; ``status`` shows them with the reason."""
        with self._transaction():
            self._connection.executemany(
                SQL["set_aside_batch"],
                [{"id": b.id, "digest": b.digest, "state": state, "reason": reason[:500]} for b in batches],
            )

    def resend_refused(self) -> tuple[StoredBatch, ...]:
        """Let what the ledger refused be sent once more; gives it, with the reasons of the refusals."""
        with self._transaction():
            refused = tuple(map(stored_batch, self._connection.execute(SQL["refused_batches"])))
            self._connection.execute(SQL["resend_refused"])
        return refused

    def _declare_damaged(self, batches: Sequence[StoredBatch], reason: str) -> None:
        """Keep these but send them no more, and record them as gaps."""
        with self._transaction() as heads:
            self._connection.executemany(SQL["set_aside_damaged"], [{"id": b.id, "reason": reason} for b in batches])
            notices = [line_of(gap_notice(stamp(self._clock), span_of(batch), reason)) for batch in batches]
            self._insert(Lane.SCANS, notices, heads)

    def adopt(
        self,
        name: str,
        saved: Iterable[StoredBatch],
        notices: Callable[[], Sequence[Notice]],
        *,
        anew: Iterable[tuple[Lane, Sequence[JournalLine]]] = (),
    ) -> None:
        """Take over batches saved from the former journal ``name``; once.

        Those of ``saved`` stay as they were signed; the records of ``anew`` get numbers of this journal. ``notices``,
        asked for after the last batch was taken, say what was saved and lost.
        """
        with self._transaction() as heads:
            self._connection.executemany(SQL["insert_batch"], map(_values, saved))
            for lane, lines in anew:
                self._insert(lane, lines, heads)
            self._insert(Lane.SCANS, [line_of(notice) for notice in notices()], heads)
            self._connection.execute(SQL["mark_adopted"], {"name": name, "at": self._clock.now().isoformat()})

    def adopted(self) -> set[str]:
        """Names of the damaged journals that were searched already."""
        with translated(self.path):
            return {row["name"] for row in self._connection.execute(SQL["adopted_names"])}

    @property
    def clock(self) -> Clock:
        """The clock that stamps its notices."""
        return self._clock

    @contextmanager
    def _transaction(self) -> Iterator[dict[Lane, _Head]]:
        """All or nothing. The heads given may be changed; they count once the transaction is on the disk."""
        heads = dict(self._heads)
        self._wear.start()
        booked = 0
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield heads
            for lane, head in heads.items():
                if head != self._heads[lane]:
                    written = self._wear.uncounted_bytes - booked
                    self._connection.execute(
                        SQL["move_head"],
                        {"lane": lane, "seq": head.seq, "digest": head.digest, "written_bytes": written},
                    )
                    booked += written
            self._connection.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise journal_error(self.path, error) from error
            raise
        finally:
            self._wear.stop()
        self._heads = heads
        self._wear.book(booked)

    def _book_wear(self) -> None:
        """What was written since the last append goes into the books too, if the disk lets it."""
        written = self._wear.uncounted_bytes
        if written:
            with suppress(sqlite3.Error):
                self._connection.execute(SQL["add_written_bytes"], {"written_bytes": written})
                self._wear.book(written)

    def _written_bytes(self) -> int:
        return super()._written_bytes() + self._wear.uncounted_bytes

    def _last_row(self) -> int:
        return int(self._one("last_id")["id"])

    def _write_thinned(self, heads: dict[Lane, _Head], lines: Sequence[JournalLine], lane: Lane) -> range:
        first = heads[lane].seq + 1
        self._insert(lane, lines, heads, may_thin=False)
        return range(first, first + len(lines))

    def _insert(
        self, lane: Lane, lines: Sequence[JournalLine], heads: dict[Lane, _Head], *, may_thin: bool = True
    ) -> None:
        for part in in_batches(lines):
            head = heads[lane]
            header = BatchHeader(
                gateway=GatewayName(self.gateway),
                journal=self.journal,
                lane=lane,
                first=head.seq + 1,
                count=len(part),
                previous=head.digest,
            )
            payload, times = zip(*part, strict=True)
            try:
                raw = encode_batch(header, payload, self._sign)
            except WireError as error:
                raise JournalError(f"a record is too large to be sent: {error.reason}") from error
            digest = digest_of(raw)
            self._connection.execute(
                SQL["insert_batch"],
                {
                    "journal": self.journal,
                    "lane": lane,
                    "first": header.first,
                    "count": header.count,
                    "from_ms": min(times),
                    "until_ms": max(times),
                    "digest": digest,
                    "state": "pending",
                    "reason": "",
                    "raw": raw,
                    "may_thin": int(may_thin),
                },
            )
            heads[lane] = _Head(head.seq + len(part), digest)

    def _read_heads(self) -> dict[Lane, _Head]:
        return {lane: _Head(*head) for lane, head in self._heads_by_lane().items()}


def _values(batch: StoredBatch) -> dict[str, str | int | bytes]:
    return {
        "journal": batch.journal,
        "lane": batch.lane,
        "first": batch.first,
        "count": batch.count,
        "from_ms": batch.from_ms,
        "until_ms": batch.until_ms,
        "digest": batch.digest,
        "state": batch.state,
        "reason": batch.reason,
        "raw": batch.raw,
        "may_thin": 0,  # its numbers are not of this journal
    }
