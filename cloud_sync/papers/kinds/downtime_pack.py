"""The downtime pack: stock by place and expiry, what must not be issued, and sheets to write transactions on."""

from datetime import date
from itertools import groupby

from pydantic import AwareDatetime

from cloud_sync.papers.datamatrix import datamatrix_svg
from cloud_sync.papers.document import BOX, Block, Col, Document, Heading, Picture, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import counted, titled
from cloud_sync.papers.style import PaperStyle
from edge_agent.domain.stock.paper_sheets import COLUMNS, LINE_CODE, LINES, parse_sheet

WRITE = (
    "Write one line for each lot: the time from a clock on the wall, with its day if it is not today's; both places; "
    "your initials. Do not issue what stands under Not to be issued. Afterwards each line is entered at the console, "
    "under Downtime: scan the code of the sheet, then that of the line."
)
WIDTH, HEIGHT = 2610.0, 1500.0
"""Of a sheet, in tenths of a millimetre."""
INK = "#16191d"
HEAD_HEIGHT, CODE = 210.0, 96.0
COLUMN_WIDTHS = (150, 180, 210, 440, 290, 210, 190, 290, 290, 210, 150)


class Position(Shown):
    """Stock of a lot in a place; ``why_not``: all reasons why it must not be issued."""

    place: str
    place_title: str
    item: str
    item_title: str
    base_unit: str
    lot_number: str
    serial: str
    owner: str
    expires_on: date | None
    quantity: int
    reserved: int
    why_not: tuple[str, ...]
    codes: tuple[str, ...]


class DowntimePack(PaperData):
    """All that is needed on paper. ``sheets`` are the numbers of the sheets at its end."""

    made_at: AwareDatetime
    stock: tuple[Position, ...]
    sheets: tuple[str, ...]
    is_cut: bool


def downtime_pack(data: DowntimePack, style: PaperStyle) -> Document:
    """The paper."""
    blocked = [each for each in data.stock if each.why_not]
    blocks: list[Block] = [
        Status(
            "FOR USE WHILE THE SYSTEM IS OUT",
            f"Stock as it was known on {style.when(data.made_at)}. What has moved since is not on it.",
            Tone.WARN,
        ),
        Text(WRITE),
        Heading(f"Not to be issued ({counted(len(blocked), 'position')})"),
        _table(blocked, style, with_reasons=True),
        *_by_place(data, style),
    ]
    if data.is_cut:
        blocks.append(Text("There is more stock than this pack has room for: print one for a smaller site.", Tone.WARN))
    for number in data.sheets:
        sheet = parse_sheet(number)
        blocks += [
            Heading(f"Transaction sheet {sheet.page} of {len(data.sheets)}"),
            Picture(sheet_svg(sheet.code, number), f"Sheet {number}: {LINES} lines to write on, each with a code"),
        ]
    return Document("Downtime pack", data.site.title or data.site.name, blocks, is_wide=True)


def _by_place(data: DowntimePack, style: PaperStyle) -> list[Block]:
    blocks: list[Block] = []
    for (place, title), rows in groupby(data.stock, key=lambda each: (each.place, each.place_title)):
        blocks += [Heading(f"Stock in {titled(title, place)}"), _table(list(rows), style, with_reasons=False)]
    return blocks or [Heading("Stock"), Text("There is no stock at this site.", Tone.SOFT)]


def _table(rows: list[Position], style: PaperStyle, *, with_reasons: bool) -> Table:
    columns = [
        Col("Expires"), Col("Item", "2fr"), Col("Lot", "1fr", is_code=True), Col("Serial", "1fr", is_code=True),
        Col("Owner"), Col("Quantity", right=True), Col("Reserved", right=True),
    ]  # fmt: skip
    last = (
        [Col("Place", "1fr"), Col("Why not", "3fr")]
        if with_reasons
        else [Col("", "auto"), Col("Now (by hand)", "0.7fr")]
    )
    lines = []
    for each in rows:
        ends = (
            [titled(each.place_title, each.place), "\n".join(each.why_not)]
            if with_reasons
            else ["DO NOT ISSUE" if each.why_not else "", BOX]
        )
        lines.append([
            style.day(each.expires_on), titled(each.item_title, each.item), each.lot_number, each.serial,
            "" if each.owner == "house" else each.owner, f"{style.number(each.quantity)} {each.base_unit}".rstrip(),
            style.number(each.reserved) if each.reserved else "", *ends,
        ])  # fmt: skip
    return Table([*columns, *last], lines, "Nothing is on hold or expired.", roomy=not with_reasons)


def sheet_svg(code: str, number: str) -> str:
    """A sheet to write on: its code and number at the head, and lines, each with its number and code."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="Inter" fill="{INK}">',
        _symbol(code, 0, 0, HEAD_HEIGHT - 40),
        _words(HEAD_HEIGHT, 70, f"Sheet {number}", 46, bold=True),
        _words(HEAD_HEIGHT, 130, "Written by (name):", 32),
        _words(1300, 130, "Entered by:", 32),
        _words(1900, 130, "Compared by:", 32),
    ]
    height = (HEIGHT - HEAD_HEIGHT - 50) / LINES
    x = 0.0
    for name, width in zip(COLUMNS, COLUMN_WIDTHS, strict=True):
        parts.append(_words(x + 8, HEAD_HEIGHT + 30, name, 26))
        parts.append(_rule(x, HEAD_HEIGHT + 45, x, HEIGHT - 5))
        x += width
    parts.append(_rule(WIDTH - 2, HEAD_HEIGHT + 45, WIDTH - 2, HEIGHT - 5))
    for line in range(LINES + 1):
        y = HEAD_HEIGHT + 45 + line * height
        parts.append(_rule(0, y, WIDTH - 2, y))
        if line < LINES:
            parts.append(_symbol(f"{LINE_CODE}{line + 1}", 8, y + (height - CODE) / 2, CODE))
            parts.append(_words(112, y + height / 2 + 12, str(line + 1), 34, bold=True))
    return "".join([*parts, "</svg>"])


def _symbol(text: str, x: float, y: float, size: float) -> str:
    return datamatrix_svg(text).replace("<svg ", f'<svg x="{x:g}" y="{y:g}" width="{size:g}" height="{size:g}" ', 1)


def _words(x: float, y: float, text: str, size: float, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{weight}>{text}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="#56606c" stroke-width="3"/>'
