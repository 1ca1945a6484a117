"""Bytes from a scanner's serial line, cut into scans. No I/O here.

Serial lines give bytes as they come: half a scan, or two at once. A scan ends at CR, LF or both (``cr``, ``lf``,
``crlf``: any of them ends it, since none can be part of a code), at a tab (``tab``), stands between STX and ETX
(``etx``), or ends in a text that the scanner was set to send. A scanner that sends no end mark at all (``none``) ends
a scan by falling silent. GS (0x1D) is part of the scan and kept.
"""

from dataclasses import dataclass

Suffix = str
"""``cr``, ``lf``, ``crlf``, ``tab``, ``etx``, ``none``, or the text itself that ends a scan."""

BY_SILENCE = "none"
LINE_ENDS = ("cr", "lf", "crlf", BY_SILENCE)
OWN_ENDS = {"tab": b"\t"}
SCAN_BYTES_MAX = 2000
STX, ETX, CR, LF = 0x02, 0x03, 0x0D, 0x0A


@dataclass(frozen=True, slots=True)
class Frame:
    """One scan, as text."""

    text: str


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Bytes that are no scan. ``shown`` is a printable, bounded piece of them; ``hint`` says what to do."""

    shown: str
    reason: str
    hint: str


class Framer:
    """Collects bytes and gives scans. Holds at most ``SCAN_BYTES_MAX`` bytes, whatever comes."""

    def __init__(self, suffix: Suffix) -> None:
        self._suffix = suffix
        self._own_end = OWN_ENDS.get(suffix, suffix.encode("ascii"))
        self._pending = bytearray()
        self._in_scan = suffix != "etx"
        self._overflowed = False

    @property
    def is_waiting(self) -> bool:
        """Whether a scan has begun and not ended."""
        return bool(self._pending) or self._overflowed

    def feed(self, data: bytes) -> tuple[Frame | BadFrame, ...]:
        """The scans that ``data`` completes, and what in it is none."""
        take = self._take_until_own_end
        if self._suffix in LINE_ENDS:
            take = self._take_until_line_end
        elif self._suffix == "etx":
            take = self._take_between_marks
        return tuple(frame for byte in data if (frame := take(byte)) is not None)

    def quiet(self) -> tuple[Frame | BadFrame, ...]:
        """What is left when the line has been silent for long: half a scan must not be glued to the next one.

        It is no scan, unless scans end by silence.
        """
        if not self.is_waiting:
            return ()
        if self._suffix == BY_SILENCE and (whole := self._finish()) is not None:
            return (whole,)
        bad = BadFrame(
            shown(self._pending),
            f"a scan began and never ended ({self._end_shown()} did not come)",
            "Scan again; if every scan does this, set `suffix` of this [[scanner]] to what the scanner sends",
        )
        self._clear()
        return (bad,)

    def _take_until_line_end(self, byte: int) -> Frame | BadFrame | None:
        if byte in (CR, LF):
            return self._finish()
        self._keep(byte)
        return None

    def _take_until_own_end(self, byte: int) -> Frame | BadFrame | None:
        if byte in (CR, LF) and not self._pending and byte not in self._own_end:
            return None  # comes behind the end as well
        self._keep(byte)
        if not self._overflowed and self._pending.endswith(self._own_end):
            del self._pending[-len(self._own_end) :]
            return self._finish()
        return self._finish() if self._overflowed and byte == self._own_end[-1] else None

    def _take_between_marks(self, byte: int) -> Frame | BadFrame | None:
        if byte == STX:
            cut_short = self.quiet()
            self._in_scan = True
            return cut_short[0] if cut_short else None
        if byte == ETX and self._in_scan:
            self._in_scan = False
            return self._finish()
        if not self._in_scan and byte in (CR, LF):
            return None
        self._keep(byte)
        return None

    def _keep(self, byte: int) -> None:
        if len(self._pending) < SCAN_BYTES_MAX:
            self._pending.append(byte)
        else:
            self._overflowed = True

    def _finish(self) -> Frame | BadFrame | None:
        data, overflowed = bytes(self._pending), self._overflowed
        self._clear()
        if overflowed:
            reason = f"more than {SCAN_BYTES_MAX} bytes without an end mark"
            return BadFrame(shown(data), reason, "Check baud rate and suffix of this [[scanner]]")
        if not data:
            return None
        try:
            return Frame(data.decode("ascii"))
        except UnicodeDecodeError as error:
            reason = f"byte {error.object[error.start]:#04x} at {error.start} is not valid in any barcode"
            return BadFrame(shown(data), reason, "Scan again; check baud rate and parity if it happens twice")

    def _end_shown(self) -> str:
        return self._suffix.upper() if self._suffix.isalpha() else repr(self._suffix)

    def _clear(self) -> None:
        self._pending.clear()
        self._overflowed = False
        if self._suffix == "etx":
            self._in_scan = False


def shown(data: bytes | bytearray) -> str:
    """A printable, bounded piece of ``data``."""
    return bytes(data[:80]).decode("ascii", "backslashreplace")
