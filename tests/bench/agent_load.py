"""The agent as a process of its own, with 50 devices at 10 s: memory, processor, punctuality, start.

30 Modbus sensors on three buses (two RTU lines on pseudo-terminals, one TCP endpoint) and 20 Bluetooth sensors on a
BlueZ of their own; journal on disk, uplink to a small ledger. All of it is simulated in this process, the agent runs
alone in the other. Where there is no ``dbus-daemon``, 20 more Modbus sensors stand in for the Bluetooth ones.
"""

import asyncio
import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import quantiles

from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality, Reading, Record
from edge_agent.domain.wire.wire import decode_record
from edge_agent.drivers.modbus.bus import Bus, BusDevice
from edge_agent.drivers.modbus.modbus_framing import Rtu
from edge_agent.drivers.modbus.modbus_line import ModbusLineLink
from edge_agent.drivers.modbus.ports import SerialPort
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.ble.bluez import FakeBlueZ, private_bus
from edge_agent.simulators.ble.sensors import VirtualSensor
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.identity import Identity
from tests.bench.figure import Figure
from tests.bench.processes import cpu_s, rss_mb
from tests.support.small_ledger import Ledger

POLL_S = 10
WARM_UP_S = 15
MEASURED_S = 60
PER_BUS = 10
BLE_SENSORS = 20
BLE_KINDS = ("bthome", "pvvx", "ruuvi", "govee", "atc1441")
PROFILES = ("xy-md02", "vaisala-hmp", "ee-ee210", "comet-t3311", "ee-ee310")
DEAD_POLL_S, DEAD_MEASURED_S = 1.0, 30


@dataclass(frozen=True, slots=True)
class Load:
    """What one run showed."""

    rss_mb: float
    cpu_share: float
    late_p99_ms: float
    start_s: float
    readings: int
    devices: str


def agent_rss_mb() -> Figure:
    """Resident memory at the end of the run."""
    load = _load()
    return Figure("agent_rss_mb", load.rss_mb, "MB", target=60, note=load.devices)


def agent_cpu_share() -> Figure:
    """Share of one core, of user and system time together."""
    load = _load()
    return Figure("agent_cpu_share", load.cpu_share, "cores", target=0.05, note=f"{load.readings} readings came")


def poll_punctuality_p99_ms() -> Figure:
    """How far readings of polled sensors are from their own ten-second grid."""
    return Figure("poll_punctuality_p99_ms", _load().late_p99_ms, "ms", note=f"Modbus sensors, {MEASURED_S} s")


def agent_start_s() -> Figure:
    """From starting the process to its first request on a bus."""
    return Figure("agent_start_s", _load().start_s, "s", note="first request on a line")


def one_dead_slave_kept() -> Figure:
    """Readings of nine sensors beside a dead one, against the same nine beside a living one."""
    healthy, beside_dead = asyncio.run(_neighbours())
    return Figure(
        "one_dead_slave_kept",
        beside_dead / DEAD_MEASURED_S,
        "readings/s",
        target=0.95,
        at_least=True,
        target_is_ratio=True,
        against=healthy / DEAD_MEASURED_S,
        peer="ten living",
        note=f"10 RTU units on one line at {DEAD_POLL_S:g} s, 1 dead",
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "agent_rss_mb": agent_rss_mb,
    "agent_cpu_share": agent_cpu_share,
    "poll_punctuality_p99_ms": poll_punctuality_p99_ms,
    "agent_start_s": agent_start_s,
    "one_dead_slave_kept": one_dead_slave_kept,
}


@cache
def _load() -> Load:
    return asyncio.run(_run())


async def _run() -> Load:
    with tempfile.TemporaryDirectory(prefix="lotwarden-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            bus_address, config = await _room(stack, folder)
            data_dir = folder / "data"
            ledger = await Ledger(Identity.load_or_make(data_dir).verify).start()
            stack.push_async_callback(ledger.stop)
            head = f'[gateway]\nname = "gw-bench"\ndata_dir = "{data_dir}"\n[uplink]\nurl = "{ledger.url}"\n'
            path = folder / "gateway.toml"
            path.write_text(head + "\n".join(config.lines))
            environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus_address}
            started_s = time.monotonic()
            command = (sys.executable, "-m", "edge_agent", "run", "--config", str(path))
            agent = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
            stack.push_async_callback(_ended, agent)
            await config.first_request(agent)
            start_s = time.monotonic() - started_s
            await asyncio.sleep(WARM_UP_S)
            before_s, from_s = cpu_s(agent.pid), time.monotonic()
            await asyncio.sleep(MEASURED_S)
            cpu_share = (cpu_s(agent.pid) - before_s) / (time.monotonic() - from_s)
            resident_mb = rss_mb(agent.pid)
            agent.send_signal(signal.SIGTERM)  # it sends what it still has
            await agent.wait()
            records = [decode_record(line) for line in ledger.lines("readings")]
            readings = [r for r in records if isinstance(r, Reading) and r.quality is Quality.GOOD]
            names = {reading.device for reading in readings}
            missing = config.devices - names
            if missing:
                raise RuntimeError(f"no readings came from {', '.join(sorted(missing))}")
            return Load(resident_mb, cpu_share, _late_p99_ms(readings), start_s, len(readings), config.described)


