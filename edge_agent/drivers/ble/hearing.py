"""What one device has just said, told from what the host remembers of it.

BlueZ keeps what it once heard of a device as properties, and bleak hands out all of them whenever any one changes: a
new signal strength brings a temperature of an hour ago along. Only a property that came in this very signal was just
said. Each signal brings new objects, so the *identity* of the object shows whether it is new; within it, entries that
changed are new, or all of them if the host repeats everything (``DuplicateData``).
"""

from collections.abc import Mapping
from typing import Any

from bleak.backends.scanner import AdvertisementData

from edge_agent.drivers.ble.frames import Advertisement

BASE_UUID_END = "-0000-1000-8000-00805f9b34fb"

Properties = Mapping[str, Any]
"""Those of a device, as bleak keeps them."""


class Hearing:
    """One device. Ask :meth:`hear` for every signal, so that nothing is missed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._manufacturer_data = _Property("ManufacturerData")
        self._service_data = _Property("ServiceData")

    def remember(self, properties: Properties) -> None:
        """Take in what the host knew before it was listened to: none of that was just said."""
        self._manufacturer_data.fresh(properties)
        self._service_data.fresh(properties)

    def hear(self, said: AdvertisementData) -> Advertisement:
        """What of ``said`` was heard just now; it may be nothing at all."""
        properties = said.platform_data[1]
        fresh = self._manufacturer_data.fresh(properties)
        services = self._service_data.fresh(properties)
        manufacturer_data = {int(number): data for number, data in fresh.items()}
        return Advertisement(
            self._address,
            manufacturer_data,
            _by_number(services),
            said.local_name or "",
            tuple(uuid.lower() for uuid in said.service_uuids),
            _by_number(said.service_data),
        )


async def remembered(adapter: str) -> dict[str, Properties]:
    """What the host knows of every device of ``adapter``, by address. Raises what bleak does without a BlueZ."""
    from bleak.backends.bluezdbus.manager import get_global_bluez_manager  # not there on other systems

    manager = await get_global_bluez_manager()
    # bleak offers no way to ask; test_what_bluez_knew_before_is_no_frame fails if this ends.
    devices = manager._iter_device_props()  # pyright: ignore[reportPrivateUsage]
    return {
        str(properties["Address"]).upper(): properties
        for path, properties in devices
        if path.startswith(f"/org/bluez/{adapter}/")
    }


class _Property:
    """A property that maps something to bytes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._object: object = None
        self._entries: dict[Any, bytes] = {}

    def fresh(self, properties: Properties) -> dict[Any, bytes]:
        """The entries that were said since the last call."""
        now = properties.get(self._name)
        if now is None or now is self._object:
            return {}
        before, entries = self._entries, {key: bytes(data) for key, data in now.items()}
        self._object, self._entries = now, entries
        if before.keys() - entries.keys():
            return entries  # the host forgot some: it does not pile them up, and all of these are of now
        return {key: data for key, data in entries.items() if before.get(key) != data} or entries


def _by_number(service_data: Mapping[str, bytes]) -> dict[int, bytes]:
    """Service data by 16-bit UUID; what has a longer one is of no format that is known here."""
    return {number: bytes(data) for uuid, data in service_data.items() if (number := short_uuid(uuid)) is not None}


def short_uuid(uuid: str) -> int | None:
    """The 16-bit number of a Bluetooth base UUID, None for any other."""
    if len(uuid) == 36 and uuid.startswith("0000") and uuid.endswith(BASE_UUID_END):
        return int(uuid[4:8], 16)
    return None
