"""AIM symbology identifiers: the three characters with which a scanner says what kind of code it read.

ISO/IEC 15424. ``]d2`` is a GS1 DataMatrix, ``]d1`` a DataMatrix that says nothing about its content.
"""

import re
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


def split_aim(text: str) -> tuple[str, Content | None, str]:
    """Identifier, what it stands for, and the rest. Content is None for an identifier that is not in the table.

    >>> split_aim("]d2010031")
    (']d2', <Content.GS1: 'gs1'>, '010031')
    """
    if not text.startswith("]"):
        return "", Content.UNKNOWN, text
    aim, body = text[:3], text[3:]
    for pattern, content in CONTENT_OF:
        if re.fullmatch(pattern, aim):
            return aim, content, body
    return aim, None, body
