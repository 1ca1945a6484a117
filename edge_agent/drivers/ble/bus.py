"""One Bluetooth adapter: listens through BlueZ, keeps a track per device, reads the few that must be connected to."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bleak import BleakScanner
from bleak.assigned_numbers import AdvertisementDataType
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from edge_agent.config.model import BleBus, BleDeviceSection, GatewayConfig
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading
from edge_agent.drivers.base import Emit
from edge_agent.drivers.ble.connect import TROUBLE, decoded_of, read_characteristics, said_of
from edge_agent.drivers.ble.format import Scan
from edge_agent.drivers.ble.frames import DecodedFrame
from edge_agent.drivers.ble.hearing import Hearing, remembered
from edge_agent.drivers.ble.listener import NO_RSSI_DBM, BleDevice, Listener
from edge_agent.drivers.ble.registry import FORMATS, patterns_for, scan_for
from edge_agent.drivers.ble.staleness import STALE_GAPS, FreshnessChange
from edge_agent.drivers.plausibility import JumpGuard
from edge_agent.errors import ConfigError
from edge_agent.timekeeping.clock import Clock, stamp

_log = logging.getLogger(__name__)

TICK_S = 0.25
"""How often due readings and silence are looked after."""
CALL_TIMEOUT_S = 20.0
"""Bound on each call into BlueZ."""
RETRY_S = (1.0, 60.0)
"""First and longest pause before the adapter is tried again."""
SILENCE_MAX_S = 600.0
"""While nothing is heard at all, discovery is restarted at growing intervals up to this."""
FIND_S = 30.0
"""A device that is to be connected to has so long to be heard first."""
FAILED_READS_TO_LOSE = 3


def ble_sources(config: GatewayConfig, clock: Clock) -> tuple["BleSource", ...]:
    """One source for each bus of kind ``ble``. Raises ``ConfigError`` naming every fault."""
    faults: list[str] = []
    sections = [device for device in config.device if isinstance(device, BleDeviceSection)]
    buses = [bus for bus in config.bus if isinstance(bus, BleBus)]
    names = {bus.name for bus in buses}
    for section in sections:
        if section.bus not in names:
            faults.append(f"device {section.name}: bus {section.bus} is not a [[bus]] of kind ble")
    faults += _shared_addresses(sections)
    for bus in buses:
        formats = dict.fromkeys(section.format for section in sections if section.bus == bus.name)
        faults += [
            f'bus {bus.name}: scan = "passive" cannot receive {name} ({FORMATS[name].why}): set scan = "auto"'
            for name in formats
            if bus.scan == "passive" and FORMATS[name].scan is Scan.ACTIVE
        ]
        faults += [
            f"bus {bus.name}: {name} needs a passive scan ({FORMATS[name].why}), which {_made_active_by(bus, formats)} "
            "rules out: give it an adapter of its own"
            for name in formats
            if FORMATS[name].is_passive_only and _made_active_by(bus, formats)
        ]
    devices = {section.name: _device(section, faults) for section in sections}
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(BleSource(bus, [devices[s.name] for s in sections if s.bus == bus.name], clock) for bus in buses)


class BleSource:
    """A ``Source``: all devices of one adapter."""

    def __init__(self, bus: BleBus, devices: Sequence[BleDevice], clock: Clock, tick_s: float = TICK_S) -> None:
        self._bus = bus
        self._clock = clock
        self._tick_s = tick_s
        self._listeners = [Listener(d, clock.mono_s()) for d in devices if d.format != "gatt-ess"]
        self._by_address: dict[str, list[Listener]] = {}
        for listener in self._listeners:
            self._by_address.setdefault(listener.device.address, []).append(listener)
        self._hearings = {address: Hearing(address) for address in self._by_address}
        self._pollers = {d.address: _Poller(d, clock.mono_s()) for d in devices if d.format == "gatt-ess"}
        self._formats = tuple(dict.fromkeys(device.format for device in devices))
        self._heard_s = clock.mono_s()
        self._is_lost = False
        self._is_silent = False
        self._misses_answers = False
        self._answers_patience = 1
        self._has_told_mode = False
        self._passive_refused = False

    @property
    def name(self) -> str:
        """The name of the bus."""
        return self._bus.name

    async def run(self, emit: Emit) -> None:
        """Listen, read and emit until cancelled, or until ``emit`` raises: then raise that."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_scanning(emit))
                tasks.create_task(self._report(emit))
                if self._pollers:
                    tasks.create_task(self._keep_reading(emit))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    # listening

    async def _keep_scanning(self, emit: Emit) -> None:
        """Scan; restart after silence; try again with growing pauses while the adapter does not work."""
        pause_s, patience = RETRY_S[0], 1
        while True:
            since_s = self._clock.mono_s()
            try:
                async with self._scanning():
                    self._adapter_back()
                    pause_s = RETRY_S[0]
                    missing = await self._until_silent(since_s, patience)
            except TROUBLE as error:
                self._adapter_lost(error)
                await self._wait_s(pause_s)
                pause_s = min(2 * pause_s, RETRY_S[1])
                continue
            if missing:
                self._answers_patience *= 2
                await self._tell_missing_answers(missing, emit)
                continue
            patience = 1 if self._heard_s > since_s else 2 * patience
            self._tell_silence(patience)

    @asynccontextmanager
    async def _scanning(self) -> AsyncIterator[None]:
        scanner = await self._started()
        try:
            yield
        finally:
            # A dead adapter cannot be told to stop; the next start tells what is wrong with it.
            with contextlib.suppress(*TROUBLE):
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    await scanner.stop()

    async def _started(self) -> BleakScanner:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            known = await remembered(self._bus.adapter)
        for address, hearing in self._hearings.items():
            hearing.remember(known.get(address, {}))
        mode, why = (Scan.ACTIVE, "so configured") if self._bus.scan == "active" else scan_for(self._formats)
        if mode is Scan.PASSIVE and not self._passive_refused:
            try:
                scanner = await self._start(self._passive())
            except TROUBLE as error:
                scanner = await self._start(self._active())
                self._passive_refused = True
                _log.warning("%s scans actively: BlueZ refuses passive scanning (%s)", self._where(), said_of(error))
                return scanner
            self._tell_mode(Scan.PASSIVE, why)
            return scanner
        scanner = await self._start(self._active())
        self._tell_mode(Scan.ACTIVE, why)
        return scanner

    async def _start(self, scanner: BleakScanner) -> BleakScanner:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await scanner.start()
        return scanner

    def _passive(self) -> BleakScanner:
        patterns = [(0, AdvertisementDataType(kind), start) for kind, start in patterns_for(self._formats)]
        return BleakScanner(
            self._on_advertisement,
            scanning_mode="passive",
            bluez={"adapter": self._bus.adapter, "or_patterns": patterns},
        )

    def _active(self) -> BleakScanner:
        # DuplicateData: BlueZ then signals every advertisement, not only changed ones, and forgets older company ids.
        return BleakScanner(
            self._on_advertisement,
            scanning_mode="active",
            bluez={"adapter": self._bus.adapter, "filters": {"DuplicateData": True}},
        )

    def _on_advertisement(self, device: BLEDevice, said: AdvertisementData) -> None:
        address = device.address.upper()
        if said.rssi == NO_RSSI_DBM:
            return
        if poller := self._pollers.get(address):
            self._heard_s = self._clock.mono_s()
            poller.found = device
            poller.rssi_dbm = said.rssi
        if hearing := self._hearings.get(address):
            advertisement = hearing.hear(said)
            for listener in self._by_address[address]:
                if frame := listener.frame_of(advertisement, said.rssi, self._clock):
                    self._heard_s = frame.at_s
                    listener.hear(frame)

    async def _until_silent(self, since_s: float, patience: int) -> list[BleDevice]:
        """Wait until nothing was heard for too long, or scan responses stopped; give the devices that miss theirs."""
        while self._clock.mono_s() - max(since_s, self._heard_s) <= self._silence_s(patience):
            now_s = self._clock.mono_s()
            if self._is_silent and self._heard_s > since_s:
                self._is_silent = False
                _log.warning("%s receives its devices again", self._where())
            missing = [listener.device for listener in self._listeners if listener.misses_answers(now_s)]
            if self._misses_answers and not missing and self._heard_s > since_s:
                self._misses_answers, self._answers_patience = False, 1
                _log.warning("%s receives scan responses again", self._where())
            if missing and now_s - since_s > min(self._answers_patience * self._bus.silence_s, SILENCE_MAX_S):
                return missing
            await asyncio.sleep(self._tick_s)
        return []

    def _silence_s(self, patience: int) -> float:
        """How long nothing may be heard: as configured, longer if all devices are slow, longer each time in vain."""
        learned = [s for listener in self._listeners if (s := listener.track.learned_interval_s) is not None]
        usual_s = max(self._bus.silence_s, STALE_GAPS * min(learned, default=0.0))
        return min(patience * usual_s, max(usual_s, SILENCE_MAX_S))

    # reporting

    async def _report(self, emit: Emit) -> None:
        while True:
            now_s = self._clock.mono_s()
            for listener in self._listeners:
                if changed := listener.track.change(now_s):
                    await self._tell_change(listener.device, *changed, emit)
                if source := listener.source_change():
                    await self._tell_source(listener.device, *source, emit)
                if sample := listener.track.due(now_s):
                    at = sample.stamp or stamp(self._clock)
                    await emit(Reading(at, listener.device.name, sample.quality, sample.values, sample.detail))
            await asyncio.sleep(self._tick_s)

    async def _tell_change(self, device: BleDevice, change: FreshnessChange, silent_s: float, emit: Emit) -> None:
        if change is FreshnessChange.BACK:
            text = f"{device.name} is back after {silent_s:.0f} s"
            kind = NoticeKind.DEVICE_BACK
        else:
            text = (
                f"{device.name} is lost: no measurement from {device.address} for {silent_s:.0f} s. "
                "Check its range and its battery."
            )
            kind = NoticeKind.DEVICE_LOST
        _log.warning("%s", text)
        data: dict[str, str | int | float | None] = {"bus": self.name, "silent_s": round(silent_s, 1)}
        await emit(Notice(stamp(self._clock), kind, device.name, text, data))

    async def _tell_source(self, device: BleDevice, expected: str, now: str, emit: Emit) -> None:
        if now == expected:
            text = f"{device.name} is measured by its {expected} sensor again"
        else:
            text = (
                f"{device.name} is now measured by its {now} sensor, not the {expected} one: its values do not count. "
                f'Plug the probe in again, or write source = "{now}" if that is meant.'
            )
        _log.warning("%s", text)
        data: dict[str, str | int | float | None] = {"bus": self.name, "expected": expected, "source": now}
        await emit(Notice(stamp(self._clock), NoticeKind.SOURCE_CHANGED, device.name, text, data))

    # devices that have to be connected to

    async def _keep_reading(self, emit: Emit) -> None:
        while True:
            for poller in self._pollers.values():
                if poller.is_due(self._clock.mono_s()):
                    poller.due_s = self._clock.mono_s() + poller.device.poll_s
                    await self._read(poller, emit)
            await asyncio.sleep(self._tick_s)

    async def _read(self, poller: "_Poller", emit: Emit) -> None:
        try:
            decoded = await self._connected_read(poller)
            jump = poller.jump(decoded, self._clock.mono_s())
            if jump:  # asked again at once: the second answer confirms the first, or does not
                decoded = await self._connected_read(poller)
                jump = poller.jump(decoded, self._clock.mono_s())
        except TROUBLE as error:
            await self._read_failed(poller, said_of(error), emit)
            return
        poller.failures = 0
        if poller.is_lost:
            poller.is_lost = False
            silent_s = self._clock.mono_s() - poller.read_s
            await self._tell_change(poller.device, FreshnessChange.BACK, silent_s, emit)
        poller.read_s = self._clock.mono_s()
        quality = Quality.SUSPECT if jump else decoded.quality
        values = {**decoded.values, "rssi_dbm": float(poller.rssi_dbm)} if quality is Quality.GOOD else {}
        await emit(Reading(stamp(self._clock), poller.device.name, quality, values, jump or decoded.detail))

    async def _connected_read(self, poller: "_Poller") -> DecodedFrame:
        if poller.found is None:
            raise BleakError("it was not received yet")
        return decoded_of(await read_characteristics(poller.found, self._bus.adapter))

    async def _read_failed(self, poller: "_Poller", reason: str, emit: Emit) -> None:
        now = stamp(self._clock)
        poller.failures += 1
        await emit(Reading(now, poller.device.name, Quality.TIMEOUT, detail=f"no answer: {reason}"))
        if poller.failures == FAILED_READS_TO_LOSE and not poller.is_lost:
            poller.is_lost = True
            _log.warning("%s lost: %s", poller.device.name, reason)
            text = f"{poller.device.name} is lost: {reason}. Check its range, and that no phone is connected to it."
            await emit(Notice(now, NoticeKind.DEVICE_LOST, poller.device.name, text, {"bus": self.name}))

    # the adapter, told once

    def _adapter_lost(self, error: BaseException) -> None:
        if not self._is_lost:
            self._is_lost = True
            _log.warning(
                "%s lost: %s. Is the adapter plugged in and powered (bluetoothctl power on), and bluetoothd running?",
                self._where(),
                said_of(error),
            )

    def _adapter_back(self) -> None:
        if self._is_lost:
            self._is_lost = False
            _log.warning("%s back", self._where())

    def _tell_silence(self, patience: int) -> None:
        if not self._is_silent:
            self._is_silent = True
            _log.warning(
                "%s receives none of its devices: discovery is restarted, and again after %g s of silence",
                self._where(),
                self._silence_s(patience),
            )

    async def _tell_missing_answers(self, missing: list[BleDevice], emit: Emit) -> None:
        if self._misses_answers:
            return
        self._misses_answers = True
        names = ", ".join(device.name for device in missing)
        text = (
            f"{self._where()} receives advertisements of {names}, but no scan responses, and restarted its discovery. "
            "Did another program change the scan, or the sensor's firmware change its format?"
        )
        _log.warning("%s", text)
        await emit(Notice(stamp(self._clock), NoticeKind.RADIO_RESTARTED, self.name, text, {"devices": len(missing)}))

    def _tell_mode(self, mode: Scan, why: str) -> None:
        if not self._has_told_mode:
            self._has_told_mode = True
            _log.info("%s scans %sly (%s)", self._where(), "passive" if mode is Scan.PASSIVE else "active", why)

    def _where(self) -> str:
        return f"{self.name} ({self._bus.adapter})"

    async def _wait_s(self, pause_s: float) -> None:
        until_s = self._clock.mono_s() + pause_s
        while self._clock.mono_s() < until_s:  # noqa: ASYNC110 - the clock may be moved by hand
            await asyncio.sleep(self._tick_s)


