"""Govee thermo-hygrometers, told apart by the model in their name.

Layouts as in the tests of Bluetooth-Devices/govee-ble and custom-components/ble_monitor. The same company id and length
carry different things in different models (an H5140 has CO2 where an H5108 has its battery), so a frame without a name
that is known is not read. The company id 0x004C in the same advertisement is a fake iBeacon and carries nothing.
"""

import re
from collections.abc import Callable

from edge_agent.drivers.ble.format import Format, Scan, company
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    from_source,
    int16_le,
    invalid,
    is_blank,
    judged,
    uint16_be,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

GLUED_BEACON = b"INTELLI_ROCKS"
GLUED_BEACON_BYTES = 25
NEGATIVE, SENSOR_ERROR = 0x800000, 0x80
ERROR = "device reports a sensor error"
MODEL = re.compile(r"(?:GVH|GV|Govee_H|B)(5\d{3})")
MIBEACON_LIKE, ID_1, ID_5179 = 0xEC88, 0x0001, 0x8801
PROBES_H5112 = {0x41: "probe-1", 0x82: "probe-2"}
SOURCES_H5178 = {0: "indoor", 1: "outdoor"}


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and battery; a set error bit or an impossible temperature is never good."""
    named = MODEL.match(advertisement.local_name)
    model = named.group(1) if named else ""
    for number, payload in advertisement.manufacturer_data.items():
        cut = len(payload) > GLUED_BEACON_BYTES and GLUED_BEACON in payload
        data = payload[:-GLUED_BEACON_BYTES] if cut else payload
        for layout in LAYOUTS.get((number, len(data)), ()):
            if model in layout.models:
                return layout.read(data, layout.at)
    return None


def _packed_values(data: bytes, at: int) -> dict[str, float]:
    """24 bits big-endian: sign, then tenths of a degree times 1000 plus tenths of a per cent."""
    packed = int.from_bytes(data[at : at + 3], "big")
    size = packed & ~NEGATIVE
    temp_c = size // 1000 / 10
    return {"temp_c": -temp_c if packed & NEGATIVE else temp_c, "rh_pct": size % 1000 / 10}


def _packed(data: bytes, at: int) -> DecodedFrame | None:
    values = _packed_values(data, at) | {"battery_pct": float(data[at + 3] & ~SENSOR_ERROR)}
    if is_blank(data[at : at + 3]):
        return invalid(BLANK)
    return invalid(ERROR, values) if data[at + 3] & SENSOR_ERROR else judged(values)


def _plain(data: bytes, at: int) -> DecodedFrame | None:
    if is_blank(data[at : at + 4]):
        return invalid(BLANK)
    return judged(
        {
            "temp_c": int16_le(data, at) * 0.01,
            "rh_pct": uint16_le(data, at + 2) * 0.01,
            "battery_pct": float(data[at + 4]),
        }
    )


def _two_probes(data: bytes, at: int) -> DecodedFrame | None:
    """H5112: its two probes speak in turn; only the first has humidity, the second fills in a placeholder."""
    source = PROBES_H5112.get(data[7])
    if source is None:
        return invalid(f"probe {data[7]:#04x} of an H5112 is not known")
    decoded = _packed(data, at)
    if decoded is not None and source == "probe-2":
        decoded.values.pop("rh_pct", None)
    return from_source(decoded, source, tuple(PROBES_H5112.values()))


def _two_units(data: bytes, at: int) -> DecodedFrame | None:
    """H5178: the display indoors repeats what its unit outdoors says."""
    source = SOURCES_H5178.get(data[2])
    if source is None:
        return invalid(f"unit {data[2]} of an H5178 is not known")
    return from_source(_packed(data, at), source, tuple(SOURCES_H5178.values()))


def _co2(data: bytes, at: int) -> DecodedFrame | None:
    """H5140: CO2 where others have the battery, then a byte that is not zero on an error."""
    values = _packed_values(data, at) | {"co2_ppm": float(uint16_be(data, at + 3))}
    if is_blank(data[at : at + 5]):
        return invalid(BLANK)
    return invalid(ERROR, values) if data[at + 5] else judged(values)


def _fine_dust(data: bytes, at: int) -> DecodedFrame | None:
    """H5106: sign, then tenths of a degree, tenths of a per cent and micrograms, three decimal digits each."""
    packed = int.from_bytes(data[at : at + 4], "big")
    size = packed & 0x7FFFFFFF
    temp_c = size // 1_000_000 / 10
    values = {
        "temp_c": -temp_c if packed & 0x80000000 else temp_c,
        "rh_pct": size // 1000 % 1000 / 10,
        "pm2_5_ugm3": float(size % 1000),
    }
    return invalid(BLANK) if is_blank(data[at : at + 4]) else judged(values)


class _Layout:
    """How the frames of some models are read, and where the measurement starts."""

    def __init__(self, models: str, read: Callable[[bytes, int], DecodedFrame | None], at: int) -> None:
        self.models, self.read, self.at = models.split(), read, at


H5100_KIN = "5100 5102 5103 5104 5105 5110 5177"
LAYOUTS: dict[tuple[int, int], tuple[_Layout, ...]] = {
    (MIBEACON_LIKE, 6): (_Layout("5072 5075 5129", _packed, 1),),
    (MIBEACON_LIKE, 7): (_Layout("5074", _plain, 1),),
    (MIBEACON_LIKE, 9): (_Layout("5052 5071", _plain, 1),),
    (ID_1, 6): (_Layout(f"{H5100_KIN} 5179", _packed, 2), _Layout("5106", _fine_dust, 2)),
    (ID_1, 8): (_Layout("5108", _packed, 2), _Layout("5112", _two_probes, 2), _Layout("5140", _co2, 2)),
    (ID_1, 9): (_Layout("5178", _two_units, 3),),
    (ID_5179, 9): (_Layout("5179", _plain, 4),),
}
"""(company id, length) -> layouts of the models that send it."""


def encode(m: Measured) -> Advert:
    """An H5075."""
    packed = round(abs(m.temp_c) * 10) * 1000 + round(m.rh_pct * 10)
    sign = NEGATIVE if m.temp_c < 0 else 0
    body = b"\x00" + (packed | sign).to_bytes(3, "big") + bytes((m.battery_pct, 0))
    return Advert(m.address, {MIBEACON_LIKE: body}, name="GVH5075_2762")


FORMAT = Format(
    "Govee",
    "ble-govee.md",
    (
        "H5052", "H5071", "H5072", "H5074", "H5075", "H5100", "H5102", "H5103", "H5104", "H5105", "H5106", "H5108",
        "H5110", "H5112", "H5129", "H5140", "H5177", "H5178", "H5179",
    ),
    decode,
    encode,
    (company(MIBEACON_LIKE), company(ID_1), company(ID_5179)),
    Scan.ACTIVE,
    "name and values are in the scan response",
    simulates="H5075",
    hint="its model is in its name: this one is not read, or its name was not heard",
    sources=(*PROBES_H5112.values(), *SOURCES_H5178.values()),
)  # fmt: skip
