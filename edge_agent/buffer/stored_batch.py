"""What goes into the journal and what comes out: lines, stored batches, and what can be said about them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Literal, NamedTuple

from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.journal_gaps import LOST_BY_RESTORE
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Record, Stamp
from edge_agent.domain.wire.wire import RECORDS_MAX, encode_timed

PAYLOAD_TARGET_BYTES = 256 * 1024
"""A batch's records stay below this before compression, so that a batch is a small message on a slow link."""

State = Literal["pending", "refused", "fork", "damaged"]
"""Pending batches are sent; the others are kept and shown, and wait for a person."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JournalLine(NamedTuple):
    """One record as it will be stored, with the wall time it speaks of."""

    raw: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """One row of the journal. ``raw`` is the wire unit; times are wall time of its earliest and latest record."""

    id: int
    journal: JournalId
    lane: Lane
    first: int
    count: int
    from_ms: int
    until_ms: int
    digest: str
    state: State
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive records of one lane of one journal."""

    journal: JournalId
    lane: Lane
    first: int
    count: int
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """What one lane holds. ``oldest`` and ``newest`` are times of records that wait to be sent."""

    lane: Lane
    batches: int
    records: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    last_seq: int
    set_aside_batches: int


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """The journal at one glance.

    ``used_bytes`` is what the file really occupies, ``free_bytes`` what its file system has left, ``written_bytes``
    what the disk was given to write since the journal was made (the wear of an SD card).
    """

    journal: JournalId
    gateway: str
    used_bytes: int
    bytes_max: int | None
    free_bytes: int
    written_bytes: int
    lanes: tuple[LaneStatus, ...]
    set_aside: tuple[str, ...]
    damaged_journals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """What a check of the whole journal found. Good if there are no ``faults``."""

    batches: int
    records: int
    faults: tuple[str, ...]


def line_of(record: Record) -> JournalLine:
    """The record, encoded once. Raises ``ValueError`` for what JSON cannot say (NaN)."""
    return tuple.__new__(
        JournalLine, encode_timed(record)
    )  # half the cost of JournalLine(...), and it is done for each reading


def time_of(ms: int) -> datetime:
    """The instant ``ms`` milliseconds after 1970 UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def in_batches(lines: Sequence[JournalLine]) -> Iterator[Sequence[JournalLine]]:
    """Lines in order, parted so that no batch becomes too large."""
    ends = list(accumulate(len(line[0]) + 1 for line in lines))
    start = start_bytes = 0
    while start < len(lines):
        fitting = bisect_right(ends, start_bytes + PAYLOAD_TARGET_BYTES, lo=start)
        end = min(max(fitting, start + 1), start + RECORDS_MAX)
        yield lines[start:end]
        start, start_bytes = end, ends[end - 1]


def join_spans(spans: Iterable[Span]) -> list[Span]:
    """Neighbouring spans as one."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and (last.journal, last.lane, last.first + last.count) == (span.journal, span.lane, span.first):
            joined[-1] = Span(
                last.journal,
                last.lane,
                last.first,
                last.count + span.count,
                min(last.from_ms, span.from_ms),
                max(last.until_ms, span.until_ms),
            )
        else:
            joined.append(span)
    return joined


def gap_notice(at: Stamp, span: Span, why: str) -> Notice:
    """The durable word that records are lost: which, how many, from when to when, and why."""
    return Notice(
        stamp=at,
        notice=NoticeKind.GAP,
        subject=f"journal/{span.lane}",
        text=f"{span.count} records of lane {span.lane} are lost: {why}",
        data={
            "journal": span.journal,
            "lane": span.lane.value,
            "first": span.first,
            "count": span.count,
            "from": _iso(span.from_ms),
            "to": _iso(span.until_ms),
        },
    )


def restored_gap_notice(at: Stamp, journal: JournalId, lane: Lane, first: int, last: int) -> Notice:
    """As :func:`gap_notice`, for records that the ledger had, and lost with a restore, and that are kept no longer."""
    count = last - first + 1
    return Notice(
        stamp=at,
        notice=NoticeKind.GAP,
        subject=f"journal/{lane}",
        text=f"{count} records of lane {lane} are lost: the ledger had acknowledged them, was restored from a backup, "
        "and this gateway keeps them no longer",
        data={"journal": journal, "lane": lane.value, "first": first, "count": count, "because": LOST_BY_RESTORE},
    )


def unjournaled_gap_notice(at: Stamp, count: int, from_ms: int, until_ms: int, why: str) -> Notice:
    """As :func:`gap_notice`, for readings that were lost before they had a number."""
    return Notice(
        stamp=at,
        notice=NoticeKind.GAP,
        subject="journal/readings",
        text=f"{count} records were never written: {why}",
        data={"lane": "readings", "first": None, "count": count, "from": _iso(from_ms), "to": _iso(until_ms)},
    )


def thinned_notice(at: Stamp, span: Span, by: range, kept: int, *, window_s: int) -> Notice:
    """The durable word that readings were replaced: which, and by which new ones of the same lane.

    ``by`` stands for this span and those of the notices beside it together; ``kept`` of its records are readings
    as they were, the others are envelopes.
    """
    return Notice(
        stamp=at,
        notice=NoticeKind.THINNED,
        subject=f"journal/{span.lane}",
        text=f"{span.count} records of lane {span.lane} were thinned to envelopes of {window_s} s: the journal was "
        "full and the ledger out of reach",
        data={
            "journal": span.journal,
            "lane": span.lane.value,
            "first": span.first,
            "count": span.count,
            "from": _iso(span.from_ms),
            "to": _iso(span.until_ms),
            "by_first": by.start,
            "by_count": len(by),
            "by_kept": kept,
        },
    )


def _iso(ms: int) -> str:
    return time_of(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
