"""AIM symbology identifiers: the three characters with which a scanner names the kind of code it read.

ISO/IEC 15424. ``]d2`` is a GS1 DataMatrix, ``]d1`` a DataMatrix that says nothing about its content.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Content(StrEnum):
    """What a symbol of this kind may hold."""

    GS1 = "gs1"  # element strings
    GTIN = "gtin"  # nothing but a GTIN
    PLAIN = "plain"  # a Digital Link URI, or a code of our own
    UNKNOWN = "unknown"  # no identifier was sent: the text must speak for itself


CONTENT_OF: tuple[tuple[str, Content], ...] = (
    (r"\]C1", Content.GS1),  # GS1-128
    (r"\]d2", Content.GS1),  # GS1 DataMatrix
    (r"\]Q3", Content.GS1),  # GS1 QR
    (r"\]e0", Content.GS1),  # GS1 DataBar, composite
    (r"\]J1", Content.GS1),  # GS1 DotCode
    (r"\]E[04]", Content.GTIN),  # EAN-13 and UPC, EAN-8
    (r"\]I1", Content.GTIN),  # ITF-14
    (r"\]C0", Content.PLAIN),  # Code 128
    (r"\]d1", Content.PLAIN),  # DataMatrix
    (r"\]Q1", Content.PLAIN),  # QR
    (r"\]J0", Content.PLAIN),  # DotCode
    (r"\][ALz].", Content.PLAIN),  # Code 39, PDF417, Aztec
)
"""First match counts; an identifier that is not here is not trusted."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One scan, split once where it arrives: every parser takes this.

    ``text`` is what the scanner sent; ``aim`` its symbology identifier ("" if it sends none), ``body`` the rest.
    ``content`` is None for an identifier that is not in the table.
    """

    text: str
    aim: str
    content: Content | None
    body: str

    @property
    def is_not_gs1(self) -> bool:
        """Whether the symbol leaves room for other codes than those of GS1: ours, HIBC, NDC."""
        return self.content in (Content.PLAIN, Content.UNKNOWN)


def symbol_of(text: str) -> Symbol:
    """What a scanner sent, split into symbology and content.

    >>> symbol_of("]d2010031")
    Symbol(text=']d2010031', aim=']d2', content=<Content.GS1: 'gs1'>, body='010031')
    """
    if not text.startswith("]"):
        return Symbol(text, "", Content.UNKNOWN, text)
    aim = text[:3]
    content = next((content for pattern, content in CONTENT_OF if re.fullmatch(pattern, aim)), None)
    return Symbol(text, aim, content, text[3:])


def visible(text: str) -> str:
    r"""``text`` with its control characters as their Unicode pictures, so that noise does no harm where it is shown.

    >>> visible("10A\x1d21S\x1b[2J")
    '10A␝21S␛[2J'
    """
    return "".join(one if one.isprintable() else _picture(ord(one)) for one in text)


def _picture(code: int) -> str:
    if code < 0x20:  # U+2400 SYMBOL FOR NULL and the following
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<{code:02X}>"  # delete
