"""Readings as PostgreSQL's binary COPY takes them: half the work of text, for the server and for us."""

from struct import Struct

# The format: header; per row the number of fields and each with its length; the end.
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"

_START = Struct(">hiqi")
_END = Struct(">i?iqiii")
_PLAIN = f"{_START.size}sqiqid{_END.size}s"
plain_row = Struct(f">{_PLAIN}").pack
"""Of ``row_start``, time (microseconds since 2000), 8, number, 8, value, ``row_end``. A length is before each field."""
plain_rows_of_two = Struct(f">{_PLAIN}{_PLAIN}").pack
"""Two such rows in one go."""

_ROW = Struct(">hiqiqiqidi?iq").pack
_LENGTH = Struct(">i").pack
_LONG = Struct(">iq").pack
_NULL = _LENGTH(-1)

Doubt = tuple[int | None, str, int]
"""Of a reading by a clock that was not synchronised: when it was said to be, if that is corrected (microseconds since
2000), the boot, and the monotonic time in it (ms)."""


def row_start(channel_id: int) -> bytes:
    """What all rows of a channel begin with: up to the length of the time."""
    return _START.pack(9, 8, channel_id, 8)


def row_end(evidence_id: int, *, synced: bool = True) -> bytes:
    """What all rows of a batch without doubt end with: ``synced``, evidence, and nothing in the last three fields."""
    return _END.pack(1, synced, 8, evidence_id, -1, -1, -1)


def row(channel_id: int, at_us: int, seq: int, value: float, synced: bool, evidence_id: int, doubt: Doubt) -> bytes:
    """A row with a doubtful time; one without is ``plain_row``."""
    said_at_us, boot, mono_ms = doubt
    boot_bytes = boot.encode()
    said = _NULL if said_at_us is None else _LONG(8, said_at_us)
    known = _ROW(9, 8, channel_id, 8, at_us, 8, seq, 8, value, 1, synced, 8, evidence_id)
    return known + said + _LENGTH(len(boot_bytes)) + boot_bytes + _LONG(8, mono_ms)
