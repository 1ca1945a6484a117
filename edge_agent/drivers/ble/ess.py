"""The Environmental Sensing Service 0x181A, read over a connection (Bluetooth GATT Specification Supplement)."""

from edge_agent.drivers.ble.frames import PROBE_LIMITS, DecodedFrame, disowned, int16_le, judged, uint16_le

TEMPERATURE_UUID = "00002a6e-0000-1000-8000-00805f9b34fb"
HUMIDITY_UUID = "00002a6f-0000-1000-8000-00805f9b34fb"
UNKNOWN_TEMPERATURE, UNKNOWN_HUMIDITY = -0x8000, 0xFFFF


def decode_characteristics(temperature: bytes, humidity: bytes | None) -> DecodedFrame | None:
    """What the two characteristics say; ``humidity`` is None where the device has none."""
    if len(temperature) != 2 or (humidity is not None and len(humidity) != 2):
        return disowned("a characteristic has the wrong length")
    if int16_le(temperature, 0) == UNKNOWN_TEMPERATURE:
        return disowned("device says: temperature not known")
    values = {"temp_c": int16_le(temperature, 0) * 0.01}
    if humidity is not None and uint16_le(humidity, 0) != UNKNOWN_HUMIDITY:
        values["rh_pct"] = uint16_le(humidity, 0) * 0.01
    return judged(values, limits=PROBE_LIMITS)
