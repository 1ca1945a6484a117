"""Blue Maestro Tempo Disc THD, company id 0x0133.

Frames as in the tests of Bluetooth-Devices/bluemaestro-ble and custom-components/ble_monitor. The scan response has the
same company id and carries statistics; BlueZ keeps one entry for each company id, the later one, so that an active scan
would hide the measurement.
"""

from edge_agent.drivers.ble.format import Format, Scan, company
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

COMPANY = 0x0133
THD, BYTES_MIN = 0x17, 14


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity, dew point and battery; numbered and timed by its log."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) < BYTES_MIN or data[0] != THD:
        return None
    if is_blank(data[6:10]):
        return invalid(BLANK)
    values = {
        "temp_c": int16_be(data, 6) * 0.1,
        "rh_pct": uint16_be(data, 8) * 0.1,
        "dew_c": int16_be(data, 10) * 0.1,
        "battery_pct": float(data[1]),
    }
    period_s = float(uint16_be(data, 2)) or None
    return judged(values, counter=uint16_be(data, 4), counter_bits=16, period_s=period_s)


def encode(m: Measured) -> Advert:
    """A THD; its dew point is some degrees below the temperature."""
    head = bytes((THD, m.battery_pct)) + (60).to_bytes(2, "big") + (m.counter % 65536).to_bytes(2, "big")
    numbers = (round(m.temp_c * 10), round(m.rh_pct * 10), round(m.temp_c * 10) - 20)
    return Advert(m.address, {COMPANY: head + b"".join(n.to_bytes(2, "big", signed=True) for n in numbers) + bytes(2)})


FORMAT = Format(
    "Blue Maestro",
    "ble-bluemaestro.md",
    ("Tempo Disc THD",),
    decode,
    encode,
    (company(COMPANY),),
    Scan.PASSIVE,
    "its scan response would hide the measurement",
    is_passive_only=True,
    hint="only the Tempo Disc THD is read, and the active scan of this command may hide its values: add it unproven",
)
