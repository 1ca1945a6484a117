"""Many batches of scans at once: a dock that comes back after an outage sends what was done in days.

They are booked together, as the scans of one batch are, as long as nothing depends on what was known before one of
them. Where that may be so (stock is handed out, an order is named, a serial is received again, a count) a new group
begins with it. What is not plain about a batch (anything but scans that can be read, by a synchronised clock) leaves it
to ``batches.store_batch``, alone.
"""

from collections.abc import Sequence

from cloud_sync.domain.records import fault_in
from cloud_sync.ingest.clock_correction import bound_times
from cloud_sync.ingest.pipeline import Contents, Kept, Sealed, Sender, evidence_ids
from cloud_sync.ingest.provenance import Sourced
from cloud_sync.ingest.scans import store_scans
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action, ScanTransaction
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record

LINES_MAX = 1_000
"""Of one transaction: it owns the lots of all."""
MOVES_ONLY = frozenset({Action.RECEIVE, Action.PUT_AWAY, Action.MOVE})
"""What may be booked together with what was scanned before it."""

Scans = Sequence[Sourced[ScanTransaction]]


def read_scans(connection: Connection, sender: Sender, new: Sequence[Sealed]) -> Contents:
    """The first of these batches of scans that are plain and may be booked together."""
    group = _first_group(sender, new)
    ids = evidence_ids(connection, len(group))
    kept = [
        Kept(
            evidence_id, sealed, min(each.record.stamp.at for each in said), max(each.record.stamp.at for each in said)
        )
        for evidence_id, (sealed, said) in zip(ids, group, strict=True)
    ]
    told = [(sender.source(sealed, evidence_id), said) for evidence_id, (sealed, said) in zip(ids, group, strict=True)]

    def book(connection: Connection) -> None:
        if queries("clocks").has_doubtful_scans(connection, gateway_id=sender.id):
            for (source, _), each in zip(told, kept, strict=True):
                bound_times(connection, source, each.sealed.header.first, each.sealed.last_seq)
        store_scans(connection, told)

    return Contents(kept, book)


def _first_group(sender: Sender, new: Sequence[Sealed]) -> list[tuple[Sealed, Scans]]:
    group: list[tuple[Sealed, Scans]] = []
    lines, received = 0, set[str]()
    for each in sorted(new, key=lambda each: each.index):
        said = _plain(sender, each)
        if said is None:
            break
        serials = {line.serial for scan in said for line in scan.record.lines if line.serial}
        lines += sum(len(scan.record.lines) for scan in said)
        may_join = all(scan.record.action in MOVES_ONLY and not scan.record.order for scan in said)
        if group and (not may_join or lines > LINES_MAX or (_receives(said) and received & serials)):
            break
        group.append((each, said))
        if not may_join:
            break
        received |= serials
    return group


def _receives(said: Scans) -> bool:
    return any(each.record.action is Action.RECEIVE for each in said)


def _plain(sender: Sender, sealed: Sealed) -> Scans | None:
    """The scans of a batch, None if anything else is in it."""
    try:
        batch = decode_batch(sealed.raw, sealed.header)
        records = [decode_record(line) for line in batch.lines]
    except WireError:
        return None
    said = []
    for seq, record in enumerate(records, start=sealed.header.first):
        if not isinstance(record, ScanTransaction) or record.action is Action.COUNT or fault_in(record) is not None:
            return None
        if not record.stamp.synced or not sender.window.has(record.stamp.at, synced=True):
            return None
        said.append(Sourced(seq, record))
    return said or None
