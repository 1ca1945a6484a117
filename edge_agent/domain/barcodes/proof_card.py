"""The proof card: one GS1 DataMatrix on the sheet that shows in one scan whether a scanner may be trusted.

What can be wrong with a scanner's settings changes codes silently: another keyboard layout makes YZ12 of ZY12, Caps
Lock turns letters, a dropped separator glues a serial to its lot, a missing AIM identifier makes a GS1 code look plain.
The card holds what each of these would change, and nothing that a box could hold.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.domain.barcodes.scan_rejected import SPELT_SEPARATOR
from edge_agent.domain.barcodes.symbology import Symbol

GS = "\x1d"
FIRST, SECOND = "LWPROOF1yzYZaqAQwmWM-/_+%&", "LWEND"
CARD = f"90{FIRST}{GS}91{SECOND}"
"""What the symbol holds: two internal elements (AI 90 and 91), the first one closed by a separator."""
_LOOKS_LIKE = re.compile(r"[li][wz]proof.?[a-z0-9]", re.IGNORECASE)


class Proven(StrEnum):
    """What the card shows to be right."""

    IDENTIFIER = "AIM identifier"
    LAYOUT = "keyboard layout"
    CASE = "upper and lower case"
    SEPARATOR = "separator"


@dataclass(frozen=True, slots=True)
class CardReading:
    """What one scan of the card showed: what is right, and for each thing that is not, what to change."""

    proven: tuple[Proven, ...]
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is right."""
        return not self.faults


def read_card(symbol: Symbol, *, separator: str = GS, identifier_needed: bool = True) -> CardReading | None:
    """What a scan of the card shows; None for every other code.

    ``separator`` is what this scanner sends for GS. Without ``identifier_needed`` a scanner may do without an AIM
    identifier: its layout is configured, and this card has proven it.
    """
    if _LOOKS_LIKE.search(symbol.body[:24]) is None:
        return None
    body = symbol.body.replace(separator, GS) if separator != GS else symbol.body
    checks = (
        *([(Proven.IDENTIFIER, _identifier(symbol))] if symbol.aim or identifier_needed else ()),
        (Proven.LAYOUT, _layout(body)),
        (Proven.CASE, _case(body)),
        (Proven.SEPARATOR, _separator(body)),
    )
    faults = tuple(fault for _, fault in checks if fault)
    return CardReading(tuple(what for what, fault in checks if not fault), faults)


def _identifier(symbol: Symbol) -> str:
    if symbol.aim == "]d2":
        return ""
    if not symbol.aim:
        return "it sends no AIM identifier: switch it on, so that GS1 codes can be told from others"
    return f"it sends {symbol.aim} instead of ]d2: set the AIM identifier to be sent unchanged"


def _layout(body: str) -> str:
    letters = "".join(_first(body))
    if letters.lower() == FIRST.lower():
        return ""
    return (
        f"characters changed: {FIRST} arrived as {letters[:40]}. Set the scanner's keyboard layout to the one in "
        "`layout` (or to US), or correct `layout` of this [[scanner]]"
    )


def _case(body: str) -> str:
    letters = _first(body)
    if letters == FIRST or letters.lower() != FIRST.lower():
        return ""
    return "upper and lower case changed: switch Caps Lock and any case conversion of the scanner off"


def _separator(body: str) -> str:
    spelt = SPELT_SEPARATOR.search(body)
    if GS in body.strip(GS):
        return ""
    if spelt is not None:
        return f"the separator arrives as the characters {spelt[0]}: set the scanner to send GS as ASCII 29"
    return "the separator did not arrive: set the scanner to send GS (ASCII 29), or set `separator` to what it sends"


def _first(body: str) -> str:
    """The first element's value, as far as it can be told when the separator is missing or spelt."""
    text = SPELT_SEPARATOR.sub(GS, body).strip(GS)
    value = text.partition(GS)[0] if GS in text else text[: 2 + len(FIRST)]
    return value[2:]
