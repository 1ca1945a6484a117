"""Xiaomi MiBeacon, versions 2 to 5, service data 0xFE95: LYWSDCGQ, CGG1, LYWSD02, LYWSD03MMC, MCCGQ02HL.

Temperature and humidity often come in separate frames. Encryption is AES-128-CCM of versions 4 and 5.
"""

import struct
from collections.abc import Callable

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, service
from edge_agent.drivers.ble.frames import (
    KEY_MISSING,
    KEY_WRONG,
    PLAIN_REFUSED,
    Advertisement,
    DecodedFrame,
    decrypted,
    int16_le,
    invalid,
    judged,
    refused,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured, sealed

SERVICE_UUID = 0xFE95
ENCRYPTED, MAC_INCLUDED, CAPABILITY, OBJECT, MESH = 0x08, 0x10, 0x20, 0x40, 0x80
CAPABILITY_IO = 0x20
ASSOCIATED = b"\x11"
VERSION_MIN, VERSION_SEALED_MIN = 2, 4
HUMIDITY = 0x1006
WHOLE_PER_CENT = frozenset({0x055B, 0x0387})
"""LYWSD03MMC and MHO-C401 measure whole per cents of humidity; their tenths are noise (as in xiaomi-ble)."""


def decode(advertisement: Advertisement, key: bytes | None) -> DecodedFrame | None:
    """What the objects of the frame say; None for the empty frames that these devices send in between."""
    data = advertisement.service_data.get(SERVICE_UUID, b"")
    if len(data) < 5:
        return None
    control = uint16_le(data, 0)
    version = control >> 12
    if version < VERSION_MIN or control & MESH or not control & OBJECT:
        return None
    at = 5 + (6 if control & MAC_INCLUDED else 0)
    if control & MAC_INCLUDED and data[10:4:-1] != advertisement.mac:
        return refused("frame names another device", Quality.FAULT)
    if control & CAPABILITY:
        at += 2 if data[at : at + 1] and data[at] & CAPABILITY_IO else 1
    if not control & ENCRYPTED:
        return refused(PLAIN_REFUSED, Quality.FAULT) if key else _objects(data[at:], data)
    if key is None:
        return refused(KEY_MISSING, Quality.FAULT)
    if version < VERSION_SEALED_MIN:
        return invalid(f"encryption of MiBeacon version {version} is not supported: flash the pvvx firmware")
    if len(data) < at + 9:
        return refused("encrypted frame is truncated")
    nonce = advertisement.mac[::-1] + data[2:5] + data[-7:-4]
    plain = decrypted(key, nonce, data[at:-7] + data[-4:], ASSOCIATED)
    return refused(KEY_WRONG) if plain is None else _objects(plain, data)


def _objects(body: bytes, frame: bytes) -> DecodedFrame | None:
    values: dict[str, float] = {}
    device_type, counter = uint16_le(frame, 2), frame[4]
    at = 0
    while at + 3 <= len(body):
        object_id, length = uint16_le(body, at), body[at + 2]
        raw = body[at + 3 : at + 3 + length]
        if len(raw) < length:
            return invalid(f"frame is truncated in object {object_id:04X}", values, counter)
        known = OBJECTS.get((object_id, length))
        if known:
            values |= known(raw)
        if object_id == HUMIDITY and "rh_pct" in values and device_type in WHOLE_PER_CENT:
            values["rh_pct"] //= 1
        at += 3 + length
    return judged(values, counter=counter)


def _float(raw: bytes) -> float:
    return float(struct.unpack("<f", raw)[0])


# (object id, length) -> values. Door: 0 is open, 1 closed, 2 left open.
OBJECTS: dict[tuple[int, int], Callable[[bytes], dict[str, float]]] = {
    (0x1004, 2): lambda raw: {"temp_c": int16_le(raw, 0) * 0.1},
    (0x1006, 2): lambda raw: {"rh_pct": uint16_le(raw, 0) * 0.1},
    (0x100A, 1): lambda raw: {"battery_pct": float(raw[0])},
    (0x100D, 4): lambda raw: {"temp_c": int16_le(raw, 0) * 0.1, "rh_pct": uint16_le(raw, 2) * 0.1},
    (0x1019, 1): lambda raw: {"open_bool": float(raw[0] in (0, 2))},
    (0x4801, 4): lambda raw: {"temp_c": _float(raw)},
    (0x4802, 1): lambda raw: {"rh_pct": float(raw[0])},
    (0x4803, 1): lambda raw: {"battery_pct": float(raw[0])},
    (0x4C01, 4): lambda raw: {"temp_c": _float(raw)},
    (0x4C02, 1): lambda raw: {"rh_pct": float(raw[0])},
    (0x4C03, 1): lambda raw: {"battery_pct": float(raw[0])},
}


def encode(m: Measured) -> Advert:
    """An LYWSDCGQ, or with a key an LYWSD03MMC."""
    body = struct.pack("<HBhH", 0x100D, 4, round(m.temp_c * 10), round(m.rh_pct * 10))
    if m.key is None:
        head = struct.pack("<HHB", 0x5050, 0x01AA, m.counter % 256) + m.mac[::-1]
        return Advert(m.address, service_data={SERVICE_UUID: head + body})
    head = struct.pack("<HHB", 0x5858, 0x055B, m.counter % 256) + m.mac[::-1]
    more = m.counter.to_bytes(4, "little")[1:]
    cipher = sealed(m.key, m.mac[::-1] + head[2:5] + more, body, ASSOCIATED)
    return Advert(m.address, service_data={SERVICE_UUID: head + cipher[:-4] + more + cipher[-4:]})


FORMAT = Format(
    "Xiaomi MiBeacon",
    "ble-xiaomi.md",
    ("LYWSDCGQ", "LYWSD03MMC"),
    decode,
    encode,
    (service(SERVICE_UUID),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    takes_key=True,
    hint="it sends values every few minutes only, or has to be paired in its own app first",
)
