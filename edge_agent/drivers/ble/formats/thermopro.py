"""ThermoPro TP357, TP357S, TP358, TP358S and TP393, told by their name.

Half of the company id is the temperature, as with Inkbird: 0xC2, then tenths of a degree. Frames as in the tests of
Bluetooth-Devices/thermopro-ble.
"""

import re

from edge_agent.drivers.ble.format import Format
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, int16_le, invalid, judged
from edge_agent.drivers.ble.on_air import Advert, Measured

MODEL = re.compile(r"(TP357S?|TP358S?|TP393) ?\(")
START, BYTES_MIN = 0xC2, 6
NO_VALUES = b"\xff\xff\xff"
LEVELS = {1: 50.0, 2: 100.0}
"""Battery: 0 is nearly empty, which has no percentage of its own."""


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and a rough battery level."""
    data = advertisement.whole
    if not MODEL.match(advertisement.local_name) or len(data) < BYTES_MIN or data[0] != START:
        return None
    if data[1:4] == NO_VALUES:
        return invalid("sensor has no values yet")
    values = {"temp_c": int16_le(data, 1) * 0.1, "rh_pct": float(data[3])}
    level = data[4] & 3
    values |= {"battery_pct": LEVELS[level]} if level in LEVELS else {"battery_low_bool": 1.0}
    return judged(values)


def encode(m: Measured) -> Advert:
    """A TP357."""
    tenths = round(m.temp_c * 10).to_bytes(2, "little", signed=True)
    data = bytes((START, *tenths, round(m.rh_pct), 2, 0x2C))
    return Advert(m.address, {int.from_bytes(data[:2], "little"): data[2:]}, name="TP357 (2142)")


FORMAT = Format(
    "ThermoPro",
    "ble-thermopro.md",
    ("TP357", "TP357S", "TP358", "TP358S", "TP393"),
    decode,
    encode,
    why="its company id changes with the temperature, and its name is in the scan response",
    is_any_company=True,
)
