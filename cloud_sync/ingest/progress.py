"""How far each lane of a journal is known without a hole: up to there, what is not here was not measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Lane, Notice, NoticeKind


def advance(connection: Connection, gateway_id: int, journal: str, lane: str) -> None:
    """Take the batches that were just stored into account. The caller owns the lane."""
    queries("ingest").advance_lane(connection, gateway_id=gateway_id, journal=journal, lane=lane)


@dataclass(frozen=True, slots=True)
class Gap:
    """The first and last number of readings that are no more, and of what stands for them where they were thinned."""

    span: tuple[int, int]
    by: tuple[int, int] | None


def declare_gaps(connection: Connection, source: Source, said: Sequence[Said[Notice]]) -> list[Gap]:
    """Records that the gateway says are lost, or were thinned, will never come as they were; gives those among the
    readings.

    A gap whose numbers are not known says nothing about numbers.
    """
    found = []
    for each in said:
        data = each.record.data
        lane, journal = data.get("lane"), data.get("journal") or source.journal
        span = _span(data.get("first"), data.get("count"))
        if each.record.notice not in _LOSSES or lane != Lane.READINGS.value or span is None:
            continue
        if str(journal) != source.journal:
            continue  # a gateway speaks of the journal it writes; an older one is closed by hand
        by = _span(data.get("by_first"), data.get("by_count")) if each.record.notice is NoticeKind.THINNED else None
        queries("ingest").own_lane(connection, lane=f"{source.gateway}/{journal}/{lane}")
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
        advance(connection, source.gateway_id, str(journal), lane)
        found.append(Gap(span, by))
    return found


_LOSSES = (NoticeKind.GAP, NoticeKind.THINNED)


def _span(first: object, count: object) -> tuple[int, int] | None:
    """The first and the last of so many numbers; None if these are no numbers."""
    if not isinstance(first, int) or not isinstance(count, int):
        return None
    return (first, first + count - 1) if 0 < first < 2**62 and 0 < count < 2**62 else None
