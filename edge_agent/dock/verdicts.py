"""What a dock thinks of a scan before it is booked. The grammar asks, whoever knows something answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.barcodes.item_codes import named
from edge_agent.domain.wire.records import Action, ScanLine, Stamp


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reason. ``refuses`` keeps the scan out; otherwise the operator is warned and the reason is booked with it.

    A ``quiet`` one is shown and booked, but nothing to be warned of. One that ``tells_age`` says how old the desk is.
    """

    refuses: bool
    code: str
    text: str
    quiet: bool = False
    tells_age: bool = False


@dataclass(frozen=True, slots=True)
class Doing:
    """What the operator is about to do with a line."""

    action: Action
    from_place: str | None
    to_place: str | None
    order: str | None


@dataclass(frozen=True, slots=True)
class Described:
    """What a label stands for: the item as people call it, and how many of its base ``unit`` one of it is."""

    item: str
    units: int = 1
    unit: str = "unit"


class Judge(Protocol):
    """Knows the rules and what they are applied to. Answers at once: no I/O."""

    def badge(self, badge: str) -> tuple[str, tuple[Verdict, ...]]:
        """Whose badge it is (the badge itself if nobody knows), and what is against signing in."""
        ...

    def pin(self, badge: str) -> str | None:
        """The PIN that goes with a badge, as it is kept; None if the badge is enough."""
        ...

    def place(self, place: str) -> tuple[Verdict, ...]:
        """What is to be said about a place that was scanned."""
        ...

    def destination(self, doing: Doing) -> tuple[Verdict, ...]:
        """What is to be said about putting stock into ``doing.to_place`` now."""
        ...

    def describe(self, line: ScanLine) -> Described:
        """What to call the item of ``line``."""
        ...

    def line(self, doing: Doing, line: ScanLine, before: Sequence[ScanLine], stamp: Stamp) -> tuple[Verdict, ...]:
        """All that is to be said about ``line``; ``before`` are the other lines of the same transaction."""
        ...


class NoJudge:
    """Knows nothing and has no objections."""

    def badge(self, badge: str) -> tuple[str, tuple[Verdict, ...]]:
        """The badge is the name."""
        return badge, ()

    def pin(self, badge: str) -> str | None:
        """None."""
        return None

    def place(self, place: str) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()

    def destination(self, doing: Doing) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()

    def describe(self, line: ScanLine) -> Described:
        """The item by its codes."""
        return Described(named(line.names))

    def line(self, doing: Doing, line: ScanLine, before: Sequence[ScanLine], stamp: Stamp) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()
