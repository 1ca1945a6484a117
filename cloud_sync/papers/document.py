"""What stands on a paper, before it is drawn: a title and blocks, all of it text that is written already."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """How something is marked; its words always say it, too: papers are printed in black."""

    PLAIN = "plain"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = Tone.PLAIN
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Status:
    """What the paper says above all, in a word, and a sentence on it."""

    word: str
    text: str
    tone: Tone
    kind: str = "status"


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and values, ``columns`` of them side by side; values of ``CODES`` are told letter by letter."""

    items: Sequence[tuple[str, str]]
    columns: int = 3
    kind: str = "facts"


@dataclass(frozen=True, slots=True)
class Col:
    """A column of a table. ``width``: ``auto`` or parts of what is left (``2fr``). ``is_code``: told letter by letter,
    so that 0 and O, l and I look different."""

    title: str
    width: str = "auto"
    right: bool = False
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose head stands on each page. A cell beginning with ``BOX`` is an empty box to write in."""

    columns: Sequence[Col]
    rows: Sequence[Sequence[str]]
    empty: str = "None."
    total: Sequence[str] | None = None
    roomy: bool = False
    """With room to write in by hand."""
    kind: str = "table"

    def without_empty(self) -> "Table":
        """Without the columns in which no row has anything."""
        used = [
            at for at in range(len(self.columns))
            if any(row[at] for row in self.rows) or bool(self.total and self.total[at]) or not self.rows
        ]  # fmt: skip
        return replace(
            self,
            columns=[self.columns[at] for at in used],
            rows=[[row[at] for at in used] for row in self.rows],
            total=None if self.total is None else [self.total[at] for at in used],
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing (SVG) over the whole width; ``alt`` says what it shows to whoever does not see it."""

    svg: str
    alt: str
    kind: str = "picture"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A signature (21 CFR 11.50): printed name, meaning, time; ``note`` says how it was proved and what it covers."""

    printed_name: str
    meaning: str
    at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signatures:
    """Electronic signatures, and ``by_hand``: what is left to be signed on the paper."""

    lines: Sequence[SignatureLine] = ()
    by_hand: Sequence[str] = ()
    kind: str = "signatures"


Block = Heading | Text | Status | Facts | Table | Picture | Signatures
CODES = frozenset({"Lot", "NDC", "Batch", "Order", "Serial"})
"""Labels of values in which 0 and O, l and I have to look different."""
BOX = "\ufdd0box"
"""A cell that is an empty box to write in."""
TICK = "\ufdd0tick"
"""A cell that is a small box to tick."""


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as it is to be drawn. ``subject`` is what it is about, in a line under the title."""

    title: str
    subject: str
    blocks: Sequence[Block]
    is_wide: bool = False
    """Printed across."""

    def shown(self) -> dict[str, Any]:
        """As the template reads it."""
        return {
            "title": self.title,
            "subject": self.subject,
            "wide": self.is_wide,
            "codes": sorted(CODES),
            "blocks": [asdict(block.without_empty() if isinstance(block, Table) else block) for block in self.blocks],
        }


def drop_empty(items: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    """Labels with a value."""
    return [(label, value) for label, value in items if value]
