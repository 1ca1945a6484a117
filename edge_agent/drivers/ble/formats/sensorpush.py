"""SensorPush HT1, HT.w, HTP.xw and TC.x, told by the service that they offer.

The company id is data here, too: its low byte says page and model, and the values are digits of one long number in a
mixed base. Frames as in the tests of Bluetooth-Devices/sensorpush-ble and custom-components/ble_monitor.
"""

from dataclasses import dataclass

from edge_agent.drivers.ble.format import Format
from edge_agent.drivers.ble.frames import (
    BLANK,
    LIMITS,
    PROBE_LIMITS,
    Advertisement,
    DecodedFrame,
    invalid,
    is_blank,
    judged,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

SERVICE_HT1 = "ef090000-11d6-42ba-93b8-9dd7ec090aa9"
SERVICE = "ef090000-11d6-42ba-93b8-9dd7ec090ab0"
PAGE, TYPE_SHIFT = 0x03, 2
HT1_BYTES, HT1_TYPE = 4, 1


@dataclass(frozen=True, slots=True)
class _Digit:
    """A value: ``count`` steps of ``step`` from ``least`` on."""

    metric: str
    least: float
    step: float
    count: int


_HUMIDITY = _Digit("rh_pct", 0.0, 0.0025, 40_001)
TYPES: dict[int, tuple[int, tuple[_Digit, ...]]] = {
    0: (7, (_Digit("temp_c", -40.0, 0.0025, 72_001), _HUMIDITY, _Digit("p_pa", 30_000.0, 1.0, 95_001))),  # HTP.xw
    1: (5, (_Digit("temp_c", -40.0, 0.0025, 66_001), _HUMIDITY)),  # HT.w
    2: (5, (_Digit("temp_c", -200.0, 0.0625, 32_001),)),  # TC.x
}
"""Model -> length and values. A TC.x says how much more it has room for than it uses."""
TC_X_BYTES = (4, 5)


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, and humidity and pressure where the model has them."""
    data = advertisement.whole
    if SERVICE_HT1 in advertisement.services:
        return _ht1(data)
    if SERVICE not in advertisement.services or not data or data[0] & PAGE:
        return None
    known = TYPES.get(data[0] >> TYPE_SHIFT)
    if known is None or len(data) != known[0]:
        return None
    if is_blank(data[1:]):
        return invalid(BLANK)
    packed = int.from_bytes(data[1:], "little")
    values = {}
    for digit in known[1]:
        packed, steps = divmod(packed, digit.count)
        values[digit.metric] = digit.least + steps * digit.step
    return judged(values, limits=LIMITS if "rh_pct" in values else PROBE_LIMITS)


def _ht1(data: bytes) -> DecodedFrame | None:
    if len(data) != HT1_BYTES or (data[3] & 0x7C) >> TYPE_SHIFT != HT1_TYPE:
        return None
    humidity = data[0] | (data[1] & 0x0F) << 8
    temperature = data[1] >> 4 | data[2] << 4 | (data[3] & 0x03) << 12
    if (humidity, temperature) in ((0, 0), (0xFFF, 0x3FFF)):
        return invalid(BLANK)
    rh_pct = min(max(-6 + 125 * humidity / 4096, 0.0), 100.0)
    return judged({"temp_c": -46.85 + 175.72 * temperature / 16384, "rh_pct": rh_pct})


def encode(m: Measured) -> Advert:
    """An HT.w; its ends of the scale are those of the format."""
    packed, base = 0, 1
    for digit, value in zip(TYPES[1][1], (m.temp_c, m.rh_pct), strict=True):
        packed += min(round((value - digit.least) / digit.step), digit.count - 1) * base
        base *= digit.count
    data = bytes((1 << TYPE_SHIFT,)) + packed.to_bytes(4, "little")
    return Advert(m.address, {int.from_bytes(data[:2], "little"): data[2:]}, services=(SERVICE,))


FORMAT = Format(
    "SensorPush",
    "ble-sensorpush.md",
    ("HT1", "HT.w", "HTP.xw", "TC.x"),
    decode,
    encode,
    why="its company id changes with the temperature",
    simulates="HT.w",
    is_any_company=True,
    impossible_c=125.0,
)
