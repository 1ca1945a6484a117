"""What a journal says of the time before the agent was started."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.stored_batch import StoredBatch
from edge_agent.domain.wire.records import Lane, Record, ScanTransaction
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record


def scans_in(journal: Journal, at_most: int) -> list[ScanTransaction]:
    """The last scan transactions that the journal holds, oldest first."""
    found: deque[ScanTransaction] = deque(maxlen=at_most)
    for batch in journal.batches():
        if batch.lane is Lane.SCANS:
            found.extend(record for record in _records_of(batch) if isinstance(record, ScanTransaction))
    return list(found)


def last_synced_time(journal: Journal) -> datetime | None:
    """The latest time of a synchronised record among those that wait, as far as the end of each lane tells."""
    latest: datetime | None = None
    for lane in Lane:
        for batch in journal.pending(lane, newest_first=True, bytes_max=1, batches_max=1):
            for record in _records_of(batch):
                if record.stamp.synced and (latest is None or record.stamp.at > latest):
                    latest = record.stamp.at
    return latest


def waiting_in(journal: Journal, at_most: int) -> tuple[frozenset[str], int]:
    """The ids of those transactions, and how many records wait."""
    return frozenset(scan.transaction for scan in scans_in(journal, at_most)), journal.pending_records()


def _records_of(batch: StoredBatch) -> Iterator[Record]:
    # What was set aside as damaged may not decode.
    with suppress(WireError):
        for line in decode_batch(batch.raw).lines:
            with suppress(WireError):
                yield decode_record(line)
