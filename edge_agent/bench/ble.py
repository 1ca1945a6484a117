"""Bluetooth sensors in range, as far as this computer can hear them. Listens only; nothing is connected to."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.domain.records import Quality

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

ADAPTERS = Path("/sys/class/bluetooth")
HEARD_MAX = 500
START_S = 20.0
"""Bound on each call into BlueZ."""


@dataclass(slots=True)
class Heard:
    """A device that advertises: what it calls itself, how loud it was last, and what it probably is.

    ``formats`` maps each format that its data fits to what it says then. ``raw`` is the data itself, hex.
    """

    address: str
    name: str = ""
    rssi_dbm: int = -127
    frames: int = 0
    formats: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)


def adapters() -> tuple[str, ...]:
    """Names of the Bluetooth adapters, e.g. ``hci0``."""
    return tuple(sorted(path.name for path in ADAPTERS.glob("hci*") if ":" not in path.name))


async def hear_around(listen_s: float, adapter: str = "hci0") -> tuple[tuple[Heard, ...], str]:
    """Everything that advertises within ``listen_s``, sensors first and then the loudest; and why nothing, in words."""
    from bleak import BleakScanner

    from edge_agent.drivers.ble.bus import TROUBLE

    heard: dict[str, Heard] = {}

    def take(device: "BLEDevice", said: "AdvertisementData") -> None:
        address = device.address.upper()
        if address in heard or len(heard) < HEARD_MAX:
            _take(heard.setdefault(address, Heard(address)), said)

    scanner = BleakScanner(take, scanning_mode="active", bluez={"adapter": adapter, "filters": {"DuplicateData": True}})
    try:
        async with asyncio.timeout(START_S):
            await scanner.start()
        await asyncio.sleep(listen_s)
        async with asyncio.timeout(START_S):
            await scanner.stop()
    except TROUBLE as error:
        hint = "bluetoothctl power on; systemctl status bluetooth; edge-agent doctor"
        return _sorted(heard), f"Bluetooth cannot be listened to ({str(error) or type(error).__name__}): {hint}"
    return _sorted(heard), "" if heard else f"nothing advertised within {listen_s:g} s"


def _take(heard: Heard, said: "AdvertisementData") -> None:
    from edge_agent.drivers.ble.bus import NO_RSSI_DBM
    from edge_agent.drivers.ble.formats import FORMATS
    from edge_agent.drivers.ble.frames import Advertisement

    if said.rssi == NO_RSSI_DBM:
        return
    heard.frames += 1
    heard.rssi_dbm = said.rssi
    heard.name = said.local_name or heard.name
    services = {_short(uuid): data for uuid, data in said.service_data.items() if _short(uuid) is not None}
    advertisement = Advertisement(
        heard.address,
        said.manufacturer_data,
        {number: data for number, data in services.items() if number is not None},
        heard.name,
    )
    heard.raw |= {f"company {company:#06x}": data.hex(" ") for company, data in said.manufacturer_data.items()}
    heard.raw |= {f"service {number:#06x}": data.hex(" ") for number, data in services.items()}
    for name, known in FORMATS.items():
        decoded = known.decode(advertisement, None)
        if decoded is None:
            continue
        values = "  ".join(f"{metric} {value:g}" for metric, value in decoded.values.items())
        heard.formats[name] = values if decoded.quality is Quality.GOOD else f"{values} {decoded.detail}".strip()


def _short(uuid: str) -> int | None:
    """The 16-bit number of a Bluetooth base UUID."""
    from edge_agent.drivers.ble.bus import BASE_UUID_END

    return int(uuid[:8], 16) if uuid.lower().endswith(BASE_UUID_END) and uuid.startswith("0000") else None


def _sorted(heard: dict[str, Heard]) -> tuple[Heard, ...]:
    return tuple(sorted(heard.values(), key=lambda one: (not one.formats, -one.rssi_dbm)))
