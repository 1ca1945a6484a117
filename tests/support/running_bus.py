"""What the tests of the buses share: a bus against simulated devices, and a list of what it emitted."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record
from edge_agent.drivers.build import build_buses
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from edge_agent.timekeeping.clock import SystemClock

TIMEOUT_S = 0.4
POLL_S = 0.1
HASTE = 5


class Heard:
    """Everything that was emitted, and a way to wait until something was."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._changed = asyncio.Condition()

    async def emit(self, record: Record) -> None:
        async with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    async def until(self, condition: Callable[["Heard"], bool], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    def readings(self, device: str, quality: Quality | None = None) -> list[Reading]:
        return [
            record
            for record in self.records
            if isinstance(record, Reading) and record.device == device and quality in (None, record.quality)
        ]

    def notices(self, kind: NoticeKind, device: str | None = None) -> list[Notice]:
        return [
            record
            for record in self.records
            if isinstance(record, Notice) and record.notice is kind and device in (None, record.subject)
        ]

    def good(self, device: str) -> list[dict[str, float]]:
        return [reading.values for reading in self.readings(device, Quality.GOOD)]


def constant(temp_c: float, rh_pct: float) -> Callable[[], dict[str, float]]:
    return lambda: {"temp_c": temp_c, "rh_pct": rh_pct}


def sensor(profile: str, unit: int, temp_c: float, rh_pct: float = 50.0, **more: Any) -> SimulatedDevice:
    return SimulatedDevice(load_profile(profile), unit, constant(temp_c, rh_pct), **more)


def config_for(port: int, devices: Sequence[dict[str, Any]], **bus: Any) -> GatewayConfig:
    return GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-1", "data_dir": Path("/nowhere")},
            "uplink": {"url": "https://ledger.example"},
            "bus": [
                {
                    "kind": "modbus-tcp",
                    "name": "line-1",
                    "host": "127.0.0.1",
                    "port": port,
                    "timeout_s": TIMEOUT_S,
                    "retry_max_s": 0.4,
                    **bus,
                }
            ],
            "device": [{"bus": "line-1", "poll_s": POLL_S, **device} for device in devices],
        }
    )


class FastClock(SystemClock):
    """The bus's time goes ``HASTE`` times as fast, so that its pauses are short; sockets keep real time."""

    def mono_s(self) -> float:
        return super().mono_s() * HASTE


async def hasty_sleep(duration_s: float) -> None:
    await asyncio.sleep(duration_s / HASTE)


class Running:
    """A bus at work on a configuration, as an async context manager that gives what is heard."""

    def __init__(self, config: GatewayConfig) -> None:
        (self._bus,) = build_buses(config, FastClock(), hasty_sleep)
        self._heard = Heard()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Heard:
        self._task = asyncio.create_task(self._bus.run(self._heard.emit))
        return self._heard

    async def __aexit__(self, *_exc: object) -> None:
        assert self._task is not None
        died = self._task.done()
        self._task.cancel()
        result = (await asyncio.gather(self._task, return_exceptions=True))[0]
        assert not died, f"the bus ended unexpectedly: {result!r}"


def against(simulator: ModbusTcpSimulator, **bus: Any) -> Running:
    """A bus with one device for each simulated one, called ``u<unit>``."""
    devices = [
        {"name": f"u{device.unit}", "profile": device.profile.name, "unit": device.unit, **_offset(device)}
        for device in simulator.devices.values()
    ]
    return Running(config_for(simulator.port, devices, **bus))


def _offset(device: SimulatedDevice) -> dict[str, Any]:
    needs = device.profile.link.address_offset_choices
    return {"address_offset": device.address_offset} if needs else {}
