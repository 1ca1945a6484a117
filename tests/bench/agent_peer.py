"""The agent beside thingsboard-gateway: the same thirty simulated Modbus sensors at ten seconds, one after the other.

Two serial lines and one TCP endpoint, ten sensors each; the peer sends what it reads to a Mosquitto here, the agent
keeps it in its journal and sends it to a small ledger here. For one dead sensor of ten, both poll one serial line.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from edge_agent.uplink.identity import Identity
from tests.bench.agent_load import PER_BUS, POLL_S, WARM_UP_S
from tests.bench.figure import Figure
from tests.bench.processes import cpu_s, rss_mb
from tests.support.brokers import Mosquitto
from tests.support.small_ledger import Ledger

PEER = "thingsboard-gateway"
PEER_HOME = Path(sys.prefix) / "thingsboard"
"""An environment of its own: while it runs, it installs other versions of packages that are ours as well (pymodbus)."""
MEASURED_S = 60
DEAD_POLL_S, DEAD_MEASURED_S = 2.0, 60
PROFILE = "xy-md02"
TEMPERATURE, HUMIDITY = 1, 2
"""Its input registers."""
PEER_VERSION = "3.8.5"
RUN_PEER = "from thingsboard_gateway.tb_gateway import main; main()"


@dataclass(frozen=True, slots=True)
class Used:
    """What a gateway used, and how often each sensor of its first line was asked."""

    rss_mb: float
    cpu_share: float
    every_s: dict[int, float]


@dataclass(frozen=True, slots=True)
class Room:
    """Sensors on two serial lines and a TCP endpoint, or on one line."""

    lines: list[ModbusLineSimulator[SimulatedDevice]]
    endpoint: ModbusTcpSimulator[SimulatedDevice] | None
    poll_s: float


def agent_vs_thingsboard_rss() -> Figure:
    """Resident memory at the end of the run."""
    ours, theirs = _both(is_dead=False)
    return Figure(
        "agent_vs_thingsboard_rss",
        ours.rss_mb,
        "MB",
        0.7,
        target_is_ratio=True,
        against=theirs.rss_mb,
        peer=PEER,
        note=f"30 Modbus on 3 buses at {POLL_S} s",
    )


def agent_vs_thingsboard_cpu() -> Figure:
    """Share of one core, of user and system time together."""
    ours, theirs = _both(is_dead=False)
    return Figure(
        "agent_vs_thingsboard_cpu",
        ours.cpu_share,
        "cores",
        0.25,
        target_is_ratio=True,
        against=theirs.cpu_share,
        peer=PEER,
        note=f"30 Modbus on 3 buses at {POLL_S} s",
    )


def agent_vs_thingsboard_one_dead_slave() -> Figure:
    """How often the nine living sensors beside a dead one are asked."""
    ours, theirs = (median(used.every_s[unit] for unit in range(2, PER_BUS + 1)) for used in _both(is_dead=True))
    return Figure(
        "agent_vs_thingsboard_one_dead_slave",
        ours,
        "s between readings",
        DEAD_POLL_S * 1.05,
        against=theirs,
        peer=PEER,
        note=f"10 RTU units on one line at {DEAD_POLL_S:g} s, 1 dead; the nine living",
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "agent_vs_thingsboard_rss": agent_vs_thingsboard_rss,
    "agent_vs_thingsboard_cpu": agent_vs_thingsboard_cpu,
    "agent_vs_thingsboard_one_dead_slave": agent_vs_thingsboard_one_dead_slave,
}


@cache
def _both(*, is_dead: bool) -> tuple[Used, Used]:
    return asyncio.run(_measured(_start_agent, is_dead=is_dead)), asyncio.run(_measured(_start_peer, is_dead=is_dead))


async def _measured(start: Any, *, is_dead: bool) -> Used:
    with tempfile.TemporaryDirectory(prefix="lotwarden-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            room = await _room(stack, folder, is_dead=is_dead)
            process = await start(stack, folder, room)
            stack.push_async_callback(_ended, process)
            first = room.lines[0]
            async with asyncio.timeout(120):
                while not first.requests:
                    if process.returncode is not None:
                        raise RuntimeError(f"it ended with {process.returncode} before its first request")
                    await asyncio.sleep(0.05)
            await asyncio.sleep(WARM_UP_S)
            first.requests.clear()
            before_s, from_s = cpu_s(process.pid), time.monotonic()
            await asyncio.sleep(DEAD_MEASURED_S if is_dead else MEASURED_S)
            lasted_s = time.monotonic() - from_s
            share = (cpu_s(process.pid) - before_s) / lasted_s
            asked = [each.unit for each in first.requests if each.address == TEMPERATURE]
            every_s = {unit: lasted_s / max(1, asked.count(unit)) for unit in range(1, PER_BUS + 1)}
            return Used(rss_mb(process.pid), share, every_s)


async def _room(stack: AsyncExitStack, folder: Path, *, is_dead: bool) -> Room:
    lines = []
    for number in range(1 if is_dead else 2):
        sensors = _sensors()
        if is_dead:
            sensors[0].misbehave(FaultKind.DEAD)
        lines.append(await stack.enter_async_context(ModbusLineSimulator(folder / f"line-{number}", sensors)))
    endpoint = None if is_dead else await stack.enter_async_context(ModbusTcpSimulator(_sensors()))
    return Room(lines, endpoint, DEAD_POLL_S if is_dead else POLL_S)


def _sensors() -> list[SimulatedDevice]:
    profile = load_profile(PROFILE)
    return [SimulatedDevice(profile, unit, lambda: {"temp_c": 5.0, "rh_pct": 50.0}) for unit in range(1, PER_BUS + 1)]


async def _start_agent(stack: AsyncExitStack, folder: Path, room: Room) -> asyncio.subprocess.Process:
    data_dir = folder / "data"
    ledger = await Ledger(Identity.load_or_make(data_dir).verify).start()
    stack.push_async_callback(ledger.stop)
    said = [f'[gateway]\nname = "gw-bench"\ndata_dir = "{data_dir}"\n[uplink]\nurl = "{ledger.url}"']
    for number, line in enumerate(room.lines):
        serial = 'baudrate = 19200\nparity = "none"\nstopbits = 1'
        said.append(f'[[bus]]\nname = "rtu-{number}"\nkind = "modbus-rtu"\nport = "{line.path}"\n{serial}')
    if room.endpoint is not None:
        said.append(f'[[bus]]\nname = "tcp"\nkind = "modbus-tcp"\nhost = "{room.endpoint.host}"'
                    f"\nport = {room.endpoint.port}")  # fmt: skip
    buses = [*(f"rtu-{number}" for number in range(len(room.lines))), *(["tcp"] if room.endpoint else [])]
    said += [
        f'[[device]]\nname = "{bus}/u{unit}"\nbus = "{bus}"\nprofile = "{PROFILE}"\nunit = {unit}\n'
        f"poll_s = {room.poll_s:g}"
        for bus in buses
        for unit in range(1, PER_BUS + 1)
    ]
    path = folder / "gateway.toml"
    path.write_text("\n".join(said) + "\n", encoding="utf-8")
    command = (sys.executable, "-m", "edge_agent", "run", "--config", str(path))
    return await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)


async def _start_peer(stack: AsyncExitStack, folder: Path, room: Room) -> asyncio.subprocess.Process:
    broker = Mosquitto(folder / "broker")
    await broker.start()
    stack.push_async_callback(broker.kill)
    home = folder / "peer"
    python = _peer_python()
    (config,) = PEER_HOME.glob("lib/python*/site-packages/thingsboard_gateway/config")
    shutil.copytree(config, home / "config")
    settings = json.loads((home / "config" / "tb_gateway.json").read_text())
    settings["thingsboard"] |= {
        "host": "127.0.0.1", "port": broker.port, "remoteConfiguration": False,
        "security": {"type": "accessToken", "accessToken": "bench"},
    }  # fmt: skip
    settings["connectors"] = [{"type": "modbus", "name": "modbus", "configuration": "modbus.json"}]
    (home / "config" / "tb_gateway.json").write_text(json.dumps(settings))
    slaves = [_slave(room, {"type": "serial", "method": "rtu", "port": str(line.path), "baudrate": 19200, "stopbits": 1,
                            "bytesize": 8, "parity": "N"}, f"rtu-{number}", unit)
              for number, line in enumerate(room.lines) for unit in range(1, PER_BUS + 1)]  # fmt: skip
    if room.endpoint is not None:
        at = {"type": "tcp", "method": "socket", "host": room.endpoint.host, "port": room.endpoint.port}
        slaves += [_slave(room, at, "tcp", unit) for unit in range(1, PER_BUS + 1)]
    (home / "config" / "modbus.json").write_text(json.dumps({"master": {"slaves": slaves}}))
    environment = {**os.environ, "TB_GW_CONFIG_DIR": str(home / "config")}
    return await asyncio.create_subprocess_exec(
        python, "-P", "-c", RUN_PEER, cwd=home, env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def _peer_python() -> str:
    """Its interpreter; made and filled once."""
    python = PEER_HOME / "bin" / "python"
    if not list(PEER_HOME.glob("lib/python*/site-packages/thingsboard_gateway")):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(PEER_HOME)], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "pip", "setuptools", f"{PEER}=={PEER_VERSION}"], check=True)
    return str(python)


def _slave(room: Room, at: dict[str, Any], bus: str, unit: int) -> dict[str, Any]:
    values = [
        {"tag": tag, "type": "16int", "functionCode": 4, "objectsCount": 1, "address": address, "divider": 10}
        for tag, address in (("temperature", TEMPERATURE), ("humidity", HUMIDITY))
    ]
    return {
        **at, "unitId": unit, "deviceName": f"{bus}-u{unit}", "deviceType": "default", "timeout": 1,
        "byteOrder": "BIG", "wordOrder": "BIG", "retries": 1, "retryOnEmpty": False, "retryOnInvalid": False,
        "pollPeriod": int(room.poll_s * 1000), "connectAttemptTimeMs": 5000, "connectAttemptCount": 5,
        "waitAfterFailedAttemptsMs": 300_000, "attributes": [], "timeseries": values, "attributeUpdates": [], "rpc": [],
    }  # fmt: skip


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
        await process.wait()
