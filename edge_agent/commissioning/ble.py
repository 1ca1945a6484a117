"""Bluetooth sensors in range, as far as this computer can hear them. Listens only; nothing is connected to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.domain.wire.records import Quality

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    from edge_agent.drivers.ble.hearing import Hearing, Properties

ADAPTERS = Path("/sys/class/bluetooth")
HEARD_MAX = 500
ESS_SERVICE = 0x181A
START_S = 20.0
"""Bound on each call into BlueZ."""
DEAF_HINT = "bluetoothctl power on; systemctl status bluetooth; edge-agent doctor"


@dataclass(slots=True)
class HeardDevice:
    """A device that advertises: what it calls itself, how loud it was last, and what it probably is.

    ``formats`` maps each format that its data fits to what it says then. ``raw`` is the data itself, hex.
    """

    address: str
    hearing: "Hearing"
    name: str = ""
    rssi_dbm: int = -127
    frames: int = 0
    formats: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)


def adapters() -> tuple[str, ...]:
    """Names of the Bluetooth adapters, e.g. ``hci0``."""
    return tuple(sorted(path.name for path in ADAPTERS.glob("hci*") if ":" not in path.name))


async def hear_around(listen_s: float, adapter: str = "hci0") -> tuple[tuple[HeardDevice, ...], str]:
    """Everything that advertises within ``listen_s``, sensors first and then the loudest; and why nothing, in words."""
    from bleak import BleakScanner

    from edge_agent.drivers.ble.connect import TROUBLE, said_of
    from edge_agent.drivers.ble.hearing import Hearing, remembered

    known: Mapping[str, Properties] = {}
    heard: dict[str, HeardDevice] = {}

    def take(device: "BLEDevice", said: "AdvertisementData") -> None:
        address = device.address.upper()
        if address in heard or len(heard) < HEARD_MAX:
            if address not in heard:
                heard[address] = HeardDevice(address, Hearing(address))
                heard[address].hearing.remember(known.get(address, {}))
            _take(heard[address], said)

    scanner = BleakScanner(take, scanning_mode="active", bluez={"adapter": adapter, "filters": {"DuplicateData": True}})
    try:
        async with asyncio.timeout(START_S):
            known = await remembered(adapter)
            await scanner.start()
        await asyncio.sleep(listen_s)
        async with asyncio.timeout(START_S):
            await scanner.stop()
    except TROUBLE as error:
        return _sorted(heard), f"Bluetooth is not available ({said_of(error)}): {DEAF_HINT}"
    return _sorted(heard), "" if heard else f"nothing advertised within {listen_s:g} s"


def _take(heard: HeardDevice, said: "AdvertisementData") -> None:
    from edge_agent.drivers.ble.hearing import short_uuid
    from edge_agent.drivers.ble.listener import NO_RSSI_DBM
    from edge_agent.drivers.ble.registry import fitting

    if said.rssi == NO_RSSI_DBM:
        return
    heard.frames += 1
    heard.rssi_dbm = said.rssi
    heard.name = said.local_name or heard.name
    advertisement = replace(heard.hearing.hear(said), local_name=heard.name)
    heard.raw |= {f"company {number:#06x}": data.hex(" ") for number, data in advertisement.manufacturer_data.items()}
    heard.raw |= {f"service {number:#06x}": data.hex(" ") for number, data in advertisement.service_data.items()}
    for name, decoded in fitting(advertisement).items():
        values = "  ".join(f"{metric} {value:g}" for metric, value in decoded.values.items())
        heard.formats[name] = values if decoded.quality is Quality.GOOD else f"{values} {decoded.detail}".strip()
    if not heard.formats and ESS_SERVICE in map(short_uuid, said.service_uuids):
        heard.formats["gatt-ess"] = "is read over a connection: edge-agent probe"


def _sorted(heard: dict[str, HeardDevice]) -> tuple[HeardDevice, ...]:
    return tuple(sorted(heard.values(), key=lambda one: (not one.formats, -one.rssi_dbm)))
