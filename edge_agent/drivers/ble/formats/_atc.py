"""Xiaomi LYWSD03MMC and its kin with the ATC1441 or pvvx firmware, service data 0x181A.

github.com/pvvx/ATC_MiThermometer describes the four layouts; the length tells which one it is.
"""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import (
    KEY_MISSING,
    KEY_WRONG,
    PLAIN_REFUSED,
    Advertisement,
    DecodedFrame,
    decrypted,
    int16_be,
    int16_le,
    judged,
    refused,
    uint16_be,
    uint16_le,
)

PAGE = "ble-xiaomi.md"
SERVICE_UUID = 0x181A
ATC_BYTES, PVVX_BYTES = 13, 15
ATC_SEALED_BYTES, PVVX_SEALED_BYTES = 8, 11
ASSOCIATED = b"\x11"


def decode_layout(
    advertisement: Advertisement, key: bytes | None, plain_bytes: int, sealed_bytes: int
) -> DecodedFrame | None:
    """Temperature, humidity and battery. Plain data is refused where a key is configured."""
    data = advertisement.service_data.get(SERVICE_UUID, b"")
    if len(data) == plain_bytes:
        return refused(PLAIN_REFUSED, Quality.FAULT) if key else _plain(data, advertisement.mac)
    if len(data) == sealed_bytes:
        return _unsealed(data, advertisement.mac, key) if key else refused(KEY_MISSING, Quality.FAULT)
    return None


def _plain(data: bytes, address: bytes) -> DecodedFrame | None:
    is_atc = len(data) == ATC_BYTES
    mac = data[:6] if is_atc else data[5::-1]
    if mac != address:
        return refused(f"frame carries the address of another device, {mac.hex(':').upper()}", Quality.FAULT)
    if is_atc:
        values = {
            "temp_c": int16_be(data, 6) * 0.1,
            "rh_pct": float(data[8]),
            "battery_pct": float(data[9]),
            "battery_v": uint16_be(data, 10) / 1000,
        }
        return judged(values, counter=data[12])
    values = {
        "temp_c": int16_le(data, 6) * 0.01,
        "rh_pct": uint16_le(data, 8) * 0.01,
        "battery_v": uint16_le(data, 10) / 1000,
        "battery_pct": float(data[12]),
        "reed_bool": float(data[14] & 1),
    }
    return judged(values, counter=data[13])


def _unsealed(data: bytes, address: bytes, key: bytes) -> DecodedFrame | None:
    # The nonce holds the head of the advertising structure as it was on the air: length, type 0x16, UUID, counter.
    head = bytes((len(data) + 3, 0x16)) + SERVICE_UUID.to_bytes(2, "little") + data[:1]
    plain = decrypted(key, address[::-1] + head, data[1:], ASSOCIATED)
    if plain is None:
        return refused(KEY_WRONG)
    if len(data) == PVVX_SEALED_BYTES:
        values = {
            "temp_c": int16_le(plain, 0) * 0.01,
            "rh_pct": uint16_le(plain, 2) * 0.01,
            "battery_pct": float(plain[4]),
            "reed_bool": float(plain[5] & 1),
        }
    else:
        values = {
            "temp_c": plain[0] / 2 - 40,
            "rh_pct": plain[1] / 2,
            "battery_pct": float(plain[2] & 0x7F),
        }
    return judged(values, counter=data[0])
