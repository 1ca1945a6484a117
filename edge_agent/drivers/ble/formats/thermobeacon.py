"""ThermoBeacon (Brifit, ORIA and others), told by company id, service 0xFFF0 and name.

Frames as in the tests of Bluetooth-Devices/thermobeacon-ble. Frames of 20 bytes in between carry extremes, no
measurement.
"""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.format import Format, company, service
from edge_agent.drivers.ble.frames import (
    BLANK,
    Advertisement,
    DecodedFrame,
    int16_le,
    invalid,
    is_blank,
    judged,
    refused,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured

NAME, OFFERED = "ThermoBeacon", "0000fff0-0000-1000-8000-00805f9b34fb"
MODELS = {
    0x10: "Lanyard hygrometer (16)",
    0x11: "Smart hygrometer (17)",
    0x14: "Smart hygrometer (20)",
    0x1B: "Smart hygrometer (27)",
    0x30: "Smart hygrometer (48)",
}
BYTES = 18
SIXTEENTH = 1 / 16


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and battery voltage."""
    if OFFERED not in advertisement.services or advertisement.local_name != NAME:
        return None
    for number in MODELS:
        data = advertisement.manufacturer_data.get(number, b"")
        if len(data) == BYTES:
            mac = data[7:1:-1]
            if mac != advertisement.mac:
                return refused(f"frame carries the address of another device, {mac.hex(':').upper()}", Quality.FAULT)
            if is_blank(data[10:14]):
                return invalid(BLANK)
            return judged(
                {
                    "temp_c": int16_le(data, 10) * SIXTEENTH,
                    "rh_pct": uint16_le(data, 12) * SIXTEENTH,
                    "battery_v": uint16_le(data, 8) / 1000,
                }
            )
    return None


def encode(m: Measured) -> Advert:
    """A lanyard hygrometer."""
    climate = round(m.temp_c * 16).to_bytes(2, "little", signed=True) + round(m.rh_pct * 16).to_bytes(2, "little")
    body = b"\x00\x00" + m.mac[::-1] + (3000).to_bytes(2, "little") + climate + bytes(4)
    return Advert(m.address, {0x10: body}, name=NAME, services=(0xFFF0,))


FORMAT = Format(
    "ThermoBeacon",
    "ble-thermobeacon.md",
    tuple(MODELS.values()),
    decode,
    encode,
    tuple(company(number) for number in MODELS),
    marks=(service(0xFFF0),),
    hint="it is read only under the name ThermoBeacon, and its values come in every other frame",
)
