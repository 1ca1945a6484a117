"""The cases that a batch opens when something is wrong with it."""

from cloud_sync.errors import Forked
from cloud_sync.ingest.provenance import RecordSource
from cloud_sync.posting.cases import Case
from edge_agent.domain.wire.wire import BatchHeader

UNREADABLE_KEPT_BYTES = 10_000
"""How much of an unreadable record its case shows; the evidence has all of it."""


def unreadable_case(source: RecordSource, seq: int, line: bytes, fault: str) -> Case:
    """A record of a genuine batch that nobody can read; the others of it count."""
    shown = line[:UNREADABLE_KEPT_BYTES].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    text = fault.replace("\x00", "\\x00")[:1000]
    key = source.said_at(seq)
    return Case("unreadable_record", key, text, evidence_id=source.evidence_id, data={"record": shown})


def fork_case(header: BatchHeader, digest: str, error: Forked) -> Case:
    """Two batches under one number of one journal: somebody writes under the name of another gateway."""
    data = {"lane": header.lane.value, "first": header.first, "records": header.count, "digest": digest}
    key = f"{header.gateway}/{header.journal}"
    return Case("forked_journal", key, str(error), evidence_id=error.evidence_id, data=data)
