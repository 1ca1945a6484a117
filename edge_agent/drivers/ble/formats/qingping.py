"""Qingping (ClearGrass), service data 0xFDCD: device type, address, then values of type, length and data.

Frames as in the tests of Bluetooth-Devices/qingping-ble. Models paired with Xiaomi's app speak ``mibeacon`` instead.
"""

import struct
from collections.abc import Callable

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import Format, service
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    int16_le,
    invalid,
    is_blank,
    judged,
    refused,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

SERVICE_UUID = 0xFDCD
MODELS = {
    0x0C: "CGD1",
    0x0E: "CGDN1",
    0x0F: "CGM1",
    0x15: "CGF1W",
    0x16: "CGG1",
    0x18: "CGP23W",
    0x1E: "CGC1",
    0x24: "CGDN1",
    0x33: "CGP22C",
    0x4F: "CGG3",
    0x5D: "CGP22C",
}
"""Type byte -> model, of those of which a frame was published."""
HEAD_BYTES = 8
CLIMATE = 0x01


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature and humidity, pressure, CO2, fine dust and battery where the model has them."""
    data = advertisement.service_data.get(SERVICE_UUID, b"")
    if len(data) < HEAD_BYTES or data[1] not in MODELS:
        return None
    mac = data[7:1:-1]
    if mac != advertisement.mac:
        return refused(f"frame carries the address of another device, {mac.hex(':').upper()}", Quality.FAULT)
    values: dict[str, float] = {}
    at = HEAD_BYTES
    while at + 2 <= len(data):
        kind, length = data[at], data[at + 1]
        raw = data[at + 2 : at + 2 + length]
        if len(raw) < length:
            return invalid(f"frame is truncated in value {kind:02X}", values)
        if kind == CLIMATE and is_blank(raw):
            return invalid(BLANK)
        if (kind, length) in VALUES:
            values |= VALUES[kind, length](raw)
        at += 2 + length
    return judged(values)


# (type, length) -> values
VALUES: dict[tuple[int, int], Callable[[bytes], dict[str, float]]] = {
    (CLIMATE, 4): lambda raw: {"temp_c": int16_le(raw, 0) * 0.1, "rh_pct": uint16_le(raw, 2) * 0.1},
    (0x02, 1): lambda raw: {"battery_pct": float(raw[0])},
    (0x07, 2): lambda raw: {"p_pa": uint16_le(raw, 0) * 10.0},
    (0x12, 4): lambda raw: {"pm2_5_ugm3": float(uint16_le(raw, 0)), "pm10_ugm3": float(uint16_le(raw, 2))},
    (0x13, 2): lambda raw: {"co2_ppm": float(uint16_le(raw, 0))},
}


def encode(m: Measured) -> Advert:
    """A CGG1."""
    body = struct.pack("<BBhHBBB", 1, 4, round(m.temp_c * 10), round(m.rh_pct * 10), 2, 1, m.battery_pct)
    return Advert(m.address, service_data={SERVICE_UUID: b"\x08\x16" + m.mac[::-1] + body})


FORMAT = Format(
    "Qingping",
    "ble-qingping.md",
    tuple(sorted(set(MODELS.values()))),
    decode,
    encode,
    (service(SERVICE_UUID),),
    simulates="CGG1",
    hint="it may be a model that measures no temperature (motion, door), or one that is not read",
)
