"""SwitchBot meters and hubs that measure, told apart by the type byte of their service data.

Layouts as in pySwitchbot's adv_parsers and tests: three bytes in the manufacturer data, or in the service data (3..5)
of the older meter. Without the scan response there is no type byte, and nothing is read: a curtain motor or a plug has
the same company id.
"""

from edge_agent.drivers.ble.format import Format, Scan, company, service
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, invalid, judged, uint16_be
from edge_agent.drivers.ble.on_air import Advert, Measured

COMPANY = 0x0969
SERVICE_UUID = 0xFD3D
TYPE, BATTERY = 0x7F, 0x7F
POSITIVE = 0x80
TENTHS, DEGREES, HUMIDITY = 0x0F, 0x7F, 0x7F
DIFFERENCE_MAX_C = 1.0
"""The older meters say their measurement twice, in manufacturer and service data, perhaps one measurement apart."""
AT_SERVICE = 3
METERS = {"T": 8, "t": 8, "I": 8, "i": 8, "W": 8, "w": 8, "4": 8, "\x14": 8, "5": 8, "\x15": 8}
HUBS = {"v": 13, "V": 13, "%": 13}
AT_MANUFACTURER = METERS | HUBS
"""Type -> where the three bytes stand: Meter, Meter Plus, Indoor/Outdoor, Meter Pro, Meter Pro CO2; Hub 2, Hub Mini."""
WITH_CO2, AT_CO2, CO2_BYTES = ("5", "\x15"), 13, 15
IN_SERVICE_DATA = "TtIi"


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature and humidity, CO2 and battery where the model has them; None where it has nothing to say yet."""
    now = advertisement.service_data.get(SERVICE_UUID, b"")
    service_data = now or advertisement.earlier.get(SERVICE_UUID, b"")
    kind = chr(service_data[0] & TYPE) if service_data else ""
    at = AT_MANUFACTURER.get(kind)
    if at is None:
        return None
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    block = data[at : at + 3] or (now[AT_SERVICE : AT_SERVICE + 3] if kind in IN_SERVICE_DATA else b"")
    if len(block) != 3 or not any(block):
        return None
    if block[0] & TENTHS > 9:
        return invalid(f"{block[0] & TENTHS} tenths of a degree: corrupt frame")
    values = {"temp_c": _celsius(block), "rh_pct": float(block[2] & HUMIDITY)}
    twice = now[AT_SERVICE : AT_SERVICE + 3] if kind in IN_SERVICE_DATA else b""
    if len(twice) == 3 and abs(_celsius(twice) - values["temp_c"]) > DIFFERENCE_MAX_C:
        return invalid(f"it says {values['temp_c']:g} °C and {_celsius(twice):g} °C in one advertisement", values)
    if kind in WITH_CO2 and len(data) >= CO2_BYTES:
        values["co2_ppm"] = float(uint16_be(data, AT_CO2))
    if kind in METERS and len(service_data) > 2:
        values["battery_pct"] = float(service_data[2] & BATTERY)
    return judged(values)


def _celsius(block: bytes) -> float:
    size = (block[1] & DEGREES) + (block[0] & TENTHS) / 10
    return size if block[1] & POSITIVE else -size


def encode(m: Measured) -> Advert:
    """A Meter."""
    tenths = round(abs(m.temp_c) * 10)
    sign = POSITIVE if m.temp_c >= 0 else 0
    block = bytes((tenths % 10, sign | tenths // 10 & 0x7F, round(m.rh_pct)))
    service_data = bytes((ord("T"), 0, m.battery_pct)) + block
    return Advert(m.address, {COMPANY: m.mac + b"\xde\x03" + block}, {SERVICE_UUID: service_data})


FORMAT = Format(
    "SwitchBot",
    "ble-switchbot.md",
    ("Meter", "Meter Plus", "Indoor/Outdoor Meter", "Meter Pro", "Meter Pro CO2", "Hub 2", "Hub Mini Matter"),
    decode,
    encode,
    (company(COMPANY), service(SERVICE_UUID)),
    Scan.ACTIVE,
    "which model it is, and its battery, are in the scan response only",
    hint="it may be another SwitchBot device than a meter, or its scan response was not heard",
    impossible_c=120.0,
)
