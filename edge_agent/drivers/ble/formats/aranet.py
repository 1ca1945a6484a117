"""Aranet4, Aranet2 and AranetRn+, company id 0x0702. Their values are there once "Smart Home integrations" are on.

Layouts as in Anrijs/Aranet4-Python and its tests. An Aranet4 has no type byte; its length tells it from the others.
"""

from edge_agent.drivers.ble.format import IN_ADVERTISEMENT, Format, Scan, company
from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame, invalid, judged, uint16_le
from edge_agent.drivers.ble.on_air import Advert, Measured

COMPANY = 0x0702
INTEGRATIONS = 0x20
ARANET4_BYTES, LONG_BYTES = 22, 24
ARANET2, RADON = 1, 3
NO_TEMPERATURE, NO_VALUE = 0x4000, 0x8000
PER_DEGREE = 20


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """Temperature and humidity; pressure, CO2 or radon; battery. ``period_s`` is the set measuring interval."""
    data = advertisement.manufacturer_data.get(COMPANY, b"")
    if len(data) == ARANET4_BYTES and data[0] & INTEGRATIONS:
        return _aranet4(data)
    if len(data) == LONG_BYTES and data[0] in (ARANET2, RADON) and data[1] & INTEGRATIONS:
        return _long(data)
    return None


def _aranet4(data: bytes) -> DecodedFrame | None:
    co2, temperature, pressure = uint16_le(data, 8), uint16_le(data, 10), uint16_le(data, 12)
    if temperature & NO_TEMPERATURE or (co2 | pressure) & NO_VALUE:
        return invalid("device reports: no measurement")
    values = {
        "temp_c": temperature / PER_DEGREE,
        "rh_pct": float(data[14]),
        "p_pa": pressure * 10.0,
        "co2_ppm": float(co2),
        "battery_pct": float(data[15]),
    }
    return judged(values, counter=data[21], period_s=float(uint16_le(data, 17)) or None)


def _long(data: bytes) -> DecodedFrame | None:
    temperature, humidity = uint16_le(data, 10), uint16_le(data, 14)
    if temperature & NO_TEMPERATURE or humidity & NO_VALUE:
        return invalid("device reports: no measurement")
    values = {"temp_c": temperature / PER_DEGREE, "rh_pct": humidity * 0.1, "battery_pct": float(data[17])}
    if data[0] == RADON:
        if not (temperature or humidity):
            return None  # an AranetRn1 measures neither
        values["radon_bqm3"] = float(uint16_le(data, 8))
        values["p_pa"] = uint16_le(data, 12) * 10.0
    return judged(values, counter=data[23], period_s=float(uint16_le(data, 19)) or None)


def encode(m: Measured) -> Advert:
    """An Aranet2. It cannot say temperatures below zero."""
    climate = round(m.temp_c * PER_DEGREE).to_bytes(2, "little") + bytes(2) + round(m.rh_pct * 10).to_bytes(2, "little")
    tail = bytes((0, m.battery_pct, 0, 5, 0, 1, 0, m.counter % 256))
    return Advert(
        m.address, {COMPANY: bytes((ARANET2, INTEGRATIONS)) + bytes(8) + climate + tail}, name="Aranet2 278F8"
    )


FORMAT = Format(
    "Aranet",
    "ble-aranet.md",
    ("Aranet4", "Aranet2", "AranetRn+"),
    decode,
    encode,
    (company(COMPANY),),
    Scan.PASSIVE,
    IN_ADVERTISEMENT,
    simulates="Aranet2",
    coldest_c=0.0,
    hint='switch "Smart Home integrations" on in the Aranet Home app (firmware 1.2.0 or later)',
)
