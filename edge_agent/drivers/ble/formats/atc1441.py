"""Xiaomi LYWSD03MMC and its kin with the ATC1441 firmware."""

import struct

from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, service
from edge_agent.drivers.ble.formats._atc import (
    ASSOCIATED,
    ATC_BYTES,
    ATC_SEALED_BYTES,
    PAGE,
    SERVICE_UUID,
    decode_layout,
)
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame
from edge_agent.drivers.ble.on_air import Advert, Measured, sealed


def decode(advertisement: Advertisement, key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and battery."""
    return decode_layout(advertisement, key, ATC_BYTES, ATC_SEALED_BYTES)


def encode(m: Measured) -> Advert:
    """Plain, or encrypted where there is a key."""
    if m.key is not None:
        head = bytes((11, 0x16, 0x1A, 0x18, m.counter % 256))
        plain = bytes((round((m.temp_c + 40) * 2), round(m.rh_pct * 2), m.battery_pct))
        body = sealed(m.key, m.mac[::-1] + head, plain, ASSOCIATED)
        return Advert(m.address, service_data={SERVICE_UUID: head[4:] + body})
    body = struct.pack(">hBBHB", round(m.temp_c * 10), round(m.rh_pct), m.battery_pct, 2980, m.counter % 256)
    return Advert(m.address, service_data={SERVICE_UUID: m.mac + body})


FORMAT = Format(
    "Xiaomi with ATC1441 firmware",
    PAGE,
    ("LYWSD03MMC (ATC1441)",),
    decode,
    encode,
    (service(SERVICE_UUID),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    takes_key=True,
)
