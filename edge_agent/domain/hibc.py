"""HIBC supplier codes (HIBC LIC): the primary code that names labeler and product.

Only what could be checked against published codes is read: the check character and the primary code. Lot and date of
the secondary code come in many formats and are refused rather than guessed.
"""

import re
from dataclasses import dataclass

from edge_agent.domain.aim import Content, split_aim
from edge_agent.domain.scan_rejected import ScanRejected

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""Characters by value, for the check character modulo 43."""
PRIMARY = re.compile(r"\+(?P<labeler>[A-Z][A-Z0-9]{3})(?P<product>[A-Z0-9]{1,13})(?P<unit>[0-9])(?P<check>[^_])")


@dataclass(frozen=True, slots=True)
class HibcProduct:
    """Labeler (LIC, 4 characters), product number (PCN) and unit of measure (one digit, the packaging level)."""

    labeler: str
    product: str
    unit: int


def is_hibc(scanned: str) -> bool:
    """Whether ``scanned`` is a HIBC code: ``+`` in a symbol that is not a GS1 one."""
    _, content, text = split_aim(scanned)
    return content in (Content.PLAIN, Content.UNKNOWN) and text.startswith("+")


def check_character(text: str) -> str:
    """The check character of ``text``, which begins with ``+``: the sum of all values modulo 43."""
    return ALPHABET[sum(ALPHABET.index(character) for character in text) % len(ALPHABET)]


def parse_primary(scanned: str) -> HibcProduct:
    """The product that a HIBC primary code names. Raises ``ScanRejected``."""
    aim, _, text = split_aim(scanned)
    match = PRIMARY.fullmatch(text)
    if match is None:
        raise ScanRejected(
            scanned,
            at=len(aim),
            reason="this is no HIBC primary code",
            hint="Scan the code that begins with + and letters; HIBC codes with lot and date are not read yet",
        )
    # A check character that is a space is printed as _ but scanned as a space.
    wanted = check_character(text[:-1])
    if match["check"] != wanted:
        reason = f"the check character {match['check']!r} is wrong ({wanted!r} would fit)"
        raise ScanRejected(scanned, at=len(scanned) - 1, reason=reason, hint="Scan again; clean the label")
    return HibcProduct(match["labeler"], match["product"], int(match["unit"]))
