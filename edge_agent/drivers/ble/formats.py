"""The table of formats: who decodes it, how it is scanned for, and what it can do. Pure data."""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.config.model import TAKES_KEY, BleFormat
from edge_agent.drivers.ble import (
    atc,
    bthome,
    efento,
    ela,
    govee,
    inkbird,
    mibeacon,
    ruuvi,
    sensirion,
    switchbot,
)
from edge_agent.drivers.ble.frames import Advertisement, Decode, DecodedFrame


class Scan(StrEnum):
    """How BlueZ has to listen. Active scanning also asks for the scan response."""

    PASSIVE = "passive"
    ACTIVE = "active"


SERVICE_DATA, MANUFACTURER_DATA = 0x16, 0xFF
"""Advertising data types that a pattern can look for."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format. ``scan`` is the least that is needed, ``why`` says so in words.

    ``patterns`` are what a passive scan looks for: (advertising data type, first bytes of it).
    """

    title: str
    decode: Decode
    scan: Scan
    why: str
    patterns: tuple[tuple[int, bytes], ...] = ()


def _nothing(_advertisement: Advertisement, _key: bytes | None) -> DecodedFrame | None:
    return None


def _service(uuid: int) -> tuple[int, bytes]:
    return SERVICE_DATA, uuid.to_bytes(2, "little")


def _company(company: int) -> tuple[int, bytes]:
    return MANUFACTURER_DATA, company.to_bytes(2, "little")


# While it scans passively BlueZ reports *changes* only. A format without a counter would look dead as soon as its
# temperature stands still, so those are scanned actively, with DuplicateData, too.
_NO_COUNTER = "has no counter, and a passive scan reports changes only"

FORMATS: dict[BleFormat, Format] = {
    "atc1441": Format(
        "Xiaomi with ATC1441 firmware",
        atc.decode,
        Scan.PASSIVE,
        "everything is in the advertisement",
        (_service(atc.SERVICE_UUID),),
    ),
    "bthome": Format(
        "BTHome v2",
        bthome.decode,
        Scan.PASSIVE,
        "everything is in the advertisement",
        (_service(bthome.SERVICE_UUID),),
    ),
    "efento": Format("Efento", efento.decode, Scan.ACTIVE, "newer devices answer in the scan response only"),
    "ela": Format("ELA Blue PUCK", ela.decode, Scan.ACTIVE, _NO_COUNTER),
    "gatt-ess": Format("Environmental Sensing Service", _nothing, Scan.ACTIVE, "has to be found before it is read"),
    "govee": Format("Govee", govee.decode, Scan.ACTIVE, "H5074 and H5075 answer in the scan response only"),
    "inkbird": Format("Inkbird IBS-TH", inkbird.decode, Scan.ACTIVE, "its company id changes with the temperature"),
    "mibeacon": Format(
        "Xiaomi MiBeacon",
        mibeacon.decode,
        Scan.PASSIVE,
        "everything is in the advertisement",
        (_service(mibeacon.SERVICE_UUID),),
    ),
    "pvvx": Format(
        "Xiaomi with pvvx firmware",
        atc.decode,
        Scan.PASSIVE,
        "everything is in the advertisement",
        (_service(atc.SERVICE_UUID),),
    ),
    "ruuvi": Format(
        "RuuviTag RAWv2",
        ruuvi.decode,
        Scan.PASSIVE,
        "everything is in the advertisement",
        (_company(ruuvi.COMPANY),),
    ),
    "sensirion": Format("Sensirion gadget", sensirion.decode, Scan.ACTIVE, _NO_COUNTER),
    "switchbot": Format("SwitchBot Meter", switchbot.decode, Scan.ACTIVE, "the battery is in the scan response only"),
}


_BY_LENGTH: dict[int, BleFormat] = {
    atc.ATC_BYTES: "atc1441",
    atc.ATC_SEALED_BYTES: "atc1441",
    atc.PVVX_BYTES: "pvvx",
    atc.PVVX_SEALED_BYTES: "pvvx",
}
"""Two firmwares share one service; the length of its data tells which of them spoke."""


def fitting(advertisement: Advertisement, key: bytes | None = None) -> dict[BleFormat, DecodedFrame]:
    """The formats that an advertisement is a frame of, and what it says in each of them."""
    found: dict[BleFormat, DecodedFrame] = {}
    spoke = _BY_LENGTH.get(len(advertisement.service_data.get(atc.SERVICE_UUID, b"")))
    for name, known in FORMATS.items():
        decoded = known.decode(advertisement, key if name in TAKES_KEY else None)
        if decoded is not None and (known.decode is not atc.decode or name == spoke):
            found[name] = decoded
    return found


def scan_for(names: tuple[BleFormat, ...]) -> tuple[Scan, str]:
    """The least demanding scan that serves all of ``names``, and why it has to be that."""
    for name in names:
        if FORMATS[name].scan is Scan.ACTIVE:
            return Scan.ACTIVE, f"{name}: {FORMATS[name].why}"
    if not names:
        return Scan.ACTIVE, "no device is configured"
    return Scan.PASSIVE, "all formats are complete in the advertisement"


def patterns_for(names: tuple[BleFormat, ...]) -> tuple[tuple[int, bytes], ...]:
    """The patterns of a passive scan for ``names``, each once."""
    return tuple(dict.fromkeys(pattern for name in names for pattern in FORMATS[name].patterns))
