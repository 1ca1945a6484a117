"""Teltonika EYE Sensor, company id 0x089A: a byte of flags says which values follow.

Layout as in Teltonika's wiki (EYE sensor, Bluetooth frame parsing) and the tests of custom-components/ble_monitor.
"""

from collections.abc import Iterator

from edge_agent.drivers.ble.format import Format, Scan, company
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    int16_be,
    invalid,
    is_blank,
    judged,
    uint16_be,
)
from edge_agent.drivers.ble.on_air import Advert, Measured, hundredths

COMPANY = 0x089A
VERSION = 0x01
TEMPERATURE, HUMIDITY, MAGNET, MAGNET_STATE, MOVEMENT, ANGLE, BATTERY_LOW, VOLTAGE = (1 << bit for bit in range(8))
LENGTHS = {TEMPERATURE: 2, HUMIDITY: 1, MOVEMENT: 2, ANGLE: 3, VOLTAGE: 1}
"""Flag -> bytes that follow, in this order; the other flags have none."""


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity, magnet contact, movement and battery, as far as they are switched on."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) < 3 or data[0] != VERSION:
        return None
    flags, parts, at = data[1], {}, 2
    for flag, length in LENGTHS.items():
        if flags & flag:
            parts[flag] = data[at : at + length]
            at += length
    if at > len(data):
        return invalid("frame is truncated")
    if {TEMPERATURE, HUMIDITY} <= parts.keys() and is_blank(parts[TEMPERATURE] + parts[HUMIDITY]):
        return invalid(BLANK)
    return judged(dict(_values(flags, parts)))


def _values(flags: int, parts: dict[int, bytes]) -> Iterator[tuple[str, float]]:
    if TEMPERATURE in parts:
        yield "temp_c", int16_be(parts[TEMPERATURE], 0) * 0.01
    if HUMIDITY in parts:
        yield "rh_pct", float(parts[HUMIDITY][0])
    if flags & MAGNET:
        yield "open_bool", float(not flags & MAGNET_STATE)
    if MOVEMENT in parts:
        yield "moving_bool", float(uint16_be(parts[MOVEMENT], 0) >> 15)
    if flags & BATTERY_LOW:
        yield "battery_low_bool", 1.0
    if VOLTAGE in parts:
        yield "battery_v", 2 + parts[VOLTAGE][0] / 100


def encode(m: Measured) -> Advert:
    """Temperature, humidity and battery voltage."""
    flags = TEMPERATURE | HUMIDITY | VOLTAGE
    climate = hundredths(m.temp_c).to_bytes(2, "big", signed=True) + bytes((round(m.rh_pct),))
    return Advert(m.address, {COMPANY: bytes((VERSION, flags)) + climate + b"\x67"}, name="MP1_1234567")


FORMAT = Format(
    "Teltonika EYE",
    "ble-teltonika.md",
    ("EYE Sensor",),
    decode,
    encode,
    (company(COMPANY),),
    Scan.ACTIVE,
    "its values are in the scan response",
    hint="set its protocol to sensors in the EYE app, or its scan response was not heard",
)
