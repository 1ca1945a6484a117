"""BTHome version 2 (bthome.io), plain and encrypted: Shelly BLU, pvvx, ESPHome, b-parasite and many more.

Service data 0xFCD2: device info byte, then objects (id, little-endian value). Parsing stops at the first unknown
id, because its length is unknown too.
"""

import struct

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, service
from edge_agent.drivers.ble.frames import (
    KEY_MISSING,
    KEY_WRONG,
    PLAIN_REFUSED,
    PROBE_LIMITS,
    Advertisement,
    DecodedFrame,
    add_numbered,
    decrypted,
    invalid,
    judged,
    refused,
)
from edge_agent.drivers.ble.on_air import Advert, Measured, hundredths, sealed
from edge_agent.drivers.ble.sources import NUMBERED

SERVICE_UUID = 0xFCD2
VERSION = 2
ENCRYPTED, MAC_INCLUDED = 0x01, 0x02
PACKET_ID = 0x00

# id -> (metric, bytes, signed, factor)
MEASUREMENTS: dict[int, tuple[str, int, bool, float]] = {
    0x01: ("battery_pct", 1, False, 1),
    0x02: ("temp_c", 2, True, 0.01),
    0x03: ("rh_pct", 2, False, 0.01),
    0x04: ("p_pa", 3, False, 1),
    0x08: ("dew_c", 2, True, 0.01),
    0x0C: ("battery_v", 2, False, 0.001),
    0x11: ("open_bool", 1, False, 1),
    0x12: ("co2_ppm", 2, False, 1),
    0x15: ("battery_low_bool", 1, False, 1),
    0x1A: ("door_bool", 1, False, 1),
    0x2B: ("tamper_bool", 1, False, 1),
    0x2D: ("window_bool", 1, False, 1),
    0x2E: ("rh_pct", 1, False, 1),
    0x45: ("temp_c", 2, True, 0.1),
    0x4A: ("battery_v", 2, False, 0.1),
    0x57: ("temp_c", 1, True, 1),
    0x58: ("temp_c", 1, True, 0.35),
}
"""What this gateway keeps. 1 means open, low, tampered for the ``_bool`` metrics."""

# Lengths of all objects of the specification, so that what we do not keep can be stepped over.
_IDS_BY_LENGTH: dict[int, tuple[int, ...]] = {
    1: (0x00, 0x01, 0x09, 0x0F, 0x10, 0x11, *range(0x15, 0x30), 0x3A, 0x46, 0x57, 0x58, 0x59, 0x60, 0x64, 0x65),
    2: (
        0x02, 0x03, 0x06, 0x07, 0x08, 0x0C, 0x0D, 0x0E, 0x12, 0x13, 0x14, 0x3C, 0x3D, 0x3F, 0x40, 0x41, 0x43, 0x44,
        0x45, 0x47, 0x48, 0x49, 0x4A, 0x51, 0x52, 0x56, 0x5A, 0x5D, 0x5E, 0x5F, 0x61, 0xF0,
    ),
    3: (0x04, 0x05, 0x0A, 0x0B, 0x42, 0x4B, 0xF2),
    4: (0x3E, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x55, 0x5B, 0x5C, 0x62, 0x63, 0xF1),
}  # fmt: skip
LENGTHS = {object_id: length for length, ids in _IDS_BY_LENGTH.items() for object_id in ids}
TEXT, RAW, COMMAND = 0x53, 0x54, 0x3B


def decode(advertisement: Advertisement, key: bytes | None) -> DecodedFrame | None:
    """What a BTHome v2 advertisement says. Plain data is refused where a key is configured."""
    data = advertisement.service_data.get(SERVICE_UUID, b"")
    if len(data) < 2 or data[0] >> 5 != VERSION:
        return None
    info = data[0]
    body = data[7:] if info & MAC_INCLUDED else data[1:]
    mac = data[6:0:-1] if info & MAC_INCLUDED else advertisement.mac
    if not info & ENCRYPTED:
        return refused(PLAIN_REFUSED, Quality.FAULT) if key else _objects(body, None)
    if key is None:
        return refused(KEY_MISSING, Quality.FAULT)
    if len(body) < 9 or len(mac) != 6:
        return refused("encrypted frame is truncated")
    cipher, counter, tag = body[:-8], body[-8:-4], body[-4:]
    plain = decrypted(key, mac + b"\xd2\xfc" + data[:1] + counter, cipher + tag, None)
    if plain is None:
        return refused(KEY_WRONG)
    return _objects(plain, int.from_bytes(counter, "little"))


def _objects(body: bytes, counter: int | None) -> DecodedFrame | None:
    values: dict[str, float] = {}
    packet: int | None = None
    at = 0
    while at < len(body):
        object_id = body[at]
        start, length = _extent(body, at)
        if length is None:
            break
        raw = body[start : start + length]
        if len(raw) < length:
            return invalid(f"frame is truncated in object {object_id:02X}", values)
        if object_id == PACKET_ID:
            packet = raw[0]
        elif object_id in MEASUREMENTS:
            metric, _, signed, factor = MEASUREMENTS[object_id]
            add_numbered(values, metric, int.from_bytes(raw, "little", signed=signed) * factor)
        at = start + length
    if counter is not None:
        return judged(values, limits=PROBE_LIMITS, counter=counter, counter_bits=32)
    return judged(values, limits=PROBE_LIMITS, counter=packet)


def _extent(body: bytes, at: int) -> tuple[int, int | None]:
    """Where the value of the object at ``at`` starts and how long it is; None if the id is unknown."""
    object_id = body[at]
    if object_id in (TEXT, RAW, COMMAND):
        if at + 1 >= len(body):
            return at + 1, 1
        length = body[at + 1]
        return at + 2, (length & 0x1F) + 1 if object_id == COMMAND else length
    return at + 1, LENGTHS.get(object_id)


def encode(m: Measured) -> Advert:
    """Packet id, battery, temperature, humidity; encrypted where there is a key."""
    values = (1, m.battery_pct, 2, hundredths(m.temp_c), 3, hundredths(m.rh_pct))
    body = struct.pack("<BBBBBhBH", 0, m.counter % 256, *values)
    if m.key is None:
        return Advert(m.address, service_data={SERVICE_UUID: b"\x40" + body})
    counter = m.counter.to_bytes(4, "little")
    cipher = sealed(m.key, m.mac + b"\xd2\xfc\x41" + counter, body)
    return Advert(m.address, service_data={SERVICE_UUID: b"\x41" + cipher[:-4] + counter + cipher[-4:]})


FORMAT = Format(
    "BTHome v2",
    "ble-bthome.md",
    ("BTHome v2", "Shelly BLU H&T"),
    decode,
    encode,
    (service(SERVICE_UUID),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    takes_key=True,
    impossible_c=300.0,
    sources=NUMBERED,
)
