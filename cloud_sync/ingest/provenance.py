"""Where a record was said: the part of a fact's identity that is the same whatever arrives first."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from cloud_sync.ingest.time_window import TimeWindow
from edge_agent.domain.wire.records import Lane, Record

R = TypeVar("R", bound=Record, covariant=True)


@dataclass(frozen=True, slots=True)
class Sourced(Generic[R]):
    """A record and its sequence number in its lane."""

    seq: int
    record: R


@dataclass(frozen=True, slots=True)
class RecordSource:
    """The batch that records come from. ``is_doubted``: nobody announced its journal (``ingest.journal_standing``)."""

    gateway_id: int
    gateway: str
    journal: str
    lane: Lane
    evidence_id: int
    window: TimeWindow
    is_doubted: bool = False

    @property
    def doubted_journal(self) -> str | None:
        """The journal, if it is doubted."""
        return self.journal if self.is_doubted else None

    def said_at(self, seq: int) -> str:
        """``gateway/journal/lane/seq``."""
        return f"{self.gateway}/{self.journal}/{self.lane}/{seq}"
