"""A ``org.bluez`` that offers one adapter, as far as a scanner and a GATT reader can tell.

It keeps to what BlueZ does on the wire: with the filter ``DuplicateData`` every advertisement is signalled and older
company ids are forgotten; without it only changes are signalled and company ids pile up. A discovery with a filter
signals the RSSI of every advertisement, be it the same; in a passive scan one within 8 dB of the last is not worth it.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from edge_agent.drivers.ble.on_air import Advert

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
MONITORS = "org.bluez.AdvertisementMonitorManager1"
MONITOR = "org.bluez.AdvertisementMonitor1"
PROPERTIES, OBJECTS = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
NOT_READY, FAILED = "org.bluez.Error.NotReady", "org.bluez.Error.Failed"
UNKNOWN_METHOD, UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownObject"
RSSI_THRESHOLD_DB = 8
BASE_UUID_END = "-0000-1000-8000-00805f9b34fb"
ESS_UUID = "0000181a" + BASE_UUID_END

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

Values = dict[str, Variant]


@contextlib.asynccontextmanager
async def private_bus() -> AsyncIterator[str]:
    """A D-Bus of one's own for as long as the context lasts; gives its address.

    Raises ``FileNotFoundError`` where ``dbus-daemon`` is not installed (Debian package ``dbus-daemon``).
    """
    with tempfile.TemporaryDirectory(prefix="lotwarden-bus-") as directory:
        config = Path(directory, "bus.conf")
        config.write_text(BUS_CONFIG.format(socket=Path(directory, "bus")))  # noqa: ASYNC240 - a few bytes, once
        daemon = await asyncio.create_subprocess_exec(
            "dbus-daemon",
            f"--config-file={config}",
            "--nofork",
            "--print-address",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it complains about limits that do not matter here
        )
        try:
            assert daemon.stdout is not None  # noqa: S101 - asked for above
            address = (await daemon.stdout.readline()).decode().strip()
            if not address:
                raise RuntimeError("dbus-daemon did not start; see what `dbus-daemon --session --nofork` says")
            yield address
        finally:
            daemon.terminate()
            await daemon.wait()


@dataclass
class _Monitor:
    """What a client registered for passive scanning: (start, advertising data type, bytes)."""

    sender: str
    patterns: list[tuple[int, int, bytes]] = field(default_factory=list)

    def wants(self, said: Advert) -> bool:
        return any(
            data[start : start + len(pattern)] == pattern
            for start, kind, pattern in self.patterns
            for data in said.structures(kind)
        )


class FakeBlueZ:
    """An asynchronous context: while it lasts, the bus at ``address`` has an ``org.bluez``.

    Without ``passive`` it refuses advertisement monitors, as bluetoothd without ``--experimental`` does.
    """

    def __init__(self, address: str, adapter: str = "hci0", *, passive: bool = True) -> None:
        self.starts = 0
        self.filter: dict[str, Any] = {}
        self._discoverers: set[str] = set()  # each client for itself, as BlueZ does
        self.is_powered = True
        self.connections = 0
        self.refusals = 0
        self._address = address
        self._path = f"/org/bluez/{adapter}"
        self._bus: MessageBus | None = None
        self._objects: dict[str, dict[str, Values]] = {}
        self._monitors: dict[str, _Monitor] = {}
        self._readable: dict[str, Callable[[], bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._methods: dict[tuple[str, str], Callable[[Message], Message]] = {
            (OBJECTS, "GetManagedObjects"): self._managed_objects,
            (ADAPTER, "SetDiscoveryFilter"): self._set_filter,
            (ADAPTER, "StartDiscovery"): self._start_discovery,
            (ADAPTER, "StopDiscovery"): self._stop_discovery,
            (DEVICE, "Connect"): self._connect,
            (DEVICE, "Disconnect"): self._disconnect,
            (CHARACTERISTIC, "ReadValue"): self._read_value,
        }
        if passive:
            self._methods |= {
                (MONITORS, "RegisterMonitor"): self._register,
                (MONITORS, "UnregisterMonitor"): self._unregister,
            }

    @property
    def is_discovering(self) -> bool:
        """Whether any client has discovery running."""
        return bool(self._discoverers)

    @property
    def is_monitoring(self) -> bool:
        """Whether a passive scan is registered with its patterns known."""
        return any(monitor.patterns for monitor in self._monitors.values())

    def is_connected(self, address: str) -> bool:
        """Whether a client is connected to this device."""
        return bool(self._objects[self._device_path(address)][DEVICE]["Connected"].value)

    async def __aenter__(self) -> Self:
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.add_message_handler(self._handle)
        self.plug_in()
        await self._bus.request_name("org.bluez")
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._bus is not None:
            self._bus.disconnect()
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    # what a test or a person does to it

    def say(self, said: Advert) -> bool:
        """Put an advertisement on the air. False if nobody listens for it."""
        listens = self.is_powered and (self.is_discovering or any(m.wants(said) for m in self._monitors.values()))
        if not listens or self._path not in self._objects:
            return False
        path = self._device_path(said.address)
        if path in self._objects:
            self._update(path, said)
        else:
            self._add(path, {DEVICE: self._new_device(said)})
        return True

    def remember(self, said: Advert) -> bool:
        """Put an advertisement on the air while another program discovers: it is known before anybody here listens."""
        self._discoverers.add("another program")
        was_taken = self.say(said)
        self._discoverers.discard("another program")
        return was_taken

    def power(self, on: bool) -> None:
        """Switch the adapter off or on, as ``bluetoothctl power`` does. Off ends all scanning."""
        self.is_powered = on
        if not on:
            self._discoverers.clear()
            self._monitors.clear()
        self._change(self._path, ADAPTER, {"Powered": Variant("b", on), "Discovering": Variant("b", False)})

    def forget_rssi(self, address: str) -> None:
        """Take the signal strength of a device away, as BlueZ does when some program ends its scan."""
        path = self._device_path(address)
        self._objects[path][DEVICE].pop("RSSI")
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [DEVICE, {}, ["RSSI"]])

    def unplug(self) -> None:
        """Pull the adapter out: its object and all devices below it go away."""
        self._discoverers.clear()
        for path in [path for path in self._objects if path.startswith(self._path)]:
            interfaces = list(self._objects.pop(path))
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [path, interfaces])

    def plug_in(self) -> None:
        """Put the adapter (back) in."""
        adapter = {
            "Address": Variant("s", "00:1A:7D:DA:71:13"),
            "Name": Variant("s", "gateway"),
            "Alias": Variant("s", "gateway"),
            "Powered": Variant("b", self.is_powered),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
        }
        self._add(self._path, {ADAPTER: adapter})

    def serve(self, address: str, characteristics: Mapping[str, Callable[[], bytes]]) -> None:
        """Give a device that was heard an Environmental Sensing Service with these characteristics (UUID -> value)."""
        device = self._device_path(address)
        service = f"{device}/service0010"
        said = {"UUID": Variant("s", ESS_UUID), "Primary": Variant("b", True), "Device": Variant("o", device)}
        self._add(service, {SERVICE: said})
        for number, (uuid, read) in enumerate(characteristics.items()):
            path = f"{service}/char{0x11 + 2 * number:04x}"
            self._readable[path] = read
            values = {"UUID": Variant("s", uuid), "Service": Variant("o", service), "Flags": Variant("as", ["read"])}
            self._add(path, {CHARACTERISTIC: {**values, "MTU": Variant("q", 23)}})

    # what clients ask for

    def _handle(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.path != "/" and message.path not in self._objects:
            return Message.new_error(message, UNKNOWN_OBJECT, f"no object {message.path}")
        method = self._methods.get((message.interface or "", message.member or ""))
        if method is None:
            return Message.new_error(message, UNKNOWN_METHOD, f"no method {message.interface}.{message.member}")
        return method(message)

    def _managed_objects(self, message: Message) -> Message:
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects])

    def _set_filter(self, message: Message) -> Message:
        self.filter = {name: variant.value for name, variant in message.body[0].items()}
        return Message.new_method_return(message)

    def _start_discovery(self, message: Message) -> Message:
        if not self.is_powered:
            self.refusals += 1
            return Message.new_error(message, NOT_READY, "Resource Not Ready")
        self.starts += 1
        self._discoverers.add(message.sender or "")
        return Message.new_method_return(message)

    def _stop_discovery(self, message: Message) -> Message:
        if message.sender not in self._discoverers:
            return Message.new_error(message, FAILED, "No discovery started")
        self._discoverers.remove(message.sender)
        return Message.new_method_return(message)

    def _register(self, message: Message) -> Message:
        monitor = _Monitor(message.sender or "")
        self._monitors[message.body[0]] = monitor
        self.starts += 1
        task = asyncio.ensure_future(self._learn_patterns(message.body[0], monitor))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return Message.new_method_return(message)

    def _unregister(self, message: Message) -> Message:
        self._monitors.pop(message.body[0], None)
        return Message.new_method_return(message)

    async def _learn_patterns(self, path: str, monitor: _Monitor) -> None:
        """Ask the client for its patterns; it exports them only after its registration was answered."""
        assert self._bus is not None  # noqa: S101 - a message came over it
        ask = ("ss", [MONITOR, "Patterns"])
        for _ in range(100):
            reply = await self._bus.call(
                Message(monitor.sender, path, PROPERTIES, "Get", signature=ask[0], body=list(ask[1]))
            )
            if reply and reply.message_type is MessageType.METHOD_RETURN:
                monitor.patterns = [(start, kind, bytes(data)) for start, kind, data in reply.body[0].value]
                await self._bus.call(Message(monitor.sender, path, MONITOR, "Activate"))
                return
            await asyncio.sleep(0.01)

    def _connect(self, message: Message) -> Message:
        self.connections += 1
        path = message.path or ""
        self._change(path, DEVICE, {"Connected": Variant("b", True)})
        self._change(path, DEVICE, {"ServicesResolved": Variant("b", True)})
        return Message.new_method_return(message)

    def _disconnect(self, message: Message) -> Message:
        resolved = {"Connected": Variant("b", False), "ServicesResolved": Variant("b", False)}
        self._change(message.path or "", DEVICE, resolved)
        return Message.new_method_return(message)

    def _read_value(self, message: Message) -> Message:
        return Message.new_method_return(message, "ay", [self._readable[message.path or ""]()])

    # objects

    def _new_device(self, said: Advert) -> Values:
        return {
            "Address": Variant("s", said.address),
            "AddressType": Variant("s", "public"),
            "Alias": Variant("s", said.name or said.address.replace(":", "-")),
            "Adapter": Variant("o", self._path),
            "Paired": Variant("b", False),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            "UUIDs": Variant("as", [_full_uuid(uuid) for uuid in said.services]),
            "RSSI": Variant("n", said.rssi_dbm),
            "ManufacturerData": _manufacturer_data(said.manufacturer_data),
            "ServiceData": _service_data(said.service_data),
            **({"Name": Variant("s", said.name)} if said.name else {}),
        }

    def _update(self, path: str, said: Advert) -> None:
        known = self._objects[path][DEVICE]
        every = bool(self.filter.get("DuplicateData")) and self.is_discovering
        changed: Values = {}
        fresh = {
            "ManufacturerData": _manufacturer_data(said.manufacturer_data),
            "ServiceData": _service_data(said.service_data),
        }
        for name, variant in fresh.items():
            before = known[name].value
            merged = Variant(variant.signature, variant.value if every else {**before, **variant.value})
            if variant.value and (every or _plain(merged.value) != _plain(before)):
                changed[name] = merged
        threshold_db = 0 if self.is_discovering else RSSI_THRESHOLD_DB
        if "RSSI" not in known or abs(known["RSSI"].value - said.rssi_dbm) >= threshold_db:
            changed["RSSI"] = Variant("n", said.rssi_dbm)
        if changed:
            self._change(path, DEVICE, changed)

    def _device_path(self, address: str) -> str:
        return f"{self._path}/dev_{address.upper().replace(':', '_')}"

    def _add(self, path: str, interfaces: dict[str, Values]) -> None:
        self._objects[path] = interfaces
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _change(self, path: str, interface: str, changed: Values) -> None:
        if path in self._objects:
            self._objects[path][interface].update(changed)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, []])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))


def _full_uuid(uuid: int | str) -> str:
    return uuid if isinstance(uuid, str) else f"0000{uuid:04x}{BASE_UUID_END}"


def _manufacturer_data(data: Mapping[int, bytes]) -> Variant:
    return Variant("a{qv}", {company: Variant("ay", payload) for company, payload in data.items()})


def _service_data(data: Mapping[int, bytes]) -> Variant:
    return Variant(
        "a{sv}", {f"0000{uuid:04x}{BASE_UUID_END}": Variant("ay", payload) for uuid, payload in data.items()}
    )


def _plain(value: Mapping[Any, Variant]) -> dict[Any, bytes]:
    return {key: bytes(variant.value) for key, variant in value.items()}
