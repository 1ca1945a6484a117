"""Sensirion SPS30 over UART: SHDLC frames and the values in them. No I/O here.

Source: SPS30 data sheet, UART interface (SHDLC); the frames in the tests are those of the avaldebe/PyPMS project page.
Its numbers are cumulative *downwards* (from 0.3 µm up to each size), the opposite of a clean-room counter: their names
say ``below``.
"""

import math
import struct
from dataclasses import dataclass

MARK = 0x7E
_ESCAPE = 0x7D
_ESCAPED = {0x7E: 0x5E, 0x7D: 0x5D, 0x11: 0x31, 0x13: 0x33}
_PLAIN = {after: before for before, after in _ESCAPED.items()}
PER_M3 = 1_000_000
"""Numbers are for 1 cm³."""
START, STOP, READ = 0x00, 0x01, 0x03
NAMES = (
    "indicative_pm1_ugm3",
    "indicative_pm2_5_ugm3",
    "indicative_pm4_ugm3",
    "indicative_pm10_ugm3",
    "indicative_particles_below_0_5_um_per_m3",
    "indicative_particles_below_1_um_per_m3",
    "indicative_particles_below_2_5_um_per_m3",
    "indicative_particles_below_4_um_per_m3",
    "indicative_particles_below_10_um_per_m3",
    "indicative_typical_size_um",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sensor answers: to which command, its state (0: all is well), and the data."""

    command: int
    state: int
    data: bytes


def command_frame(command: int, data: bytes = b"") -> bytes:
    """The frame that gives ``command`` to the sensor (address 0).

    >>> command_frame(READ).hex(" ")
    '7e 00 03 00 fc 7e'
    >>> command_frame(START, bytes([1, 3])).hex(" ")
    '7e 00 00 02 01 03 f9 7e'
    """
    body = bytes([0, command, len(data)]) + data
    return bytes([MARK]) + stuffed(body + checksum(body)) + bytes([MARK])


def next_reply(received: bytes) -> tuple[Reply | str | None, bytes]:
    """The first reply in ``received`` (None: not whole yet; a text: what is wrong with it), and what follows it."""
    start = received.find(MARK)
    while start >= 0 and received[start + 1 : start + 2] == bytes([MARK]):
        start += 1  # the end of one frame, and the start of the next
    end = received.find(MARK, start + 1)
    if start < 0 or end < 0:
        return None, received
    body, rest = _unstuffed(received[start + 1 : end]), received[end + 1 :]
    if body is None or len(body) < 5 or checksum(body[:-1]) != body[-1:]:
        # That mark may have been the start of a frame whose predecessor was torn.
        return f"the checksum is wrong: {received[start : end + 1][:40].hex(' ')}", received[end:]
    if len(body) != 5 + body[3]:
        return f"{len(body) - 5} bytes of data instead of {body[3]}", rest
    return Reply(body[1], body[2], body[4:-1]), rest


def values_of(data: bytes) -> dict[str, float] | None:
    """The ten values of a measurement; None if there are not ten, or one is no number."""
    if len(data) != 40:
        return None
    numbers = struct.unpack(">10f", data)
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        return None
    return {
        name: round(number * (PER_M3 if name.endswith("_per_m3") else 1), 3)
        for name, number in zip(NAMES, numbers, strict=True)
    }


def checksum(body: bytes) -> bytes:
    """The inverted low byte of the sum."""
    return bytes([~sum(body) & 0xFF])


def stuffed(body: bytes) -> bytes:
    """``body`` without any byte that has a meaning of its own on the line."""
    return b"".join(bytes([_ESCAPE, _ESCAPED[byte]]) if byte in _ESCAPED else bytes([byte]) for byte in body)


def _unstuffed(data: bytes) -> bytes | None:
    body = bytearray()
    escaped = False
    for byte in data:
        if escaped:
            if byte not in _PLAIN:
                return None
            body.append(_PLAIN[byte])
        elif byte != _ESCAPE:
            body.append(byte)
        escaped = not escaped and byte == _ESCAPE
    return None if escaped else bytes(body)
