"""``edge-agent sheet``: a page of codes for the dock, to print, laminate and scan.

The symbol is DataMatrix: whatever reads the codes on boxes of medicine reads it. Every code goes through the dock's
own grammar before it is drawn, so that nothing is printed that a dock would refuse.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge_agent.commands.options import JsonOption, errors_told, fail, print_json
from edge_agent.domain.barcodes.command_codes import SCANNED_ACTIONS, is_code, parse_code
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.errors import BenchError

if TYPE_CHECKING:
    from fpdf import FPDF

CODES_MAX = 500
SYMBOL_MM = 28.0
QUIET_MM = 6.0
"""White around a symbol; one module would do, hands in gloves need more."""
PAGES_MM = {"A4": (210.0, 297.0), "letter": (215.9, 279.4)}
MARGIN_MM = 12.0
COLUMNS = 2
ROW_MM = 42.0
HEAD_MM = 14.0
TITLE_PT, TITLE_PT_MIN, CODE_PT = 22, 9, 8


@dataclass(frozen=True, slots=True)
class Card:
    """One code with the words above it."""

    title: str
    code: str


def sheet_command(
    to: Annotated[Path, typer.Option("--to", help="The PDF to write.")],
    badge: Annotated[list[str] | None, typer.Option(help="An operator's badge. Repeatable.")] = None,
    place: Annotated[list[str] | None, typer.Option(help="A place label. Repeatable.")] = None,
    order: Annotated[list[str] | None, typer.Option(help="An order. Repeatable.")] = None,
    quantity: Annotated[list[int] | None, typer.Option(help="A quantity card. Repeatable.")] = None,
    commands: Annotated[bool, typer.Option("--commands/--no-commands", help="Actions, commit, undo, cancel.")] = True,
    paper: Annotated[Literal["A4", "letter"], typer.Option(help="Paper size.")] = "A4",
    title: Annotated[str, typer.Option(help="Head of each page.")] = "Lotwarden dock codes",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print codes for the dock: actions and commands, badges, places, orders, quantities.

    Print at 100 %, matt lamination (gloss mirrors the scanner's light), and scan one of each before you hang it up.
    """
    with errors_told():
        cards = cards_for(badge or (), place or (), order or (), quantity or (), commands=commands)
        if to.exists() and not force:
            raise BenchError((f"{to} exists already: choose another --to, or --force",))
        data = pdf_of(cards, paper, title)
        try:
            to.write_bytes(data)
        except OSError as error:
            fail(f"{to} cannot be written ({error.strerror})")
    if as_json:
        print_json({"file": str(to), "codes": [asdict(card) for card in cards]})
    else:
        print(f"{len(cards)} codes written to {to}. Print it at 100 %, and scan one of each kind before use.")


def cards_for(
    badges: list[str] | tuple[str, ...],
    places: list[str] | tuple[str, ...],
    orders: list[str] | tuple[str, ...],
    quantities: list[int] | tuple[int, ...],
    *,
    commands: bool,
) -> tuple[Card, ...]:
    """The cards in the order in which they are printed. Raises ``BenchError`` with every name that cannot be one."""
    cards: list[Card] = []
    if commands:
        cards += [Card(_title(action.value), f"LW.ACTION.{action.value.upper()}") for action in SCANNED_ACTIONS]
        cards += [Card("COMMIT", "LW.COMMIT"), Card("Undo last", "LW.UNDO"), Card("Cancel all", "LW.CANCEL")]
    cards += [Card(f"Badge {name}", f"LW.BADGE.{name}") for name in badges]
    cards += [Card(f"Place {name}", f"LW.PLACE.{name}") for name in places]
    cards += [Card(f"Order {name}", f"LW.ORDER.{name}") for name in orders]
    cards += [Card(f"× {number}", f"LW.QTY.{number}") for number in quantities]
    faults = [fault for card in cards if (fault := _fault(card))]
    if not cards:
        faults.append("nothing to print: give --badge, --place, --order or --quantity, or leave --no-commands out")
    if len(cards) > CODES_MAX:
        faults.append(f"{len(cards)} codes are more than the {CODES_MAX} of one file: print several")
    if faults:
        raise BenchError(tuple(faults))
    return tuple(dict.fromkeys(cards))


