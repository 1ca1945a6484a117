"""``edge-agent sheet``: a page of codes for the dock, to print, laminate and scan.

The symbol is DataMatrix: whatever reads the codes on boxes of medicine reads it. Every code goes through the dock's
own grammar before it is drawn, so that nothing is printed that a dock would refuse.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge_agent.commands.options import JsonOption, errors_told, fail, print_json
from edge_agent.domain.barcodes.command_codes import SCANNED_ACTIONS, is_code, parse_code
from edge_agent.domain.barcodes.proof_card import CARD, GS
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
ROW_MM = 40.0
HEAD_MM = 14.0
TITLE_PT, TITLE_PT_MIN, CODE_PT = 22, 9, 8
FNC1 = bytes([232])


DESTROY = "LW.ACTION.DESTROY"
CONTROLS = (("COMMIT", "LW.COMMIT"), ("Undo last", "LW.UNDO"), ("Cancel all", "LW.CANCEL"))
"""A scanner's beam is wide: what books or undoes is on a page of its own, with space between."""


@dataclass(frozen=True, slots=True)
class Card:
    """One code with the words above it. Each ``group`` begins a page; a card that stands ``apart`` has no neighbour."""

    title: str
    code: str
    group: str = ""
    apart: bool = False


PROOF_CARD = Card("PROOF: scan me first", CARD, "proof", apart=True)
"""A GS1 symbol, as those on boxes are: only such a one carries a separator."""


class _Gs1Codewords(str):
    """The text of a GS1 DataMatrix for a library that knows plain ones only: FNC1 in front and for each separator.

    Source: ISO/IEC 16022 section 5.2.4.6 (codeword 232), GS1 General Specifications 5.6.
    """

    __slots__ = ()

    def encode(self, *_codec: str, **_errors: str) -> bytes:
        parts = [part.encode("datamatrix.ascii") for part in self.split(GS)]
        return FNC1 + FNC1.join(parts)


def sheet_command(
    to: Annotated[Path, typer.Option("--to", help="The PDF to write.")],
    badge: Annotated[list[str] | None, typer.Option(help="An operator's badge. Repeatable.")] = None,
    place: Annotated[list[str] | None, typer.Option(help="A place label. Repeatable.")] = None,
    order: Annotated[list[str] | None, typer.Option(help="An order. Repeatable.")] = None,
    quantity: Annotated[list[int] | None, typer.Option(help="A quantity card. Repeatable.")] = None,
    waste: Annotated[
        list[str] | None, typer.Option(help="A waste card, as 4.5, with the card for its witness. Repeatable.")
    ] = None,
    digits: Annotated[bool, typer.Option("--digits/--no-digits", help="The digits that PINs are given with.")] = False,
    commands: Annotated[bool, typer.Option("--commands/--no-commands", help="Actions, commit, undo, cancel.")] = True,
    proof_card: Annotated[
        bool,
        typer.Option("--proof-card/--no-proof-card", help="The card that proves a scanner in one scan."),
    ] = True,
    paper: Annotated[Literal["A4", "letter"], typer.Option(help="Paper size.")] = "A4",
    title: Annotated[str, typer.Option(help="Head of each page.")] = "Lotwarden dock codes",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print codes for the dock: the proof card, actions and commands, badges, places, orders, quantities.

    Print at 100 %, matt lamination (gloss mirrors the scanner's light), and scan one of each before you hang it up.
    """
    with errors_told():
        cards = cards_for(
            badge or (), place or (), order or (), quantity or (),
            commands=commands, proof=proof_card, digits=digits, wastes=waste or (),
        )  # fmt: skip
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
    proof: bool = False,
    digits: bool = False,
    wastes: list[str] | tuple[str, ...] = (),
) -> tuple[Card, ...]:
    """The cards in the order in which they are printed. Raises ``BenchError`` with every name that cannot be one."""
    cards: list[Card] = []
    if commands:
        for action in SCANNED_ACTIONS:
            code = f"LW.ACTION.{action.value.upper()}"
            cards.append(Card(_title(action.value), code, "actions", apart=code == DESTROY))
        cards += [Card(title, code, "controls", apart=True) for title, code in CONTROLS]
    if digits:
        cards += [Card(f"Digit {digit}", f"LW.DIGIT.{digit}", "digits") for digit in range(10)]
    cards += [Card(f"Badge {name}", f"LW.BADGE.{name}") for name in badges]
    cards += [Card(f"Place {name}", f"LW.PLACE.{name}") for name in places]
    cards += [Card(f"Order {name}", f"LW.ORDER.{name}") for name in orders]
    cards += [Card(f"× {number}", f"LW.QTY.{number}") for number in quantities]
    if wastes:
        cards += [Card(f"Waste {amount}", f"LW.WASTE.{amount}", "waste") for amount in wastes]
        cards.append(Card("Witness", "LW.WITNESS", "waste"))
    if proof and cards:
        cards.insert(0, PROOF_CARD)
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
    page_before = -1
    for card, page, row, column in _laid_out(cards, rows):
        try:
            if page != page_before:
                page_before = page
                pdf.add_page()
                pdf.set_font("helvetica", style="B", size=14)
                pdf.text(MARGIN_MM, MARGIN_MM + 5, title)
            x_mm, y_mm = MARGIN_MM + column * column_mm, MARGIN_MM + HEAD_MM + row * ROW_MM
            pdf.set_draw_color(170)
            pdf.rect(x_mm, y_mm, column_mm, ROW_MM)
            pdf.set_fill_color(0)
            code = (
                DataMatrix(_Gs1Codewords(card.code), codecs=["ascii"]) if card is PROOF_CARD else DataMatrix(card.code)
            )
            _draw_symbol(pdf, code.matrix, x_mm + QUIET_MM, y_mm + (ROW_MM - SYMBOL_MM) / 2)
            _write_caption(pdf, card, x_mm + SYMBOL_MM + 2 * QUIET_MM, y_mm, column_mm - SYMBOL_MM - 2 * QUIET_MM - 3)
        except FPDFUnicodeEncodingException as error:
            raise BenchError(
                (f"--title {title!r} has a character that cannot be printed: {error.character!r}",)
            ) from error
    return bytes(pdf.output())


def _laid_out(cards: tuple[Card, ...], rows: int) -> Iterator[tuple[Card, int, int, int]]:
    """Where each card is: page, row, column. A card that stands apart has its row alone, and a free row before another
    such card."""
    page = 0
    for _, group in groupby(cards, key=lambda card: card.group):
        lines = _lines_of(group)
        for number, line in enumerate(lines):
            for column, card in enumerate(line):
                yield card, page + number // rows, number % rows, column
        page += -(-len(lines) // rows)


def _lines_of(group: Iterable[Card]) -> list[list[Card]]:
    lines: list[list[Card]] = []
    for card in group:
        last = lines[-1] if lines else []
        if last and len(last) < COLUMNS and not card.apart and not last[-1].apart:
            last.append(card)
        elif last and card.apart and last[-1].apart:
            lines += [[], [card]]
        else:
            lines.append([card])
    return lines


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
    pdf.multi_cell(width_mm, 3.6, card.code.replace(GS, " "), wrapmode=WrapMode.CHAR, align="L")


def _fault(card: Card) -> str | None:
    if card is PROOF_CARD:
        return None
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
