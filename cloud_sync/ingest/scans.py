"""Scan transactions of a batch: each an event, and its lines booked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cloud_sync.actions.stock.counts import store_count_scan
from cloud_sync.domain.booking import OPENED, lines_of
from cloud_sync.ingest.clock_correction import true_times
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.posting.controlled.dock_use import record_dock_use
from cloud_sync.posting.movements import EventLine, book_lines
from cloud_sync.storage.database import Connection
from cloud_sync.storage.events import add_events
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action, ScanTransaction, Stamp

Told = Sequence[tuple[RecordSource, Sequence[Sourced[ScanTransaction]]]]
"""Scans, by the batch they were read from."""


def store_scans(connection: Connection, told: Told) -> None:
    """Book what operators scanned; what cannot be booked becomes exception cases, and nothing is refused."""
    told = [(source, said) for source, said in told if said]
    if not told:
        return
    event_ids = iter(add_events(connection, [_event(source, each) for source, said in told for each in said]))
    lines: list[EventLine] = []
    for source, said in told:
        lines += _lines(connection, source, said, event_ids)
    book_lines(connection, lines)
    for source, said in told:
        for each in said:
            record_dock_use(connection, each.record, source.said_at(each.seq))
            if each.record.action is Action.COUNT:
                store_count_scan(
                    connection, each.record, source.said_at(each.seq), source.evidence_id, gateway=source.gateway
                )


def _lines(
    connection: Connection,
    source: RecordSource,
    said: Sequence[Sourced[ScanTransaction]],
    event_ids: Iterator[int],
) -> list[EventLine]:
    times = true_times(connection, source, [each.record.stamp for each in said])
    lines: list[EventLine] = []
    doubtful: list[tuple[str, int, Stamp]] = []
    for each in said:
        event_id = next(event_ids)
        scanned = lines_of(each.record, source.said_at(each.seq))
        stamp = each.record.stamp
        if not stamp.synced:
            facts = [line.fact + end for line in scanned for end in _fact_ends(line.action)]
            doubtful += [(fact, each.seq, stamp) for fact in facts]
        at, is_timed = times.get(stamp, stamp.at), stamp.synced or stamp in times
        if at != stamp.at:
            scanned = tuple(replace(line, at=at) for line in scanned)
        lines += [EventLine(line, event_id, source.evidence_id, is_timed) for line in scanned]
    _keep_doubts(connection, source, doubtful)
    return lines


def _fact_ends(action: Action) -> tuple[str, ...]:
    return ("", OPENED) if action is Action.OPEN_CASE else ("",)


def _keep_doubts(connection: Connection, source: RecordSource, doubtful: Sequence[tuple[str, int, Stamp]]) -> None:
    if not doubtful:
        return
    queries("clocks").add_doubtful_scans(
        connection,
        gateway_id=source.gateway_id,
        journal=source.journal,
        facts=[fact for fact, _, _ in doubtful],
        seqs=[seq for _, seq, _ in doubtful],
        boots=[stamp.boot for _, _, stamp in doubtful],
        mono_ms=[stamp.mono_ms for _, _, stamp in doubtful],
        said_at=[stamp.at for _, _, stamp in doubtful],
    )


def _event(source: RecordSource, said: Sourced[ScanTransaction]) -> dict[str, Any]:
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
        **({"witness": scan.witness} if scan.witness else {}),
        "lines": [
            {
                "gtin": line.gtin,
                "lot": line.lot,
                "serial": line.serial,
                "quantity": line.quantity,
                **({"codes": list(line.codes)} if line.codes else {}),
                **({"wasted": line.wasted} if line.wasted else {}),
            }
            for line in scan.lines
        ],
    }
    kind = f"scan_{scan.action}"
    # Who it was, only the gateway knows: it is believed for that no further than it is itself.
    actor = f"{scan.operator} as told by {source.gateway}"
    return {"actor": actor, "kind": kind, "subject": f"gateway:{source.gateway}", "data": data}
