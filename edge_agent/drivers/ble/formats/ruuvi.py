"""Ruuvi: data formats 3, 5, 6 and E1 (github.com/ruuvi/ruuvi-sensor-protocols; docs.ruuvi.com).

RuuviTag sends 5, with firmware before 2.5 it sent 3. Ruuvi Air sends 6, and E1 where extended advertising is heard.
"""

from collections.abc import Callable

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, company
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    int16_be,
    invalid,
    is_blank,
    judged,
    refused,
    uint16_be,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

COMPANY = 0x0499
INVALID_SIGNED, INVALID_UNSIGNED = -0x8000, 0xFFFF
INVALID_BATTERY = 2047
INVALID_9_BITS = 0x1FF
NOT_AVAILABLE = "tag reports: temperature not available"
SUBSECOND_MAX = 99


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, and what else the model has: humidity, pressure, CO2, fine dust, battery."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    layout = LAYOUTS.get(data[0]) if data else None
    if layout is None or len(data) < layout[0] or (len(data) > layout[0] and data[0] in OF_ONE_LENGTH):
        return None
    length, mac_bytes, read = layout
    mac = data[length - mac_bytes : length]
    if mac_bytes and mac not in (b"\xff" * mac_bytes, advertisement.mac[-mac_bytes:]):
        return refused(f"frame carries the address of another device, {mac.hex(':').upper()}", Quality.FAULT)
    return read(data)


def _raw_v1(data: bytes) -> DecodedFrame | None:
    """Format 3: the sign is a bit of its own, hundredths are a byte of their own. It has no counter."""
    if is_blank(data[1:6]):
        return invalid(BLANK)
    if data[3] > SUBSECOND_MAX:
        return invalid(f"{data[3]} hundredths of a degree: corrupt frame")
    size = (data[2] & 0x7F) + data[3] / 100
    return judged(
        {
            "temp_c": -size if data[2] & 0x80 else size,
            "rh_pct": data[1] / 2,
            "p_pa": uint16_be(data, 4) + 50_000,
            "battery_v": uint16_be(data, 12) / 1000,
        }
    )


def _raw_v2(data: bytes) -> DecodedFrame | None:
    values = _climate(data)
    if values is None:
        return invalid(NOT_AVAILABLE)
    if uint16_be(data, 13) >> 5 != INVALID_BATTERY:
        values["battery_v"] = 1.6 + (uint16_be(data, 13) >> 5) / 1000
    sequence = uint16_be(data, 16)
    return judged(values, counter=None if sequence == INVALID_UNSIGNED else sequence, counter_bits=16)


def _air(data: bytes) -> DecodedFrame | None:
    """Format 6."""
    values = _climate(data)
    if values is None:
        return invalid(NOT_AVAILABLE)
    if uint16_be(data, 7) != INVALID_UNSIGNED:
        values["pm2_5_ugm3"] = uint16_be(data, 7) * 0.1
    if uint16_be(data, 9) != INVALID_UNSIGNED:
        values["co2_ppm"] = float(uint16_be(data, 9))
    return judged(values, counter=data[15])


def _air_extended(data: bytes) -> DecodedFrame | None:
    """Format E1."""
    values = _climate(data)
    if values is None:
        return invalid(NOT_AVAILABLE)
    for at, metric in ((7, "pm1_ugm3"), (9, "pm2_5_ugm3"), (11, "pm4_ugm3"), (13, "pm10_ugm3")):
        if uint16_be(data, at) != INVALID_UNSIGNED:
            values[metric] = uint16_be(data, at) * 0.1
    if uint16_be(data, 15) != INVALID_UNSIGNED:
        values["co2_ppm"] = float(uint16_be(data, 15))
    sequence = int.from_bytes(data[25:28], "big")
    return judged(values, counter=None if sequence == 0xFFFFFF else sequence, counter_bits=24)


def _climate(data: bytes) -> dict[str, float] | None:
    """What formats 5, 6 and E1 have at the same place; None without a temperature."""
    if int16_be(data, 1) == INVALID_SIGNED:
        return None
    values = {"temp_c": int16_be(data, 1) * 0.005}
    if uint16_be(data, 3) != INVALID_UNSIGNED:
        values["rh_pct"] = uint16_be(data, 3) * 0.0025
    if uint16_be(data, 5) != INVALID_UNSIGNED:
        values["p_pa"] = uint16_be(data, 5) + 50_000
    return values


# first byte -> length, bytes of the address at the end, how it is read
LAYOUTS: dict[int, tuple[int, int, Callable[[bytes], DecodedFrame | None]]] = {
    0x03: (14, 0, _raw_v1),
    0x05: (24, 6, _raw_v2),
    0x06: (20, 3, _air),
    0xE1: (40, 6, _air_extended),
}


OF_ONE_LENGTH = (0x03, 0x05)
"""The others may be longer: what follows is reserved."""


def encode(m: Measured) -> Advert:
    """Data format 5."""
    head = b"\x05" + round(m.temp_c / 0.005).to_bytes(2, "big", signed=True)
    head += round(m.rh_pct / 0.0025).to_bytes(2, "big") + (101_325 - 50_000).to_bytes(2, "big")
    tail = bytes.fromhex("0004FFFC040C") + ((2977 - 1600) << 5 | 22).to_bytes(2, "big") + b"\x42"
    return Advert(m.address, {COMPANY: head + tail + (m.counter % 0xFFFF).to_bytes(2, "big") + m.mac})


FORMAT = Format(
    "Ruuvi",
    "ble-ruuvi.md",
    ("RuuviTag (format 5)", "RuuviTag (format 3)", "Ruuvi Air (format 6)", "Ruuvi Air (format E1)"),
    decode,
    encode,
    (company(COMPANY),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    hint="its firmware may send another data format: update it with Ruuvi Station",
)
