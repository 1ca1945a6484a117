"""Xiaomi LYWSD03MMC and its kin with the pvvx firmware, custom format."""

import struct

from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, service
from edge_agent.drivers.ble.formats._atc import (
    ASSOCIATED,
    PAGE,
    PVVX_BYTES,
    PVVX_SEALED_BYTES,
    SERVICE_UUID,
    decode_layout,
)
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame
from edge_agent.drivers.ble.on_air import Advert, Measured, hundredths, sealed


def decode(advertisement: Advertisement, key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity, battery and reed contact."""
    return decode_layout(advertisement, key, PVVX_BYTES, PVVX_SEALED_BYTES)


def encode(m: Measured) -> Advert:
    """Plain, or encrypted where there is a key."""
    temperature, humidity = hundredths(m.temp_c), hundredths(m.rh_pct)
    if m.key is None:
        body = struct.pack("<hHHBBB", temperature, humidity, 2980, m.battery_pct, m.counter % 256, 4)
        return Advert(m.address, service_data={SERVICE_UUID: m.mac[::-1] + body})
    head = bytes((14, 0x16, 0x1A, 0x18, m.counter % 256))
    plain = struct.pack("<hHBB", temperature, humidity, m.battery_pct, 4)
    body = sealed(m.key, m.mac[::-1] + head, plain, ASSOCIATED)
    return Advert(m.address, service_data={SERVICE_UUID: head[4:] + body})


FORMAT = Format(
    "Xiaomi with pvvx firmware",
    PAGE,
    ("LYWSD03MMC (pvvx)",),
    decode,
    encode,
    (service(SERVICE_UUID),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    takes_key=True,
)
