"""Listening to one Bluetooth device with the agent's own ears, until it is clear what it is or time is up."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edge_agent.commissioning.ble import DEAF_HINT, ESS_SERVICE, START_S
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality
from edge_agent.timekeeping.clock import Clock, SystemClock

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    from edge_agent.drivers.ble.frames import Advertisement, DecodedFrame
    from edge_agent.drivers.ble.hearing import Hearing
    from edge_agent.drivers.ble.listener import Listener

LISTEN_MIN_S = 3.0
"""So long at least: scan responses come later than advertisements."""
FRAMES_ENOUGH = 8
"""More frames that cannot be read (a key is missing) would say nothing new."""
OTHER_AFTER_S = 10.0
"""A device that was only heard in another format than it is taken for is given so long to change its mind."""
LOOK_S = 0.1
OTHERS_MAX = 1000
SAID_MAX = 3
"""How many different frames are kept to be shown."""


@dataclass(frozen=True, slots=True)
class InFormat:
    """What was heard if it is taken for ``format``: the last frame, the newest value of each metric, how often
    something new came (None until that is learned), how many frames were old ones played again, and which of the
    device's probes measured, if it has several."""

    format: str
    last: "DecodedFrame"
    values: Mapping[str, float]
    frames: int
    interval_s: float | None
    replays: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class SaidBytes:
    """One payload as it was on the air, what it means, and in which format."""

    where: str
    raw: bytes
    means: str


@dataclass(frozen=True, slots=True)
class DeviceHeard:
    """All that was heard of one device. ``rssi_dbm`` is least, last and greatest. ``others`` advertised as well.

    ``connected`` is what its Environmental Sensing Service said over a connection, temperature and humidity;
    ``trouble`` why it could not be read, or why nothing could be heard at all.
    """

    address: str
    adapter: str
    listened_s: float
    frames: int = 0
    name: str = ""
    rssi_dbm: tuple[int, int, int] | None = None
    said: tuple[SaidBytes, ...] = ()
    companies: tuple[int, ...] = ()
    services: tuple[int, ...] = ()
    formats: tuple[InFormat, ...] = ()
    others: int = 0
    connected: tuple[bytes, bytes | None] | None = None
    trouble: str = ""
    is_deaf: bool = False


async def listen_to(
    address: str, listen_s: float, adapter: str, asked: str | None, key: bytes | None, source: str | None = None
) -> DeviceHeard:
    """Listen for at most ``listen_s``, shorter when it is clear how often it speaks, or when cancelled.

    A device with an Environmental Sensing Service is connected to and read; nothing is ever written.
    """
    from bleak import BleakScanner

    from edge_agent.drivers.ble.connect import TROUBLE, said_of
    from edge_agent.drivers.ble.hearing import Hearing, remembered

    clock = SystemClock()
    hearing = Hearing(address.upper())
    ears = _Ears(address.upper(), adapter, asked, key, clock, hearing, source)
    scanner = BleakScanner(
        ears.take, scanning_mode="active", bluez={"adapter": adapter, "filters": {"DuplicateData": True}}
    )
    try:
        async with asyncio.timeout(START_S):
            hearing.remember((await remembered(adapter)).get(address.upper(), {}))
            await scanner.start()
        started_s = clock.mono_s()
        with contextlib.suppress(asyncio.CancelledError):  # Ctrl+C: what was heard until then is shown
            while not ears.is_enough(clock.mono_s() - started_s, listen_s):  # noqa: ASYNC110 - it ends with time, too
                await asyncio.sleep(LOOK_S)
        await ears.connect()
        async with asyncio.timeout(START_S):
            await scanner.stop()
    except TROUBLE as error:
        if not ears.frames:
            return ears.heard(0.0, f"Bluetooth is not available ({said_of(error)}): {DEAF_HINT}", is_deaf=True)
    return ears.heard(clock.mono_s() - started_s)


