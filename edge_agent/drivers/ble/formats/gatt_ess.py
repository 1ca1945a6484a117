"""The Environmental Sensing Service 0x181A, read over a connection (Bluetooth GATT Specification Supplement)."""

from edge_agent.drivers.ble.format import Format, Scan, service
from edge_agent.drivers.ble.frames import (
    BLANK,
    PROBE_LIMITS,
    Advertisement,
    DecodedFrame,
    int16_le,
    invalid,
    is_blank,
    judged,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

SERVICE_UUID = 0x181A

TEMPERATURE_UUID = "00002a6e-0000-1000-8000-00805f9b34fb"
HUMIDITY_UUID = "00002a6f-0000-1000-8000-00805f9b34fb"
UNKNOWN_TEMPERATURE, UNKNOWN_HUMIDITY = -0x8000, 0xFFFF


def decode_characteristics(temperature: bytes, humidity: bytes | None) -> DecodedFrame | None:
    """What the two characteristics say; ``humidity`` is None where the device has none."""
    if len(temperature) != 2 or (humidity is not None and len(humidity) != 2):
        return invalid("a characteristic has the wrong length")
    if int16_le(temperature, 0) == UNKNOWN_TEMPERATURE:
        return invalid("device reports: temperature unknown")
    if humidity is not None and is_blank(temperature + humidity):
        return invalid(BLANK)
    values = {"temp_c": int16_le(temperature, 0) * 0.01}
    if humidity is not None and uint16_le(humidity, 0) != UNKNOWN_HUMIDITY:
        values["rh_pct"] = uint16_le(humidity, 0) * 0.01
    return judged(values, limits=PROBE_LIMITS)


def decode(_advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """None: its advertisement has no measurement."""
    return None


def encode(m: Measured) -> Advert:
    """That it is there."""
    return Advert(m.address, name="ESS", services=(SERVICE_UUID,))


FORMAT = Format(
    "Environmental Sensing Service",
    "ble-gatt-ess.md",
    ("Environmental Sensing Service",),
    decode,
    encode,
    scan=Scan.ACTIVE,
    why="has to be found before it is read",
    marks=(service(SERVICE_UUID),),
)
