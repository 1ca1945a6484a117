"""What follows from a scan, as data: the grammar decides it, the session carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.domain.wire.records import ScanLine, ScanTransaction

Data = Mapping[str, str | int | float | None]


class Tone(StrEnum):
    """How feedback sounds."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"  # taken, but the operator has to read
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Tell the operator."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Book:
    """Make this durable; effects after it only happen once it is."""

    transaction: ScanTransaction


@dataclass(frozen=True, slots=True)
class RefusedScan:
    """A scan that changed nothing, and what to do instead. ``data`` says more to a machine."""

    reason: str
    hint: str
    data: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An open transaction that timed out. The boxes were touched but nothing was booked: it has to be told."""

    text: str
    operator: str
    items: tuple[ScanLine, ...]


Effect = Feedback | Book | RefusedScan | Dropped


class ScanRefused(Exception):
    """Why a scan is refused, and what to do instead."""

    def __init__(self, reason: str, hint: str, data: Data | None = None, *, undo_helps: bool = False) -> None:
        """``undo_helps``: the hint is to take back what was scanned before, and an UNDO that follows does so."""
        super().__init__(reason)
        self.undo_helps = undo_helps
        self.refused = RefusedScan(reason, hint, data or {})
