"""Modbus frames on a serial line, RTU and ASCII, cut out of the bytes received so far. No I/O here.

An RTU frame has no mark at its end. Since we know what was asked we know how long the answer has to be, so that a
frame is judged by its length and checksum and never by pauses, which USB adapters and operating systems distort.

Source: Modbus over serial line 1.02, sections 2.5.1 (RTU) and 2.5.2 (ASCII).
"""

from dataclasses import dataclass
from typing import Protocol

from pymodbus.framer import FramerAscii, FramerRTU

from edge_agent.drivers.modbus.pdu import Ask, answer_bytes

IDLE_NOISE = b"\x00\xff"
"""What a line makes of the moment in which a driver is switched on; no unit has these ids on a serial line."""
NOISE_BYTES_MAX = 4
ASCII_BYTES_MAX = 513


@dataclass(frozen=True, slots=True)
class Whole:
    """A frame whose checksum holds: who sent it, what it says, and where it ends in the bytes."""

    unit: int
    pdu: bytes
    end: int


class Framing(Protocol):
    """How frames are put on a line and taken from it."""

    @property
    def name(self) -> str:
        """``rtu`` or ``ascii``."""
        ...

    def frame(self, unit: int, pdu: bytes) -> bytes:
        """The bytes that carry ``pdu`` to ``unit``."""
        ...

    def cut(self, data: bytes, unit: int, ask: Ask) -> Whole | str | None:
        """The first frame in ``data``, which should answer ``ask`` to ``unit``; what is wrong with it, in words; or
        None while more bytes are needed."""
        ...


class Rtu:
    """Binary frames that end in a CRC."""

    name = "rtu"

    def frame(self, unit: int, pdu: bytes) -> bytes:
        """Unit, PDU, CRC with its low byte first."""
        body = bytes([unit]) + pdu
        return body + _crc(body)

    def cut(self, data: bytes, unit: int, ask: Ask) -> Whole | str | None:
        """See :class:`Framing`."""
        start = _noise_bytes(data, unit)
        frame = data[start:]
        if len(frame) < 2:
            return None
        size = 5 if frame[1] & 0x80 else 3 + answer_bytes(ask)
        if len(frame) < size:
            return None
        frame = frame[:size]
        if _crc(frame[:-2]) != frame[-2:]:
            return f"the checksum is wrong: {frame.hex(' ')}"
        return Whole(frame[0], frame[1:-2], start + size)


class Ascii:
    """Frames of hexadecimal digits between a colon and a line end, with an LRC."""

    name = "ascii"

    def frame(self, unit: int, pdu: bytes) -> bytes:
        """Colon, unit, PDU and LRC in upper-case hex, CR LF."""
        body = bytes([unit]) + pdu
        return b":" + (body + bytes([FramerAscii.compute_LRC(body)])).hex().upper().encode() + b"\r\n"

    def cut(self, data: bytes, unit: int, ask: Ask) -> Whole | str | None:
        """See :class:`Framing`. Lower-case digits are taken too, as some counters send them."""
        start = data.find(b":")
        end = data.find(b"\r\n", start)
        if start < 0 or end < 0:
            return f"no Modbus ASCII: {data[:20].hex(' ')}..." if len(data) > ASCII_BYTES_MAX else None
        digits = data[start + 1 : end]
        try:
            body = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            return f"not hexadecimal: {digits!r}"
        if len(body) < 4 or len(body) * 2 != len(digits):
            return f"too short, or with spaces: {digits!r}"
        if FramerAscii.compute_LRC(body[:-1]) != body[-1]:
            return f"the checksum is wrong: {digits!r}"
        return Whole(body[0], body[1:-1], end + 2)


def _crc(data: bytes) -> bytes:
    return FramerRTU.compute_CRC(data).to_bytes(2, "big")


def _noise_bytes(data: bytes, unit: int) -> int:
    """How many bytes at the start are the line's own."""
    if unit in IDLE_NOISE:
        return 0
    at = 0
    while at < min(len(data), NOISE_BYTES_MAX) and data[at] in IDLE_NOISE:
        at += 1
    return at
