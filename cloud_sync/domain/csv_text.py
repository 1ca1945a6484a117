"""Text for spreadsheets that they do not execute.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return for a formula (OWASP,
CSV injection). An apostrophe before it makes it text; a plain number is none and stays as it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from csv import writer

_EXECUTED = r"'*(?:[=@\t\r]|[+\-](?!\d*(?:\.\d+)?\Z))"
EXECUTED = re.compile(_EXECUTED)
EXECUTED_QUOTED = re.compile(rf"\A'({_EXECUTED})")
"""What :func:`text_cell` made of one."""


def text_cell(cell: str) -> str:
    """The cell as every spreadsheet takes it for text.

    >>> text_cell("=1+1"), text_cell("-5.5"), text_cell("-5+A1"), text_cell("insulin")
    ("'=1+1", '-5.5', "'-5+A1", 'insulin')
    """
    return f"'{cell}" if EXECUTED.match(cell) else cell


class _Line:
    text = ""

    def write(self, text: str) -> None:
        self.text = text


def csv_lines(rows: Iterable[Sequence[object]], *, line_end: str = "\r\n") -> Iterator[str]:
    """Rows as lines of CSV (RFC 4180), None as an empty cell."""
    sink = _Line()
    table = writer(sink, lineterminator=line_end)
    for row in rows:
        table.writerow([text_cell(cell) if isinstance(cell, str) else cell for cell in row])
        yield sink.text


def csv_text(rows: Iterable[Sequence[object]], *, line_end: str = "\r\n") -> str:
    """Rows as CSV."""
    return "".join(csv_lines(rows, line_end=line_end))
