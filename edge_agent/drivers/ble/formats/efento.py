"""Efento BLE loggers, company id 0x026C (docs.efento.io, Bluetooth advertisement decoding).

Version 2 has everything in one frame. Newer devices put the measurement into the scan response (version 4), so they
need active scanning.
"""

import struct

from edge_agent.drivers.ble.format import Format, Scan, company
from edge_agent.drivers.ble.frames import PROBE_LIMITS, Advertisement, DecodedFrame, add_numbered, judged, uint16_be
from edge_agent.drivers.ble.on_air import Advert, Measured
from edge_agent.drivers.ble.sources import NUMBERED

COMPANY = 0x026C
WHOLE, RESPONSE = 0x02, 0x04
WHOLE_BYTES = 24
SLOTS = 3
IN_SECONDS = 0x8000
BATTERY_OK = 0x01

# slot type -> metric, factor, offset
SLOT_TYPES: dict[int, tuple[str, float, float]] = {
    0x01: ("temp_c", 0.01, -150.0),
    0x02: ("rh_pct", 1.0, 0.0),
    0x03: ("p_pa", 10.0, 0.0),
    0x04: ("dp_pa", 1.0, -32768.0),
}
PERIOD_MAX_S = 86_400.0


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """The measurements in the slots; version 2 also tells counter, measuring period and a low battery."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) == WHOLE_BYTES and data[0] == WHOLE:
        slots = [(data[11 + n], uint16_be(data, 14 + 2 * n)) for n in range(SLOTS)]
        values = _values(slots)
        if values:
            values["battery_low_bool"] = float(not data[3] & BATTERY_OK)
        counter = int.from_bytes(data[4:8], "big")
        return judged(values, limits=PROBE_LIMITS, counter=counter, counter_bits=32, period_s=_period_s(data))
    if len(data) >= 6 and data[0] == RESPONSE:
        # The last two bytes are a CRC-16 whose polynomial the maker does not publish: it cannot be checked here.
        slots = [(data[at], uint16_be(data, at + 1)) for at in range(1, len(data) - 4, 3)]
        return judged(_values(slots), limits=PROBE_LIMITS)
    return None


def _values(slots: list[tuple[int, int]]) -> dict[str, float]:
    values: dict[str, float] = {}
    for kind, raw in slots:
        if kind in SLOT_TYPES:
            metric, factor, offset = SLOT_TYPES[kind]
            add_numbered(values, metric, raw * factor + offset)
    return values


def _period_s(data: bytes) -> float | None:
    period = uint16_be(data, 8)
    seconds = float(period & ~IN_SECONDS) if period & IN_SECONDS else period * 60.0
    return min(seconds, PERIOD_MAX_S) or None


def encode(m: Measured) -> Advert:
    """A frame of version 2."""
    head = struct.pack(">BBBBIHB", 2, 5, 9, 1, m.counter, 0x8000 | 5, 0)
    slots = struct.pack(">BBBHHH", 1, 2, 0, round((m.temp_c + 150) * 100), round(m.rh_pct), 0)
    return Advert(m.address, {COMPANY: head + slots + bytes(4)}, name="Efento")


FORMAT = Format(
    "Efento",
    "ble-efento.md",
    ("Efento (frame 2)", "Efento (frame 4)"),
    decode,
    encode,
    (company(COMPANY),),
    Scan.ACTIVE,
    "newer devices answer in the scan response only",
    hint="the values are in its scan response, or it is set to encrypt: see the maker's app",
    impossible_c=300.0,
    sources=NUMBERED,
)
