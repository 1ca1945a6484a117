"""KKM K6 sensor beacon: frame 0x21 among the Eddystone frames of service data 0xFEAA.

Frames as in the tests of custom-components/ble_monitor. Real Eddystone frames begin with 0x00, 0x10, 0x20 or 0x30.
"""

from edge_agent.drivers.ble.format import Format, service
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    int16_be,
    invalid,
    is_blank,
    judged,
    uint16_be,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

SERVICE_UUID = 0xFEAA
START = b"\x21\x01"
ALL_SENSORS = 0x07
BYTES = 15


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and battery voltage."""
    data = advertisement.service_data.get(SERVICE_UUID, b"")
    if len(data) != BYTES or data[:2] != START or data[2] != ALL_SENSORS:
        return None
    if is_blank(data[5:9]):
        return invalid(BLANK)
    return judged(
        {
            "temp_c": int16_be(data, 5) / 256,
            "rh_pct": uint16_be(data, 7) / 256,
            "battery_v": uint16_be(data, 3) / 1000,
        }
    )


def encode(m: Measured) -> Advert:
    """A K6."""
    climate = round(m.temp_c * 256).to_bytes(2, "big", signed=True) + round(m.rh_pct * 256).to_bytes(2, "big")
    return Advert(m.address, service_data={SERVICE_UUID: START + b"\x07\x0e\x5b" + climate + bytes(6)})


FORMAT = Format(
    "KKM",
    "ble-kkm.md",
    ("K6 sensor beacon",),
    decode,
    encode,
    (service(SERVICE_UUID),),
    impossible_c=120.0,
    hint="set its sensor frame (KSensor) to all sensors in the maker's app; another Eddystone beacon is no sensor",
)
