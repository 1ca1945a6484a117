"""The one error for text that a scanner sent and nobody can trust."""

HINT_SEPARATOR = (
    "The scanner or the printer drops the separator (GS, FNC1). Set the scanner to send it (ASCII 29), or name what it "
    "sends instead as `separator` of this [[scanner]]"
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
