"""The one error for text that a scanner sent and nobody can trust."""

import re

HINT_SEPARATOR = (
    "The scanner or the printer drops the separator (GS, FNC1). Set the scanner to send it (ASCII 29), or name what it "
    "sends instead as `separator` of this [[scanner]]"
)


SPELT_SEPARATOR = re.compile(r"<(GS|FNC1|0?x?1D)>|\{(GS|FNC1|0?x?1D)\}|\[(GS|FNC1)\]|\^\]", re.IGNORECASE)
"""A separator that arrives as characters: scanners and drivers show it like that, and it would become part of a lot."""
HINT_SPELT = (
    "Set the scanner to send the separator as the control character GS (ASCII 29), not as text; or, if it cannot, "
    "write separator = {spelt!r} in this [[scanner]]"
)


class ScanRejected(ValueError):
    """What was scanned cannot be taken at its word.

    ``scanned`` is the text as the scanner sent it, ``at`` the index in it where it goes wrong, ``reason`` what is
    wrong, ``hint`` what to do about it.
    """

    def __init__(self, scanned: str, *, at: int, reason: str, hint: str) -> None:
        super().__init__(f"{reason} (at {at}). {hint}.")
        self.scanned = scanned
        self.at = at
        self.reason = reason
        self.hint = hint
