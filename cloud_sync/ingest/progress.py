"""How far each lane of a journal is known without a hole: up to there, what is not here was not measured."""

from collections.abc import Sequence

from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Lane, Notice, NoticeKind


def advance(connection: Connection, gateway_id: int, journal: str, lane: str) -> None:
    """Take the batches that were just stored into account. The caller owns the lane."""
    queries("ingest").advance_lane(connection, gateway_id=gateway_id, journal=journal, lane=lane)


def declare_gaps(connection: Connection, source: Source, said: Sequence[Said[Notice]]) -> bool:
    """Records that the gateway says are lost will never come; gives whether there are any among the readings.

    A gap whose numbers are not known says nothing about numbers.
    """
    found = False
    for each in said:
        data = each.record.data
        lane, first, count = data.get("lane"), data.get("first"), data.get("count")
        journal = data.get("journal") or source.journal
        if each.record.notice is not NoticeKind.GAP or lane != Lane.READINGS.value:
            continue
        if not isinstance(first, int) or not isinstance(count, int) or not _is_span(first, count):
            continue
        if str(journal) != source.journal:
            continue  # a gateway speaks of the journal it writes; an older one is closed by hand
        queries("ingest").own_lane(connection, lane=f"{source.gateway}/{journal}/{lane}")
        queries("ingest").add_gap(
            connection,
            gateway_id=source.gateway_id,
            journal=journal,
            lane=lane,
            first_seq=first,
            last_seq=first + count - 1,
        )
        advance(connection, source.gateway_id, str(journal), lane)
        found = True
    return found


def _is_span(first: int, count: int) -> bool:
    return 0 < first < 2**62 and 0 < count < 2**62
