"""Scan transactions of a batch: each an event, and its lines booked."""

from collections.abc import Sequence

from cloud_sync.actions.bookings import EventLine, book_lines
from cloud_sync.actions.counts import store_count_scan
from cloud_sync.domain.booking import lines_of
from cloud_sync.ingest.source import Said, Source
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_event
from edge_agent.domain.records import Action, ScanTransaction


def store_scans(connection: Connection, source: Source, said: Sequence[Said[ScanTransaction]]) -> None:
    """Book what operators scanned; what cannot be booked becomes exception cases, and nothing is refused."""
    lines: list[EventLine] = []
    for each in said:
        event_id = _add_event(connection, source, each)
        scanned = lines_of(each.record, source.said_at(each.seq))
        lines += [EventLine(line, event_id, source.evidence_id) for line in scanned]
    book_lines(connection, lines)
    for each in said:
        if each.record.action is Action.COUNT:
            store_count_scan(connection, each.record, source.said_at(each.seq), source.evidence_id)


def _add_event(connection: Connection, source: Source, said: Said[ScanTransaction]) -> int:
    scan = said.record
    data = {
        "said_at": source.said_at(said.seq),
        "at": scan.stamp.at.isoformat(),
        "synced": scan.stamp.synced,
        "transaction": scan.transaction,
        "scanner": scan.scanner,
        "from": scan.from_place,
        "to": scan.to_place,
        "order": scan.order,
        "verdicts": list(scan.verdicts),
        "lines": [
            {"gtin": line.gtin, "lot": line.lot, "serial": line.serial, "quantity": line.quantity}
            for line in scan.lines
        ],
    }
    kind = f"scan_{scan.action}"
    return add_event(connection, actor=scan.operator, kind=kind, subject=f"gateway:{source.gateway}", data=data)
