"""Plantower PMS5003 frames, cut out of the bytes as they come. No I/O here.

Source: PMS5003 data sheet as reprinted for Adafruit 3686, p. 14: ``42 4D``, length 28, thirteen big-endian words, and
the sum of all bytes before it. A frame may be torn and the next one follow at once: then that next one is found.
"""

import struct
from dataclasses import dataclass

START = b"\x42\x4d\x00\x1c"
FRAME_BYTES = 32
SIZES = ("0_3", "0_5", "1", "2_5", "5", "10")
PER_M3 = 10_000
"""Counts are for 0.1 l."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Values of the newest whole frame (None: there was none), how many frames were torn, and the bytes left over."""

    values: dict[str, float] | None
    torn: int
    rest: bytes


def cut_frames(data: bytes) -> Cut:
    """What is in ``data``. Values are cumulative upwards from each size, as a clean-room counter gives them."""
    values, torn = None, 0
    while (start := data.find(START)) >= 0:
        frame = data[start : start + FRAME_BYTES]
        if len(frame) < FRAME_BYTES:
            return Cut(values, torn, data[start:])
        if sum(frame[:-2]) == int.from_bytes(frame[-2:], "big"):
            values = _values_of(frame)
            data = data[start + FRAME_BYTES :]
        else:
            torn += 1
            data = data[start + 1 :]
    return Cut(values, torn, data[-(len(START) - 1) :])


def _values_of(frame: bytes) -> dict[str, float]:
    words = struct.unpack(">13H", frame[4:30])
    values: dict[str, float] = {
        f"indicative_particles_{size}_um_per_m3": count * PER_M3 for size, count in zip(SIZES, words[6:12], strict=True)
    }
    names = ("indicative_pm1_ugm3", "indicative_pm2_5_ugm3", "indicative_pm10_ugm3")
    return values | dict(zip(names, words[3:6], strict=True))
