"""One batch, whatever it says: all of it read, and facts made of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.batch_cases import unreadable_case
from cloud_sync.ingest.clock_correction import bound_times
from cloud_sync.ingest.dead_letters import is_poison
from cloud_sync.ingest.journal_standing import is_trusted, settle_standing
from cloud_sync.ingest.notices import store_notices
from cloud_sync.ingest.pipeline import Contents, Kept, Sealed, Sender, advance_lanes, evidence_ids
from cloud_sync.ingest.provenance import RecordSource, Sourced
from cloud_sync.ingest.readings import store_readings
from cloud_sync.ingest.scans import store_scans
from cloud_sync.ingest.time_window import TimeWindow
from cloud_sync.posting.cases import open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Envelope, Lane, Notice, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import Batch, WireError, decode_batch, decode_record


def read_whole(connection: Connection, sender: Sender, new: Sequence[Sealed]) -> Contents:
    """All that one batch says, whatever it is. Raises ``WireError``."""
    (sealed,) = new
    batch = decode_batch(sealed.raw, sealed.header)
    decoded = _decoded(batch)
    first_at, last_at = _trusted(decoded, sender.window)
    (evidence_id,) = evidence_ids(connection, 1)
    source = sender.source(sealed, evidence_id)
    return Contents(
        [Kept(evidence_id, sealed, first_at, last_at)],
        lambda connection: _book(connection, sender.row, source, batch, decoded),
    )


def book_evidence(connection: Connection, batch: Batch, evidence_id: int) -> None:
    """Make facts of a batch that is kept as evidence and nothing more, and whose case is closed. The caller owns the
    lane.
    """
    header, decoded = batch.header, _decoded(batch)
    gateway: Row = queries("ingest").gateway(connection, name=header.gateway)
    is_doubted = not is_trusted(connection, gateway, header.gateway, header.journal)
    sender = replace(Sender.of(gateway, header.gateway), is_doubted=is_doubted)
    sealed = Sealed(0, header, batch.raw, batch.digest)
    advance_lanes(connection, sender.id, [sealed])
    _book(connection, gateway, sender.source(sealed, evidence_id), batch, decoded)


def _book(
    connection: Connection, gateway: Row, source: RecordSource, batch: Batch, decoded: Sequence[Record | str]
) -> None:
    records = _readable(connection, source, batch, decoded)
    notices = [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Notice)]
    last_at = _trusted(decoded, source.window)[1]
    source = settle_standing(connection, gateway, source, notices, (_earliest(decoded, source.window), last_at))
    # Channels before holds: the order of locks (storage/locks.py, posting/monitoring/rule_tracks.py).
    store_notices(connection, source, notices)
    store_readings(
        connection,
        source,
        [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Reading)],
        [Sourced(s.seq, s.record) for s in records if isinstance(s.record, Envelope)],
    )
    if source.lane is Lane.SCANS and last_at is not None and not source.is_doubted:
        bound_times(connection, source, batch.header.first, _last_seq(batch))
    store_scans(
        connection, [(source, [Sourced(s.seq, s.record) for s in records if isinstance(s.record, ScanTransaction)])]
    )


def _decoded(batch: Batch) -> Sequence[Record | str]:
    """Each line as a record, or what is wrong with it."""
    decoded: list[Record | str] = []
    for line in batch.lines:
        try:
            record = decode_record(line)
            decoded.append(fault_in(record) or record)
        except WireError as error:
            decoded.append(error.reason)
    return decoded


def _trusted(decoded: Sequence[Record | str], window: TimeWindow) -> tuple[datetime | None, datetime | None]:
    """The first and the latest believed time by a synchronised clock of what a batch says, thinned or not."""
    said = (Reading, Envelope, ScanTransaction, Notice)
    times = [each.stamp.at for each in decoded if isinstance(each, said) and each.stamp.synced]
    times = [at for at in times if window.has(at, synced=True)]
    return min(times, default=None), max(times, default=None)


def times_in(batch: Batch, window: TimeWindow) -> tuple[datetime | None, datetime | None]:
    """The same of a batch that may hold what nobody can read: unknown then."""
    try:
        return _trusted(_decoded(batch), window)
    except Exception as error:
        if not is_poison(error):
            raise
        return None, None


def _earliest(decoded: Sequence[Record | str], window: TimeWindow) -> datetime | None:
    """The first plausible time, by whatever clock, of what was measured or scanned."""
    times = [each.stamp.at for each in decoded if isinstance(each, (Reading, ScanTransaction))]
    times += [each.since.at for each in decoded if isinstance(each, Envelope)]
    return min((at for at in times if window.has(at, synced=False)), default=None)


def _readable(
    connection: Connection, source: RecordSource, batch: Batch, decoded: Sequence[Record | str]
) -> list[Sourced[Record]]:
    """The records that can be read; each of the others becomes an exception case."""
    readable = []
    pairs = zip(batch.lines, decoded, strict=True)
    for seq, (line, record) in enumerate(pairs, start=batch.header.first):
        if isinstance(record, str):
            open_case(connection, unreadable_case(source, seq, line, record))
        else:
            readable.append(Sourced(seq, record))
    return readable


def _last_seq(batch: Batch) -> int:
    return batch.header.first + batch.header.count - 1
