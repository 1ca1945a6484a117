"""Sheets on which stock transactions are written by hand while everything is out. Pure.

The ledger prints them, and so does a gateway. A sheet is ``NAME.YYYYMMDDHHMM.PAGE``: the site or gateway that printed
it, when (UTC), and its page; of two copies of one page the second gets a letter, written by hand (``...1.b``).
Afterwards whoever enters it scans the code of the sheet, then the code of each line that was written on::

    LW.SHEET.main.202611290600.1    LW.LINE.7
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.domain.wire.records import Action

SHEETS = 4
LINES = 10
"""Of a sheet: each has room for handwriting, and a code."""
SHEET_CODE, LINE_CODE = "LW.SHEET.", "LW.LINE."
COLUMNS = ("Line", "Time", "Action", "Item", "Lot", "Expires", "Quantity", "From", "To", "Order", "Initials")
"""What is written on a line; the first is printed."""
PAPER_ACTIONS = (
    Action.RECEIVE, Action.PUT_AWAY, Action.MOVE, Action.PICK, Action.SHIP, Action.DISPENSE, Action.RETURN,
)  # fmt: skip
"""What may be written on a sheet. Counts have one of their own, and nothing is destroyed while nobody can approve."""

_SHEET = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]{0,99})\.(?P<at>[0-9]{12})\.(?P<page>[1-9][0-9]?)(\.(?P<copy>[b-z]))?"
)
_LINE = re.compile(r"[1-9][0-9]?")


class SheetFault(ValueError):
    """What should name a sheet or a line names none; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed sheet. ``printed_at`` is aware UTC, to the minute; ``copy`` is '' but for a second copy of a page."""

    name: str
    printed_at: datetime
    page: int
    copy: str = ""

    def __str__(self) -> str:
        copy = f".{self.copy}" if self.copy else ""
        return f"{self.name}.{self.printed_at.astimezone(UTC):%Y%m%d%H%M}.{self.page}{copy}"

    @property
    def code(self) -> str:
        """What its code says."""
        return f"{SHEET_CODE}{self}"


def sheets_of(name: str, printed_at: datetime, count: int = SHEETS) -> tuple[Sheet, ...]:
    """The sheets of one pack.

    >>> [str(each) for each in sheets_of("main", datetime(2026, 11, 29, 6, tzinfo=UTC), 2)]
    ['main.202611290600.1', 'main.202611290600.2']
    """
    return tuple(Sheet(name, printed_at, page) for page in range(1, count + 1))


def parse_sheet(text: str) -> Sheet:
    """The sheet that a code names, or its number as it was typed. Raises ``SheetFault``.

    >>> parse_sheet("lw.sheet.Main.202611290600.1.B").copy
    'b'
    """
    said = text.strip().lower().removeprefix(SHEET_CODE.lower())
    found = _SHEET.fullmatch(said)
    try:
        if found is None:
            raise ValueError
        at = datetime.strptime(found["at"], "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise SheetFault(
            f"{text.strip()[:120]!r} is not the number of a sheet: scan the code at its head, or type what is beside it"
        ) from None
    return Sheet(found["name"], at, int(found["page"]), found["copy"] or "")


def parse_line(text: str) -> int:
    """The line that a code names, or its number as it was typed. Raises ``SheetFault``.

    >>> parse_line("LW.LINE.7"), parse_line("10")
    (7, 10)
    """
    said = text.strip().upper().removeprefix(LINE_CODE)
    if not _LINE.fullmatch(said) or int(said) > LINES:
        raise SheetFault(
            f"{text.strip()[:40]!r} is not a line of a sheet: scan the code of the line, or type 1 to {LINES}"
        )
    return int(said)


def fault_of_time(sheet: Sheet, written_at: datetime) -> str | None:
    """Why a time cannot have been written on this sheet, or None."""
    if written_at < sheet.printed_at:
        return (
            f"the sheet was printed at {sheet.printed_at:%Y-%m-%d %H:%M} UTC, after the time "
            f"{written_at:%Y-%m-%d %H:%M} UTC that is entered for one of its lines"
        )
    return None