def pdf_of(cards: tuple[Card, ...], paper: Literal["A4", "letter"], title: str) -> bytes:
    """The pages. Raises ``BenchError`` if the libraries for it are not installed."""
    try:
        from fpdf import FPDF
        from fpdf.errors import FPDFUnicodeEncodingException
        from ppf.datamatrix import DataMatrix
    except ImportError as error:
        hint = "pip install 'lotwarden[commission]' (any computer will do; the sheet needs no gateway)"
        raise BenchError((f"printing needs a library that is not installed ({error.name}): {hint}",)) from error
    width_mm, height_mm = PAGES_MM[paper]
    pdf = FPDF(unit="mm", format=(width_mm, height_mm))
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    rows = int((height_mm - 2 * MARGIN_MM - HEAD_MM) // ROW_MM)
    column_mm = (width_mm - 2 * MARGIN_MM) / COLUMNS
    for number, card in enumerate(cards):
        row, column = divmod(number % (rows * COLUMNS), COLUMNS)
        try:
            if row == column == 0:
                pdf.add_page()
                pdf.set_font("helvetica", style="B", size=14)
                pdf.text(MARGIN_MM, MARGIN_MM + 5, title)
            x_mm, y_mm = MARGIN_MM + column * column_mm, MARGIN_MM + HEAD_MM + row * ROW_MM
            pdf.set_draw_color(170)
            pdf.rect(x_mm, y_mm, column_mm, ROW_MM)
            pdf.set_fill_color(0)
            _draw_symbol(pdf, DataMatrix(card.code).matrix, x_mm + QUIET_MM, y_mm + (ROW_MM - SYMBOL_MM) / 2)
            _write_caption(pdf, card, x_mm + SYMBOL_MM + 2 * QUIET_MM, y_mm, column_mm - SYMBOL_MM - 2 * QUIET_MM - 3)
        except FPDFUnicodeEncodingException as error:
            raise BenchError(
                (f"--title {title!r} has a character that cannot be printed: {error.character!r}",)
            ) from error
    return bytes(pdf.output())


def _draw_symbol(pdf: "FPDF", matrix: list[list[int]], x_mm: float, y_mm: float) -> None:
    """Runs of black modules as one bar each: no hairlines of white between them on paper."""
    module_mm = SYMBOL_MM / len(matrix)
    for row, modules in enumerate(matrix):
        start = None
        for column, is_black in enumerate([*modules, 0]):
            if is_black and start is None:
                start = column
            elif not is_black and start is not None:
                length_mm = (column - start) * module_mm
                pdf.rect(x_mm + start * module_mm, y_mm + row * module_mm, length_mm, module_mm * 1.01, style="F")
                start = None


def _write_caption(pdf: "FPDF", card: Card, x_mm: float, y_mm: float, width_mm: float) -> None:
    """The words as large as the width lets them be, and the code itself below for typing and for checking."""
    from fpdf.enums import WrapMode

    title, size = card.title, float(TITLE_PT)
    pdf.set_font("helvetica", style="B", size=size)
    while pdf.get_string_width(title) > width_mm and size > TITLE_PT_MIN:
        size -= 0.5
        pdf.set_font("helvetica", style="B", size=size)
    while pdf.get_string_width(title) > width_mm:
        title = title.removesuffix("...")[:-1] + "..."
    pdf.text(x_mm, y_mm + ROW_MM / 2, title)
    pdf.set_font("helvetica", size=CODE_PT)
    pdf.set_xy(x_mm, y_mm + ROW_MM / 2 + 4)
    pdf.multi_cell(width_mm, 3.6, card.code, wrapmode=WrapMode.CHAR, align="L")


def _fault(card: Card) -> str | None:
    symbol = symbol_of(card.code)
    if not is_code(symbol):
        return f"{card.code!r} is no code of a dock"
    try:
        parse_code(symbol)
    except ScanRejected as rejected:
        return rejected.reason
    return None


def _title(action: str) -> str:
    return action.replace("_", " ").capitalize()
