"""Sensirion gadgets: SHT3x, SHT4x and MyCO2 (sensirion.github.io/ble-services)."""

import struct

from edge_agent.drivers.ble.format import Format, company
from edge_agent.drivers.ble.frames import BLANK, Advertisement, DecodedFrame, invalid, is_blank, judged, uint16_le
from edge_agent.drivers.ble.on_air import Advert, Measured

COMPANY = 0x06D5
TICKS = 65535
SHT3X, SHT4X, MYCO2 = 4, 6, 8
LENGTHS = {SHT3X: 8, SHT4X: 8, MYCO2: 10}
CROP_PCT = 2.0


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature and humidity, and CO2 of a MyCO2."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) < 2 or data[0] != 0 or len(data) < LENGTHS.get(data[1], 1 << 16):
        return None
    if is_blank(data[4:8]):
        return invalid(BLANK)
    ticks = uint16_le(data, 6)
    humidity = _cropped(ticks * 125 / TICKS - 6) if data[1] == SHT4X else ticks * 100 / TICKS
    values = {"temp_c": uint16_le(data, 4) / TICKS * 175 - 45, "rh_pct": humidity}
    if data[1] == MYCO2:
        values["co2_ppm"] = float(uint16_le(data, 8))
    return judged(values)


def _cropped(humidity_pct: float) -> float:
    """An SHT4x runs slightly beyond 0 and 100 % by its formula, to be cropped; far beyond is a broken sensor."""
    if -CROP_PCT <= humidity_pct <= 100 + CROP_PCT:
        return min(max(humidity_pct, 0.0), 100.0)
    return humidity_pct


def encode(m: Measured) -> Advert:
    """An SHT4x gadget."""
    ticks = round((m.temp_c + 45) / 175 * TICKS), round((m.rh_pct + 6) / 125 * TICKS)
    return Advert(m.address, {COMPANY: struct.pack("<BBHHH", 0, SHT4X, 0xE7E2, min(ticks[0], TICKS), ticks[1])})


FORMAT = Format(
    "Sensirion gadget",
    "ble-sensirion.md",
    ("SHT40 Gadget", "MyCO2"),
    decode,
    encode,
    (company(COMPANY),),
)
