"""The codes of labels as modules of black and white: DataMatrix and Code 128, in GS1's form where they name goods.

Whatever is drawn went through the gateway's own decoder first: nothing is printed that a dock would refuse. The encoder
is zint (BSD); it gets the application identifiers apart, so that brackets and the characters ``<GS>`` in a lot stay
what they are. Sources: GS1 General Specifications 5.4 (GS1-128), 5.6 (GS1 DataMatrix).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import zint

from cloud_sync.errors import Invalid
from edge_agent.domain.barcodes.command_codes import Code, parse_code
from edge_agent.domain.barcodes.gs1 import parse
from edge_agent.domain.barcodes.gs1_elements import encode
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Element
from edge_agent.domain.barcodes.symbology import symbol_of

ROW_BYTES = 144
"""Bytes that zint keeps of a row of modules, eight to a byte, the lowest bit first."""
GS1_128_CHARACTERS_MAX = 48
"""Data characters of one GS1-128, separators included (GS1 General Specifications 5.4.4)."""


class Symbology(StrEnum):
    """How a label's code may be drawn."""

    DATAMATRIX = "datamatrix"
    LINEAR = "code-128"


@dataclass(frozen=True, slots=True)
class Payload:
    """What a code says: ``elements`` of GS1, or the ``plain`` text of one of our own codes."""

    elements: tuple[Element, ...] = ()
    plain: str = ""

    @property
    def readable(self) -> str:
        """As people read it below a code: ``(01)00312345678906(10)ABC123``."""
        return self.plain or "".join(f"({ai}){value}" for ai, value in self.elements)


@dataclass(frozen=True, slots=True)
class Modules:
    """A symbol without its quiet zone: rows of modules, true for black. A linear one has a single row."""

    rows: tuple[tuple[bool, ...], ...]

    @property
    def width(self) -> int:
        """Modules side by side."""
        return len(self.rows[0])


def goods_payload(elements: tuple[Element, ...], *, today: date) -> Payload:
    """The code of goods or of a tote. Raises ``Invalid`` if no dock would read the same from it."""
    try:
        read = parse(symbol_of("]d2" + encode(elements)), today=today)
    except ScanRejected as rejected:
        raise Invalid(
            f"this cannot stand in a GS1 barcode: {rejected.reason}",
            "A lot or serial number in a barcode has up to 20 letters, digits and signs of "
            "! \" % & ' ( ) * + , - . / _ : ; < = > ?, and no space.",
        ) from rejected
    if read.elements != elements:
        raise Invalid(f"a dock would read {Payload(read.elements).readable} instead of {Payload(elements).readable}")
    return Payload(elements=elements)


def command_payload(text: str, meant: Code) -> Payload:
    """One of our own codes, of a place or badge. Raises ``Invalid`` if a dock would take it for another."""
    try:
        read = parse_code(symbol_of("]d1" + text))
    except ScanRejected as rejected:
        raise Invalid(
            f"no dock would read {text}: {rejected.reason}",
            "Choose a name of small letters, digits, dots, hyphens and underscores.",
        ) from rejected
    if read != meant:
        raise Invalid(
            f"a dock reads names in small letters: {text} would be taken for another",
            "Choose a name in small letters, and print its label then.",
        )
    return Payload(plain=text)


def modules_of(payload: Payload, symbology: Symbology) -> Modules:
    """The symbol of ``payload``. Raises ``Invalid`` for what the symbology cannot hold."""
    symbol = zint.Symbol()
    symbol.warn_level = zint.WarningLevel.FAIL_ALL
    is_gs1 = not payload.plain
    if symbology is Symbology.DATAMATRIX:
        symbol.symbology = zint.Symbology.DATAMATRIX
        symbol.option_3 = zint.DataMatrixOptions.SQUARE
    else:
        _check_length(payload)
        symbol.symbology = zint.Symbology.GS1_128 if is_gs1 else zint.Symbology.CODE128
    symbol.input_mode = zint.InputMode.GS1 if is_gs1 else zint.InputMode.UNICODE
    try:
        symbol.encode("".join(f"[{ai}]{value}" for ai, value in payload.elements) if is_gs1 else payload.plain)
    except (RuntimeError, ValueError, Warning) as error:
        raise Invalid(f"no barcode holds {payload.readable}: {error}") from error
    kept = symbol.encoded_data.tobytes()
    return Modules(
        tuple(
            tuple(bool(kept[row * ROW_BYTES + (column >> 3)] >> (column & 7) & 1) for column in range(symbol.width))
            for row in range(symbol.rows)
        )
    )


def _check_length(payload: Payload) -> None:
    length = len(payload.plain or encode(payload.elements))
    if length > GS1_128_CHARACTERS_MAX:
        raise Invalid(
            f"{length} characters are more than the {GS1_128_CHARACTERS_MAX} that a linear barcode may hold",
            "Print the DataMatrix alone.",
        )
