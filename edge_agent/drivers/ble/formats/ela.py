"""ELA Innovation Blue PUCK and Blue COIN: T, RHT, MAG, MOV, DI (docs.elainnovation.com, frame specifications).

With "Mfr. Data" enabled (firmware 2.0.0 and later): tagged values under company id 0x0757. Otherwise standard service
data 0x2A6E and 0x2A6F.
"""

import struct
from collections.abc import Callable

from edge_agent.drivers.ble.format import Format, company, service
from edge_agent.drivers.ble.frames import (
    PROBE_LIMITS,
    Advertisement,
    DecodedFrame,
    int16_le,
    invalid,
    judged,
    uint16_le,
)
from edge_agent.drivers.ble.on_air import Advert, Measured, hundredths

COMPANY = 0x0757
TEMPERATURE_UUID, HUMIDITY_UUID = 0x2A6E, 0x2A6F

# tag -> bytes, values. The last bit of an event counter is the state, the rest counts. MAG: 1 is magnet present.
TAGS: dict[int, tuple[int, Callable[[bytes], dict[str, float]]]] = {
    0x12: (2, lambda raw: {"temp_c": int16_le(raw, 0) * 0.01}),
    0x21: (1, lambda raw: {"rh_pct": float(raw[0])}),
    0x32: (2, lambda raw: {"open_bool": float(not raw[0] & 1)}),
    0x42: (2, lambda raw: {"moving_bool": float(raw[0] & 1)}),
    0x62: (2, lambda raw: {"input_bool": float(raw[0] & 1)}),
    0xF1: (1, lambda raw: {"battery_pct": float(raw[0])}),
    0xF2: (2, lambda raw: {"battery_v": uint16_le(raw, 0) / 1000}),
}


def decode(advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    """What a Blue PUCK says in either of its two modes."""
    tagged = advertisement.manufacturer_data.get(COMPANY)
    return _standard(advertisement) if tagged is None else _tagged(tagged)


def _tagged(data: bytes) -> DecodedFrame | None:
    values: dict[str, float] = {}
    at = 0
    while at < len(data) and data[at] in TAGS:
        length, values_of = TAGS[data[at]]
        raw = data[at + 1 : at + 1 + length]
        if len(raw) < length:
            return invalid(f"frame is truncated in tag {data[at]:02X}", values)
        values |= values_of(raw)
        at += 1 + length
    return judged(values, limits=PROBE_LIMITS)


def _standard(advertisement: Advertisement) -> DecodedFrame | None:
    temperature = advertisement.service_data.get(TEMPERATURE_UUID, b"")
    humidity = advertisement.service_data.get(HUMIDITY_UUID, b"")
    values: dict[str, float] = {}
    if len(temperature) == 2:
        values["temp_c"] = int16_le(temperature, 0) * 0.01
    if len(humidity) == 1:
        values["rh_pct"] = float(humidity[0])
    elif len(humidity) == 2:
        values["rh_pct"] = uint16_le(humidity, 0) * 0.01
    return judged(values, limits=PROBE_LIMITS)


def encode(m: Measured) -> Advert:
    """RHT, with "Mfr. Data" on."""
    return Advert(m.address, {COMPANY: struct.pack("<BBBh", 0x21, round(m.rh_pct), 0x12, hundredths(m.temp_c))})


FORMAT = Format(
    "ELA Blue PUCK",
    "ble-ela.md",
    ("Blue PUCK T", "Blue PUCK RHT", "Blue COIN T"),
    decode,
    encode,
    (company(COMPANY), service(TEMPERATURE_UUID), service(HUMIDITY_UUID)),
    simulates="Blue PUCK RHT",
    hint="switch manufacturer data on with the maker's app (firmware 2.0.0 or later)",
    impossible_c=300.0,
)