@dataclass(slots=True)
class _Ears:
    """What is collected while listening."""

    address: str
    adapter: str
    asked: str | None
    key: bytes | None
    clock: Clock
    hearing: "Hearing"
    source: str | None = None
    frames: int = 0
    name: str = ""
    rssi_dbm: list[int] = field(default_factory=list)
    said: dict[tuple[str, bytes], SaidBytes] = field(default_factory=dict)
    companies: dict[int, None] = field(default_factory=dict)
    services: dict[int, None] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    listeners: dict[str, "Listener"] = field(default_factory=dict)
    found: dict[str, InFormat] = field(default_factory=dict)
    device: "BLEDevice | None" = None
    connected: tuple[bytes, bytes | None] | None = None
    trouble: str = ""

    def take(self, device: "BLEDevice", said: "AdvertisementData") -> None:
        from edge_agent.drivers.ble.hearing import short_uuid
        from edge_agent.drivers.ble.listener import NO_RSSI_DBM
        from edge_agent.drivers.ble.registry import fitting

        if said.rssi == NO_RSSI_DBM:
            return
        if device.address.upper() != self.address:
            if len(self.others) < OTHERS_MAX:
                self.others.add(device.address)
            return
        self.device = device
        self.frames += 1
        self.name = said.local_name or self.name
        self.rssi_dbm = [min([*self.rssi_dbm[:1], said.rssi]), said.rssi, max([*self.rssi_dbm[2:], said.rssi])]
        advertisement = replace(self.hearing.hear(said), local_name=self.name)
        self.companies |= dict.fromkeys(advertisement.manufacturer_data)
        self.services |= dict.fromkeys(advertisement.service_data)
        self.services |= dict.fromkeys(number for uuid in said.service_uuids if (number := short_uuid(uuid)))
        fits = fitting(advertisement, self.key)
        for name in fits:
            self._follow(name, advertisement, said.rssi)
        means = _meaning(fits)
        for company, raw in advertisement.manufacturer_data.items():
            self._keep(f"company {company:#06x}", raw, means)
        for service, raw in advertisement.service_data.items():
            self._keep(f"service {service:#06x}", raw, means)

    def is_enough(self, listened_s: float, listen_s: float) -> bool:
        if listened_s >= listen_s or listened_s < LISTEN_MIN_S:
            return listened_s >= listen_s
        if self.device is not None and self._is_read_by_connecting():
            return True
        wanted = [one for name, one in self.found.items() if self.asked in (None, name)]
        if not wanted and listened_s >= OTHER_AFTER_S:
            wanted = list(self.found.values())
        return any(one.interval_s is not None or one.frames >= FRAMES_ENOUGH for one in wanted)

    async def connect(self) -> None:
        from edge_agent.drivers.ble.connect import TROUBLE, read_characteristics, said_of

        if self.device is None or not self._is_read_by_connecting():
            return
        try:
            self.connected = await read_characteristics(self.device, self.adapter)
        except TROUBLE as error:
            self.trouble = f"it was heard, but could not be read over a connection: {said_of(error)}"

    def heard(self, listened_s: float, trouble: str = "", *, is_deaf: bool = False) -> DeviceHeard:
        return DeviceHeard(
            self.address,
            self.adapter,
            round(listened_s, 1),
            self.frames,
            self.name,
            (self.rssi_dbm[0], self.rssi_dbm[1], self.rssi_dbm[2]) if self.rssi_dbm else None,
            tuple(self.said.values()),
            tuple(self.companies),
            tuple(self.services),
            tuple(self.found.values()),
            len(self.others),
            self.connected,
            trouble or self.trouble,
            is_deaf,
        )

    def _is_read_by_connecting(self) -> bool:
        return self.asked == "gatt-ess" or (self.asked is None and not self.found and ESS_SERVICE in self.services)

    def _follow(self, name: str, advertisement: "Advertisement", rssi_dbm: int) -> None:
        from edge_agent.drivers.ble.listener import BleDevice, Listener
        from edge_agent.drivers.ble.registry import FORMATS

        key = self.key if FORMATS[name].takes_key else None
        listener = self.listeners.get(name)
        if listener is None:
            device = BleDevice(DeviceName("bench"), self.address, name, 1.0, key, self.source)
            listener = self.listeners[name] = Listener(device, self.clock.mono_s())
        frame = listener.frame_of(advertisement, rssi_dbm, self.clock)
        if frame is None:
            return
        listener.track.hear(frame)
        before = self.found.get(name)
        values = dict(before.values) if before else {}
        if frame.decoded.quality is Quality.GOOD:
            values |= frame.decoded.values
        track = listener.track
        count = before.frames + 1 if before else 1
        self.found[name] = InFormat(
            name, frame.decoded, values, count, track.learned_interval_s, track.replays, frame.decoded.source
        )

    def _keep(self, where: str, raw: bytes, means: str) -> None:
        self.said.setdefault((where, raw), SaidBytes(where, raw, means))
        while len(self.said) > SAID_MAX:
            self.said.pop(next(iter(self.said)))


def _meaning(fits: "Mapping[str, DecodedFrame]") -> str:
    parts = []
    for name, decoded in fits.items():
        values = "  ".join(f"{metric} {value:g}" for metric, value in decoded.values.items())
        parts.append(f"{name}: {'  '.join(part for part in (values, decoded.detail) if part)}")
    return "; ".join(parts)
