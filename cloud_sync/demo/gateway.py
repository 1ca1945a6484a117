"""A gateway as a facilities engineer runs it: its own process, with simulated devices and a cable to the ledger."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_sync.demo.ledger import DemoFailed, stopped
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.link import Relay
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.room import ColdRoom, LiveRoom
from edge_agent.simulators.scanner import SimulatedScanner

EDGE_AGENT = (sys.executable, "-m", "edge_agent")
NAME = "gw-pharmacy"
ROOM_SCALE = 60.0
"""A minute of the refrigerators passes in a second of the story."""

CONFIG = """\
[gateway]
name = "{name}"
data_dir = "{folder}/data"

[uplink]
url = "{url}"
timeout_s = 2.0
retry_max_s = 1.0

[journal]
readings_commit_s = 0.5

[clock]
source = "trusted"

[[bus]]
kind = "modbus-tcp"
name = "cold-room"
host = "127.0.0.1"
port = {modbus_port}

[[device]]
name = "fridge-a/probe-1"
bus = "cold-room"
profile = "xy-md02"
unit = 1
poll_s = 0.25

[[device]]
name = "fridge-b/probe-1"
bus = "cold-room"
profile = "xy-md02"
unit = 2
poll_s = 0.25

[[scanner]]
name = "dock/scanner-1"
port = "{scanner}"
"""


@dataclass(frozen=True, slots=True)
class Devices:
    """What the gateway is connected to."""

    fridge_a: LiveRoom
    fridge_b: LiveRoom
    modbus: ModbusTcpSimulator[SimulatedDevice]
    scanner: SimulatedScanner
    cable: Relay


class Gateway:
    """A gateway's configuration and the commands an engineer would type."""

    def __init__(self, config: Path, log: Path) -> None:
        self.config = config
        self.log = log

    async def command(self, *words: str) -> Any:
        """``edge-agent WORDS --config ... --json``, and what it prints."""
        process = await asyncio.create_subprocess_exec(
            *EDGE_AGENT, *words, "--config", str(self.config), "--json", stdout=PIPE, stderr=PIPE
        )
        output, errors = await process.communicate()
        if process.returncode != 0:
            raise DemoFailed(f"edge-agent {' '.join(words)} ended with {process.returncode}: {errors.decode()}")
        return json.loads(output)

    async def waiting(self) -> dict[str, int]:
        """How many records of each lane the ledger has not acknowledged yet."""
        status = await self.command("buffer", "status")
        return {lane["lane"]: lane["records"] for lane in status["lanes"]}


@asynccontextmanager
async def devices(ledger_port: int, folder: Path) -> AsyncIterator[Devices]:
    """Two refrigerators behind one Modbus TCP converter, a scanner on a serial line, and a cable to the ledger."""
    profile = load_profile("xy-md02")
    fridge_a, fridge_b = (LiveRoom(ColdRoom(seed=seed), time.monotonic, ROOM_SCALE) for seed in (7, 8))
    sensors = [SimulatedDevice(profile, 1, fridge_a.values), SimulatedDevice(profile, 2, fridge_b.values)]
    with SimulatedScanner(folder / "scanner") as scanner:
        async with ModbusTcpSimulator(sensors) as modbus, Relay("127.0.0.1", ledger_port) as cable:
            yield Devices(fridge_a, fridge_b, modbus, scanner, cable)


@asynccontextmanager
async def running_gateway(folder: Path, connected: Devices) -> AsyncIterator[Gateway]:
    """``edge-agent run`` with these devices. Enter it once the ledger knows the gateway's key."""
    gateway = configured(folder, connected)
    with gateway.log.open("wb") as log_file:
        process = await asyncio.create_subprocess_exec(
            *EDGE_AGENT, "run", "--config", str(gateway.config), stderr=log_file
        )
        try:
            yield gateway
        finally:
            await stopped(process)


def configured(folder: Path, connected: Devices) -> Gateway:
    """Write the gateway's configuration into ``folder``."""
    config = folder / "gateway.toml"
    text = CONFIG.format(
        name=NAME,
        folder=folder,
        url=f"http://127.0.0.1:{connected.cable.port}",
        modbus_port=connected.modbus.port,
        scanner=connected.scanner.path,
    )
    config.write_text(text, encoding="utf-8")
    return Gateway(config, folder / "gateway.log")
