"""BTHome version 1 (bthome.io/v1): service data 0x181C plain, 0x181E encrypted. Older pvvx and b-parasite firmware.

An object begins with a byte of length (5 bits) and kind of number (3 bits); what is unknown is stepped over.
"""

import struct

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, service
from edge_agent.drivers.ble.formats.bthome import MEASUREMENTS, PACKET_ID
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

PLAIN_UUID, SEALED_UUID = 0x181C, 0x181E
NONCE_UUID, ASSOCIATED = b"\x1e\x18", b"\x11"
LENGTH, SIGNED, KIND_SHIFT, NUMBER_KINDS = 0x1F, 1, 5, (0, 1)
BYTES_MAX = 4


def decode(advertisement: Advertisement, key: bytes | None) -> DecodedFrame | None:
    """What a BTHome v1 advertisement says. Plain data is refused where a key is configured."""
    plain = advertisement.service_data.get(PLAIN_UUID, b"")
    if plain:
        return refused(PLAIN_REFUSED, Quality.FAULT) if key else _objects(plain, None)
    data = advertisement.service_data.get(SEALED_UUID, b"")
    if not data:
        return None
    if key is None:
        return refused(KEY_MISSING, Quality.FAULT)
    if len(data) < 9:
        return refused("encrypted frame is truncated")
    cipher, counter, tag = data[:-8], data[-8:-4], data[-4:]
    opened = decrypted(key, advertisement.mac + NONCE_UUID + counter, cipher + tag, ASSOCIATED)
    return refused(KEY_WRONG) if opened is None else _objects(opened, int.from_bytes(counter, "little"))


def _objects(body: bytes, counter: int | None) -> DecodedFrame | None:
    values: dict[str, float] = {}
    packet: int | None = None
    at = 0
    while at + 1 < len(body):
        length, kind, object_id = body[at] & LENGTH, body[at] >> KIND_SHIFT, body[at + 1]
        raw = body[at + 2 : at + 1 + length]
        if length < 2 or len(raw) < length - 1:
            return invalid(f"frame is truncated in object {object_id:02X}", values)
        if object_id == PACKET_ID and len(raw) == 1:
            packet = raw[0]
        elif object_id in MEASUREMENTS and kind in NUMBER_KINDS and len(raw) <= BYTES_MAX:
            metric, _, _, factor = MEASUREMENTS[object_id]
            add_numbered(values, metric, int.from_bytes(raw, "little", signed=kind == SIGNED) * factor)
        at += 1 + length
    if counter is not None:
        return judged(values, limits=PROBE_LIMITS, counter=counter, counter_bits=32)
    return judged(values, limits=PROBE_LIMITS, counter=packet)


def encode(m: Measured) -> Advert:
    """Packet id, battery, temperature, humidity; encrypted where there is a key."""
    head = bytes((0x02, 0, m.counter % 256, 0x02, 1, m.battery_pct))
    body = head + struct.pack("<BBhBBH", 0x23, 2, hundredths(m.temp_c), 0x03, 3, hundredths(m.rh_pct))
    if m.key is None:
        return Advert(m.address, service_data={PLAIN_UUID: body})
    counter = m.counter.to_bytes(4, "little")
    cipher = sealed(m.key, m.mac + NONCE_UUID + counter, body, ASSOCIATED)
    return Advert(m.address, service_data={SEALED_UUID: cipher[:-4] + counter + cipher[-4:]})


FORMAT = Format(
    "BTHome v1",
    "ble-bthome.md",
    ("BTHome v1",),
    decode,
    encode,
    (service(PLAIN_UUID), service(SEALED_UUID)),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    takes_key=True,
    impossible_c=300.0,
)