class _Config:
    """What of the simulated room the agent's configuration has to say."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.devices: set[DeviceName] = set()
        self.described = ""
        self.lines_watched: list[ModbusLineSimulator[SimulatedDevice]] = []

    def add_bus(self, name: str, **keys: object) -> None:
        self.lines += ["[[bus]]", f'name = "{name}"', *(f"{key} = {_toml(value)}" for key, value in keys.items())]

    def add_device(self, name: str, bus: str, **keys: object) -> None:
        self.devices.add(DeviceName(name))
        self.lines += ["[[device]]", f'name = "{name}"', f'bus = "{bus}"', f"poll_s = {POLL_S}"]
        self.lines += [f"{key} = {_toml(value)}" for key, value in keys.items()]

    async def first_request(self, agent: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(60):
            while not any(line.requests for line in self.lines_watched):
                if agent.returncode is not None:
                    raise RuntimeError(f"the agent ended with {agent.returncode}; is its configuration good?")
                await asyncio.sleep(0.005)


async def _room(stack: AsyncExitStack, folder: Path) -> tuple[str, _Config]:
    """All simulated devices at work; the address of their D-Bus, and the configuration to hear them."""
    config = _Config()
    for number in (1, 2):
        line = ModbusLineSimulator(folder / f"line-{number}", _sensors())
        config.lines_watched.append(await stack.enter_async_context(line))
        serial = {"baudrate": 19200, "parity": "none", "stopbits": 1}
        config.add_bus(f"rtu-{number}", kind="modbus-rtu", port=str(line.path), **serial)
        _add_sensors(config, f"rtu-{number}", line.devices.values())
    await _add_tcp(stack, config, "tcp-1", PER_BUS)
    if shutil.which("dbus-daemon") is None:
        await _add_tcp(stack, config, "tcp-2", BLE_SENSORS)
        config.described = "50 Modbus at 10 s on 4 buses (no dbus-daemon here for Bluetooth)"
        return "", config
    address = await stack.enter_async_context(private_bus())
    bluez = await stack.enter_async_context(FakeBlueZ(address))
    config.add_bus("air", kind="ble")
    sensors = [
        VirtualSensor(kind, f"C0:FF:EE:00:00:{number:02X}", lambda _at_s: 5.0, seed=number)
        for number, kind in zip(range(BLE_SENSORS), itertools.cycle(BLE_KINDS), strict=False)
    ]
    for number, sensor in enumerate(sensors):
        config.add_device(f"air/tag-{number}", "air", format=sensor.kind, address=sensor.address)
    await stack.enter_async_context(_advertising(bluez, sensors))
    config.described = f"30 Modbus on 3 buses, 20 BLE, at {POLL_S} s"
    return address, config


async def _add_tcp(stack: AsyncExitStack, config: _Config, name: str, count: int) -> None:
    endpoint = await stack.enter_async_context(ModbusTcpSimulator(_sensors(count)))
    config.add_bus(name, kind="modbus-tcp", host=endpoint.host, port=endpoint.port)
    _add_sensors(config, name, endpoint.devices.values())


def _sensors(count: int = PER_BUS) -> list[SimulatedDevice]:
    profiles = itertools.cycle(PROFILES)
    return [
        SimulatedDevice(load_profile(next(profiles)), unit, lambda: {"temp_c": 5.0, "rh_pct": 50.0})
        for unit in range(1, count + 1)
    ]


def _add_sensors(config: _Config, bus: str, sensors: object) -> None:
    for sensor in sensors:  # type: ignore[attr-defined]
        config.add_device(f"{bus}/u{sensor.unit}", bus, profile=sensor.profile.name, unit=sensor.unit)


@asynccontextmanager
async def _advertising(bluez: FakeBlueZ, sensors: list[VirtualSensor]) -> AsyncIterator[None]:
    """Each sensor speaks every two seconds, one after the other, as in a real room."""

    async def speak() -> None:
        start_s = time.monotonic()
        for sensor in itertools.cycle(sensors):
            said = sensor.said(time.monotonic() - start_s)
            if said is not None:
                bluez.say(said)
            await asyncio.sleep(2.0 / len(sensors))

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _ended(agent: asyncio.subprocess.Process) -> None:
    if agent.returncode is None:
        agent.kill()
        await agent.wait()


def _late_p99_ms(readings: list[Reading]) -> float:
    """The 99th percentile of how far a device's readings are from the grid that its second one begins."""
    off_ms: list[float] = []
    wired = [reading for reading in readings if not reading.device.startswith("air/")]
    for device in {reading.device for reading in wired}:
        times_ms = sorted(reading.stamp.mono_ms for reading in wired if reading.device == device)[1:]
        off_ms += [abs(at - times_ms[0] - 1000 * POLL_S * number) for number, at in enumerate(times_ms)]
    return quantiles(off_ms, n=100)[98]


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


async def _neighbours() -> tuple[int, int]:
    """Good readings of units 2 to 10, beside a living and a dead unit 1."""
    with tempfile.TemporaryDirectory(prefix="lotwarden-bench-") as name:
        folder = Path(name)
        return tuple(  # type: ignore[return-value]
            await asyncio.gather(_line(folder / "living", is_dead=False), _line(folder / "dead", is_dead=True))
        )


async def _line(path: Path, *, is_dead: bool) -> int:
    sensors = _sensors()
    if is_dead:
        sensors[0].misbehave(FaultKind.DEAD)
    counted = 0

    async def emit(record: Record) -> None:
        nonlocal counted
        counted += isinstance(record, Reading) and record.quality is Quality.GOOD and record.device != "u1"

    async with ModbusLineSimulator(path, sensors):
        link = ModbusLineLink(SerialPort(str(path), 19200), Rtu(), 0.5)
        devices = [
            BusDevice(DeviceName(f"u{sensor.unit}"), sensor.unit, sensor.profile, DEAD_POLL_S) for sensor in sensors
        ]
        task = asyncio.create_task(Bus("line", link, devices, SystemClock()).run(emit))
        await asyncio.sleep(DEAD_MEASURED_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return counted