class _Poller:
    """A device that is connected to."""

    def __init__(self, device: BleDevice, started_s: float) -> None:
        self.device = device
        self.found: BLEDevice | None = None
        self.rssi_dbm = NO_RSSI_DBM
        self.due_s = started_s
        self.read_s = started_s
        self.failures = 0
        self.is_lost = False
        self._wait_until_s = started_s + FIND_S
        self._jumps = JumpGuard()

    def jump(self, decoded: DecodedFrame, at_s: float) -> str:
        """Why good values do not count yet, in words; '' if they do, or are not good anyway."""
        return self._jumps.judge(decoded.values, at_s) if decoded.quality is Quality.GOOD else ""

    def is_due(self, now_s: float) -> bool:
        """Whether to read it now: when it is time, and it was heard or had its chance to be."""
        return now_s >= self.due_s and (self.found is not None or now_s >= self._wait_until_s)


def _device(section: BleDeviceSection, faults: list[str]) -> BleDevice:
    key: bytes | None = None
    try:
        key = _key_of(section)
    except (OSError, ValueError) as error:
        faults.append(f"device {section.name}: bindkey_file {section.bindkey_file}: {error}")
    return BleDevice(DeviceName(section.name), section.address, section.format, section.poll_s, key, section.source)


def _made_active_by(bus: BleBus, formats: Iterable[str]) -> str:
    """What makes the scan of a bus active, in words; '' if nothing does."""
    if bus.scan == "active":
        return 'scan = "active"'
    return next((f"format {name}" for name in formats if FORMATS[name].scan is Scan.ACTIVE), "")


