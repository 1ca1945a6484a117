"""How far each lane of a journal is known without a hole: up to there, what is not here was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Lane, Notice, NoticeKind


def advance(connection: Connection, gateway_id: int, journal: str, lane: str) -> None:
    """Take the batches that were just stored into account. The caller owns the lane."""
    queries("ingest").advance_lane(connection, gateway_id=gateway_id, journal=journal, lane=lane)


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """The first and last number of readings that are no more, and of what stands for them where they were thinned."""

    span: tuple[int, int]
    by: tuple[int, int] | None


def declare_gaps(connection: Connection, source: RecordSource, said: Sequence[Sourced[Notice]]) -> list[SequenceGap]:
    """Records that the gateway says are lost, or were thinned, will never come as they were; gives those among the
    readings.

    A gap whose numbers are not known says nothing about numbers. A gateway whose journal was damaged says with the next
    one which numbers of it will not come; if it does not know its name, none of those with a hole will be filled.
    """
    found = []
    for each in said:
        data = each.record.data
        lane, span = data.get("lane"), _span(data.get("first"), data.get("count"))
        if each.record.notice not in _LOSSES or lane not in tuple(Lane) or span is None:
            continue
        is_thinned = each.record.notice is NoticeKind.THINNED
        by = _span(data.get("by_first"), data.get("by_count")) if is_thinned else None
        for journal in _journals(connection, source, str(lane), data.get("journal")):
            _declare(connection, source, journal, str(lane), span, by)
        if lane == Lane.READINGS.value:
            found.append(SequenceGap(span, by))
    return found


def _journals(connection: Connection, source: RecordSource, lane: str, named: object) -> list[str]:
    """The journals of this gateway that a gap is about; none if it is the name of none, or not for it to say."""
    if source.is_doubted:
        return [source.journal] if named in (None, source.journal) else []
    if named == FORMER_JOURNALS:
        rows = queries("ingest").journals_with_holes(
            connection, gateway_id=source.gateway_id, lane=lane, journal=source.journal
        )
        return [row["journal"] for row in rows]
    try:
        return [str(UUID(str(named or source.journal)))]
    except ValueError:
        return []


def _declare(
    connection: Connection,
    source: RecordSource,
    journal: str,
    lane: str,
    span: tuple[int, int],
    by: tuple[int, int] | None,
) -> None:
    queries("ingest").lock_lane(connection, lane=f"{source.gateway}/{journal}/{lane}")
    queries("ingest").add_gap(
        connection,
        gateway_id=source.gateway_id,
        journal=journal,
        lane=lane,
        first_seq=span[0],
        last_seq=span[1],
        by_first=by[0] if by else None,
        by_last=by[1] if by else None,
    )
    advance(connection, source.gateway_id, journal, lane)


_LOSSES = (NoticeKind.GAP, NoticeKind.THINNED)


def _span(first: object, count: object) -> tuple[int, int] | None:
    """The first and the last of so many numbers; None if these are no numbers."""
    if not isinstance(first, int) or not isinstance(count, int):
        return None
    return (first, first + count - 1) if 0 < first < SEQ_END and 0 < count < SEQ_END else None
