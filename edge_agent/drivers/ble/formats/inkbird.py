"""Inkbird IBS-TH, IBS-TH2, IBS-P02B, ITH and IAM-T2, told apart by their name.

The two bytes that Bluetooth calls the company id of an IBS-TH *are its temperature*. Its 9-byte frame carries a
CRC-16/MODBUS over the first five bytes, of which the last tells the plugged-in probe from the sensor in the housing.
Frames as in the tests of Bluetooth-Devices/inkbird-ble and custom-components/ble_monitor.
"""

import struct

from edge_agent.drivers.ble.format import Format, company, service
from edge_agent.drivers.ble.frames import (
    BLANK,
    PROBE_LIMITS,
    Advertisement,
    DecodedFrame,
    crc16_modbus,
    from_source,
    int16_be,
    int16_le,
    invalid,
    is_blank,
    judged,
    refused,
    uint16_be,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured, hundredths

SHORT_BYTES, LONG_PAYLOAD_BYTES, AIR_PAYLOAD_BYTES = 9, 16, 15
SHORT_NAMES = ("sps", "tps")
WITHOUT_HUMIDITY = "tps"
LONG_NAMES = ("ith-11-b", "ith-13-b", "ith-21-b", "ibs-p02b")
LONG_COMPANY, AIR_COMPANY, AIR_NAME = 0x2449, 0x3254, "ink@iam-t2"
SOURCES = {0: "built-in", 1: "external"}
FAHRENHEIT = 0x02


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity (not for a TH2 without that sensor), battery, CO2 of an IAM-T2."""
    name = advertisement.local_name.lower()
    if name in SHORT_NAMES:
        whole = advertisement.whole
        return _short(whole, name) if len(whole) == SHORT_BYTES else None
    long = advertisement.manufacturer_data.get(LONG_COMPANY, b"")
    if name in LONG_NAMES and len(long) == LONG_PAYLOAD_BYTES:
        return _long(long)
    air = advertisement.manufacturer_data.get(AIR_COMPANY, b"")
    if name.startswith(AIR_NAME) and len(air) == AIR_PAYLOAD_BYTES:
        return _air(air)
    return None


def _short(data: bytes, name: str) -> DecodedFrame | None:
    if crc16_modbus(data[:5]) != uint16_le(data, 5):
        return refused("checksum is wrong")
    source = SOURCES.get(data[4], f"input-{data[4]}")
    humidity = uint16_le(data, 2)
    has_humidity = bool(humidity) or name != WITHOUT_HUMIDITY
    if is_blank(data[0 : 4 if has_humidity else 2], zeros=has_humidity):
        return from_source(invalid(BLANK), source)
    values = {"temp_c": int16_le(data, 0) * 0.01, "battery_pct": float(data[7])}
    if has_humidity:
        values["rh_pct"] = humidity * 0.01
    return from_source(judged(values), source)


def _long(data: bytes) -> DecodedFrame | None:
    """ITH and IBS-P02B; a model without a humidity sensor sends 0."""
    humidity = uint16_le(data, 6)
    if is_blank(data[4:8], zeros=False):
        return invalid(BLANK)
    values = {"temp_c": int16_le(data, 4) * 0.1, "battery_pct": float(data[8])}
    if humidity:
        values["rh_pct"] = humidity * 0.1
    return judged(values, limits=PROBE_LIMITS)


def _air(data: bytes) -> DecodedFrame | None:
    """IAM-T2. Nobody has published what its last byte, perhaps the battery, means."""
    if is_blank(data[8:14]):
        return invalid(BLANK)
    temp = int16_be(data, 8) * 0.1
    return judged(
        {
            "temp_c": (temp - 32) / 1.8 if data[7] & FAHRENHEIT else temp,
            "rh_pct": uint16_be(data, 10) * 0.1,
            "co2_ppm": float(uint16_be(data, 12)),
        }
    )


def encode(m: Measured) -> Advert:
    """An IBS-TH that measures with the sensor in its housing."""
    head = struct.pack("<hHB", hundredths(m.temp_c), hundredths(m.rh_pct), 0)
    data = head + crc16_modbus(head).to_bytes(2, "little") + bytes((m.battery_pct, 6))
    return Advert(m.address, {int.from_bytes(data[:2], "little"): data[2:]}, name="sps")


FORMAT = Format(
    "Inkbird",
    "ble-inkbird.md",
    ("IBS-TH", "IBS-TH2", "IBS-P02B", "ITH-11-B", "ITH-13-B", "ITH-21-B", "IAM-T2"),
    decode,
    encode,
    (company(LONG_COMPANY), company(AIR_COMPANY)),
    why="its company id changes with the temperature",
    hint="its model is in its name: this one is not read, or its name was not heard",
    marks=(service(0xFFF0),),
    is_any_company=True,
    sources=tuple(SOURCES.values()),
)
