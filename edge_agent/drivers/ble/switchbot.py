"""SwitchBot Meter, Meter Plus, Meter Pro and the indoor/outdoor meter.

Layout as in pySwitchbot's adv_parsers/meter.py: three bytes in the manufacturer data (8..10), or in the service data
(3..5) of the older meter. The battery is only in the scan response: passive scanning gives none.
"""

from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, disowned, judged

COMPANY = 0x0969
SERVICE_UUID = 0xFD3D
METERS = frozenset(b"Ttiw4")
POSITIVE = 0x80
AT_MANUFACTURER, AT_SERVICE = 8, 3


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature, humidity and, when scanned actively, battery; None where the meter has nothing to say."""
    service = advertisement.service_data.get(SERVICE_UUID, b"")
    company = advertisement.manufacturer_data.get(COMPANY, b"")
    if service and service[0] & 0x7F not in METERS:
        return None
    block = company[AT_MANUFACTURER : AT_MANUFACTURER + 3] or service[AT_SERVICE : AT_SERVICE + 3]
    if len(block) != 3 or not any(block):
        return None
    tenths, degrees, humidity = block[0] & 0x0F, block[1] & 0x7F, block[2] & 0x7F
    if tenths > 9:
        return disowned(f"{tenths} tenths of a degree: corrupt frame")
    size = degrees + tenths / 10
    values = {"temp_c": size if block[1] & POSITIVE else -size, "rh_pct": float(humidity)}
    if len(service) > 2:
        values["battery_pct"] = float(service[2] & 0x7F)
    return judged(values)
