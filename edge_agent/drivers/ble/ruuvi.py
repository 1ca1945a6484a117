"""RuuviTag, data format 5 (RAWv2): github.com/ruuvi/ruuvi-sensor-protocols, dataformat_05.md."""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, disowned, int16_be, judged, refused, uint16_be

COMPANY = 0x0499
FORMAT = 5
BYTES = 24
INVALID_SIGNED, INVALID_UNSIGNED = -0x8000, 0xFFFF
INVALID_BATTERY = 2047
NO_MAC = b"\xff" * 6


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, and humidity and pressure where the tag has them (a Pro 2in1 has neither)."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) != BYTES or data[0] != FORMAT:
        return None
    mac, sequence = data[18:24], uint16_be(data, 16)
    if mac not in (NO_MAC, advertisement.mac):
        return refused(f"frame names the device {mac.hex(':').upper()}", Quality.FAULT)
    if int16_be(data, 1) == INVALID_SIGNED:
        return disowned("tag says: temperature not available")
    values = {"temp_c": int16_be(data, 1) * 0.005}
    if uint16_be(data, 3) != INVALID_UNSIGNED:
        values["rh_pct"] = uint16_be(data, 3) * 0.0025
    if uint16_be(data, 5) != INVALID_UNSIGNED:
        values["p_pa"] = uint16_be(data, 5) + 50_000
    if uint16_be(data, 13) >> 5 != INVALID_BATTERY:
        values["battery_v"] = 1.6 + (uint16_be(data, 13) >> 5) / 1000
    return judged(values, counter=None if sequence == INVALID_UNSIGNED else sequence, counter_bits=16)
