"""Room in the journal: its limits, and what gives way when they are reached. Scans, alarms and notices never do.

First the oldest unsent readings are thinned to envelopes (``edge_agent.domain.thinning``), then the oldest are dropped.
Both are said in notices of the same transaction, so that no number of a lane ever goes missing without a word.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.buffer.queries import SQL
from edge_agent.buffer.reader import file_bytes, free_bytes, stored_batch, used_bytes
from edge_agent.buffer.stored_batch import (
    JournalLine,
    Span,
    StoredBatch,
    gap_notice,
    join_spans,
    line_of,
    thinned_notice,
)
from edge_agent.domain.monitoring.thinning import MustKeep, thin
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Envelope, Lane, Reading
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record, digest_of
from edge_agent.errors import JournalFull
from edge_agent.timekeeping.clock import Clock, stamp

BYTES_MAX = 512_000_000
ROOM_MADE = 32
ROOM_BYTES_MIN = 64 * 1024
"""When over budget, one part in so many is freed at once, and at least so much, so that a long outage does not fill
the journal with notices of what it lost."""
THIN_RECORDS_MAX = 10_000
"""So many readings are thinned in one step: half an hour of 50 devices at 10 s, and some ten MB of memory."""
WINDOWS_MIN = 3
"""Readings that cover fewer windows are too fresh to be thinned: their windows are still filling."""
GROWTH_BYTES = 256 * 1024
"""What one commit may add to the file. At the disk reserve the file keeps this much room in itself."""

Write = Callable[[Sequence[JournalLine], Lane], range]
"""Appends lines that nothing can make smaller, in the transaction that runs; gives their sequence numbers."""

_log = logging.getLogger("edge_agent.journal")


def _nothing(_: Reading) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the journal may hold.

    ``bytes_max`` bounds the file. When the file system has less than ``reserve_bytes`` left, readings make the file
    grow no more; scans still do, for a scan that is refused is worse than a full disk. ``thin_window_s`` is the width
    of envelopes, None if readings are dropped rather than thinned. ``must_keep`` names readings that are never
    thinned: those outside the limits of their place, as far as the gateway knows them. Whatever it says, the
    readings with the least and the greatest value of each window stay as they are.
    """

    bytes_max: int = BYTES_MAX
    reserve_bytes: int = 0
    thin_window_s: int | None = None
    must_keep: MustKeep = _nothing


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Makes room in the journal on ``connection``, within a transaction of its writer."""

    connection: sqlite3.Connection
    path: Path
    journal: JournalId
    limits: Limits
    clock: Clock

    def allowed_bytes(self, lane: Lane) -> int:
        """How much the journal may use, before an append to ``lane`` begins."""
        bytes_max = self.limits.bytes_max
        if lane is Lane.SCANS or not self.limits.reserve_bytes:
            return bytes_max
        spare = max(0, free_bytes(self.path) - self.limits.reserve_bytes)
        return min(bytes_max, max(0, file_bytes(self.connection) + spare - GROWTH_BYTES))

    def make(self, allowed_bytes: int, new: range, write: Write) -> None:
        """Thin, then drop readings until no more than ``allowed_bytes`` are used; never the rows ``new``.

        Raises ``JournalFull`` if that is not enough.
        """
        if self._used_bytes() <= allowed_bytes:
            return
        enough = allowed_bytes - max(allowed_bytes // ROOM_MADE, min(ROOM_BYTES_MIN, allowed_bytes // 4))
        keep = {"new_from": new.start, "new_until": new.stop - 1}
        thinned = 0
        while self._used_bytes() > enough and (step := self._thin_step(keep, write)) is not None:
            thinned += step
        spans = join_spans(self._dropped(enough, keep))
        self._write_gaps(spans, write)
        if self._used_bytes() > allowed_bytes:
            raise self._full()
        _log.warning(
            "journal over %d bytes: thinned %d readings, dropped %d",
            allowed_bytes, thinned, sum(span.count for span in spans),
        )  # fmt: skip

    def _thin_step(self, keep: dict[str, int], write: Write) -> int | None:
        """How many of the oldest readings were replaced; None when there are none left that are worth trying."""
        window_s = self.limits.thin_window_s
        if window_s is None:
            return None
        batches, readings = self._oldest_readings(keep)
        if not batches or (len(readings) < THIN_RECORDS_MAX // 2 and _span_s(batches) < window_s * WINDOWS_MIN):
            return None
        left = thin(readings, window_s=window_s, must_keep=self.limits.must_keep)
        if len(left) > len(readings) // 2:
            # Not worth the writing. Never tried again: they are the next to be dropped.
            self.connection.executemany(SQL["not_thinnable"], [{"id": batch.id} for batch in batches])
            return 0
        self.connection.executemany(SQL["drop_batch"], [{"id": batch.id} for batch in batches])
        by = write([line_of(record) for record in left], Lane.READINGS)
        kept = len(left) - sum(isinstance(record, Envelope) for record in left)
        spans = join_spans(map(span_of, batches))
        write([line_of(thinned_notice(stamp(self.clock), s, by, kept, window_s=window_s)) for s in spans], Lane.SCANS)
        return len(readings)

    def _oldest_readings(self, keep: dict[str, int]) -> tuple[list[StoredBatch], list[tuple[int, Reading]]]:
        batches: list[StoredBatch] = []
        found: list[tuple[int, Reading]] = []
        unreadable: list[int] = []
        rows = self.connection.execute(SQL["oldest_thinnable"], {"journal": self.journal, **keep})
        for batch in map(stored_batch, rows):
            readings = _readings_of(batch)
            if readings is None:
                unreadable.append(batch.id)
                continue
            if batches and len(found) + len(readings) > THIN_RECORDS_MAX:
                break
            batches.append(batch)
            found += readings
        rows.close()
        self.connection.executemany(SQL["not_thinnable"], [{"id": row_id} for row_id in unreadable])
        return batches, found

    def _dropped(self, enough: int, keep: dict[str, int]) -> Iterator[Span]:
        while self._used_bytes() > enough:
            rows = self.connection.execute(SQL["oldest_droppable"], keep).fetchall()
            if not rows:
                return
            for row in rows:
                self.connection.execute(SQL["drop_batch"], {"id": row["id"]})
                yield Span(
                    JournalId(row["journal"]), Lane(row["lane"]), row["first"], row["count"], row["from_ms"],
                    row["until_ms"],
                )  # fmt: skip
                if self._used_bytes() <= enough:
                    return

    def _write_gaps(self, spans: Sequence[Span], write: Write) -> None:
        why = "the journal was full and the ledger out of reach"
        if spans:
            write([line_of(gap_notice(stamp(self.clock), span, why)) for span in spans], Lane.SCANS)

    def _full(self) -> JournalFull:
        if self._used_bytes() <= self.limits.bytes_max:
            return JournalFull(
                f"{self.path}: the disk has less than journal.reserve_bytes ({self.limits.reserve_bytes}) left, so "
                "readings cannot be saved: free some space on it, or restore the link"
            )
        return JournalFull(
            f"{self.path} holds {self.limits.bytes_max} bytes that the ledger has not acknowledged and no readings "
            "are left to drop: bring the link back, or raise journal.bytes_max"
        )

    def _used_bytes(self) -> int:
        return used_bytes(self.connection)


def span_of(batch: StoredBatch) -> Span:
    """The numbers and times that a batch covers."""
    return Span(batch.journal, batch.lane, batch.first, batch.count, batch.from_ms, batch.until_ms)


def _span_s(batches: Sequence[StoredBatch]) -> float:
    return (max(batch.until_ms for batch in batches) - min(batch.from_ms for batch in batches)) / 1000


def _readings_of(batch: StoredBatch) -> list[tuple[int, Reading]] | None:
    """The numbered readings of a batch; None if it is not all readings that can be read."""
    if digest_of(batch.raw) != batch.digest:
        return None
    try:
        records = [decode_record(line) for line in decode_batch(batch.raw).lines]
    except WireError:
        return None
    readings = [(seq, r) for seq, r in enumerate(records, start=batch.first) if isinstance(r, Reading)]
    return readings if len(readings) == len(records) else None
