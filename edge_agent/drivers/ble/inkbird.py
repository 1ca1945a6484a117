"""Inkbird IBS-TH, IBS-TH2 and the 18-byte ITH models.

The two bytes that Bluetooth calls the company id *are the temperature*: they change with it, so the newest entry of
the manufacturer data is the one that counts. The 9-byte frame carries a CRC-16/MODBUS over its first five bytes.
"""

from edge_agent.drivers.ble.frames import (
    Advertisement,
    DecodedFrame,
    crc16_modbus,
    int16_le,
    judged,
    refused,
    uint16_le,
)

SHORT_BYTES, LONG_BYTES = 9, 18
WITHOUT_HUMIDITY = "tps"


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity (not for a TH2 without that sensor) and battery of the newest frame."""
    if not advertisement.manufacturer_data:
        return None
    company, payload = list(advertisement.manufacturer_data.items())[-1]
    data = company.to_bytes(2, "little") + payload
    if len(data) == SHORT_BYTES:
        return _short(data, advertisement.local_name)
    if len(data) == LONG_BYTES:
        return judged(
            {
                "temp_c": int16_le(data, 6) * 0.1,
                "rh_pct": uint16_le(data, 8) * 0.1,
                "battery_pct": float(data[10]),
            }
        )
    return None


def _short(data: bytes, local_name: str) -> DecodedFrame | None:
    if crc16_modbus(data[:5]) != uint16_le(data, 5):
        return refused("checksum is wrong")
    values = {"temp_c": int16_le(data, 0) * 0.01, "battery_pct": float(data[7])}
    humidity = uint16_le(data, 2)
    if humidity or local_name != WITHOUT_HUMIDITY:
        values["rh_pct"] = humidity * 0.01
    return judged(values)
