"""Govee thermo-hygrometers: H5072, H5075, H5074, H5051, H5179 and the H5100 family.

Layouts as in the open parser of Bluetooth-Devices/govee-ble; its text "error" and its unchecked H5074 are replaced
by our own range checks. The company id 0x004C in the same advertisement is a fake iBeacon and carries nothing.
"""

from collections.abc import Callable

from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, disowned, int16_le, judged, uint16_le

GLUED_BEACON = b"INTELLI_ROCKS"
GLUED_BEACON_BYTES = 25
NEGATIVE, SENSOR_ERROR = 0x800000, 0x80


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and battery; a set error bit or an impossible temperature is never good."""
    for company, payload in reversed(list(advertisement.manufacturer_data.items())):
        cut = len(payload) > GLUED_BEACON_BYTES and GLUED_BEACON in payload
        data = payload[:-GLUED_BEACON_BYTES] if cut else payload
        layout = LAYOUTS.get((company, len(data)))
        if layout:
            return layout[0](data, layout[1])
    return None


def _packed(data: bytes, at: int) -> DecodedFrame | None:
    """24 bits big-endian: sign, then tenths of a degree times 1000 plus tenths of a per cent; then the battery."""
    packed = int.from_bytes(data[at : at + 3], "big")
    size = packed & ~NEGATIVE
    temp_c = size // 1000 / 10
    values = {
        "temp_c": -temp_c if packed & NEGATIVE else temp_c,
        "rh_pct": size % 1000 / 10,
        "battery_pct": float(data[at + 3] & ~SENSOR_ERROR),
    }
    if data[at + 3] & SENSOR_ERROR:
        return disowned("device reports a sensor error", values)
    return judged(values)


def _plain(data: bytes, at: int) -> DecodedFrame | None:
    return judged(
        {
            "temp_c": int16_le(data, at) * 0.01,
            "rh_pct": uint16_le(data, at + 2) * 0.01,
            "battery_pct": float(data[at + 4]),
        }
    )


# (company id, length) -> layout and where the measurement starts
LAYOUTS: dict[tuple[int, int], tuple[Callable[[bytes, int], DecodedFrame | None], int]] = {
    (0xEC88, 6): (_packed, 1),  # H5072, H5075
    (0x0001, 6): (_packed, 2),  # H5100, H5101, H5102, H5103, H5104, H5105, H5108, H5110, H5174, H5177
    (0x0001, 8): (_packed, 2),  # the same with two more bytes
    (0xEC88, 7): (_plain, 1),  # H5074
    (0xEC88, 9): (_plain, 1),  # H5051
    (0x8801, 9): (_plain, 4),  # H5179
}