def _shared_addresses(sections: list[BleDeviceSection]) -> Iterator[str]:
    """An address that is written twice, unless each time for another probe of the device."""
    seen: dict[tuple[str, str], BleDeviceSection] = {}
    taken: set[tuple[str, str, str | None]] = set()
    for section in sections:
        first = seen.setdefault((section.bus, section.address), section)
        if first is section:
            pass
        elif None in (first.source, section.source):
            yield (
                f"device {section.name}: address {section.address} is already that of {first.name}; if it has several "
                "probes, write source = in each"
            )
        elif (section.bus, section.address, section.source) in taken:
            yield f"device {section.name}: {section.source} of {section.address} is already a device"
        taken.add((section.bus, section.address, section.source))


def _key_of(section: BleDeviceSection) -> bytes | None:
    if section.bindkey is not None:
        return bytes.fromhex(section.bindkey.get_secret_value())
    if section.bindkey_file is None:
        return None
    return key_in_file(section.bindkey_file)


def key_in_file(path: Path) -> bytes:
    """The bindkey in a file of 32 hexadecimal digits.

    Raises ``OSError``, or ``ValueError`` without a digit of the key in its text.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:  # UnicodeDecodeError is one, too
        key = b""
    if len(key) != 16:
        raise ValueError("must hold a bindkey of 32 hexadecimal digits and nothing else")
    return key
