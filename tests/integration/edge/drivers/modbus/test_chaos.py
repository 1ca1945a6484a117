"""Everything goes wrong at once, from a seed: no device is ever given another one's value, and all come back."""

import asyncio
import random
from pathlib import Path

import pytest

from edge_agent.domain.wire.records import NoticeKind
from edge_agent.simulators.link import CutMode, Relay
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from tests.support.modbus_line import on_line
from tests.support.running_bus import TIMEOUT_S, Running, config_for, sensor

FAULTS = [kind for kind in FaultKind if kind is not FaultKind.SWAPPED]
"""Without the one that only proof registers can find out: swapped words may look like a value."""
PROFILES = ("xy-md02", "vaisala-hmp", "ee-ee210", "xy-md02", "ee-ee210")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_fails_every_good_value_is_the_devices_own(seed: int) -> None:
    chance = random.Random(seed)
    devices = [sensor(profile, unit, 10.0 * unit, 2.0 * unit) for unit, profile in enumerate(PROFILES, start=1)]
    config = [{"name": f"u{d.unit}", "profile": d.profile.name, "unit": d.unit} for d in devices]
    async with (
        ModbusTcpSimulator(devices, seed=seed) as simulator,
        Relay(simulator.host, simulator.port) as cable,
        Running(config_for(cable.port, config, retry_max_s=0.2)) as heard,
    ):
        for _ in range(25):
            device = chance.choice(devices)
            device.misbehave(chance.choice(FAULTS), delay_s=chance.uniform(0.5, 1.5) * TIMEOUT_S, times=2)
            match chance.randrange(8):
                case 0:
                    await cable.cut(chance.choice(list(CutMode)))
                    await asyncio.sleep(chance.uniform(0, TIMEOUT_S))
                    await cable.mend()
                case 1:
                    cable.forget_connections()
                case 2:
                    simulator.drop_connections()
                case 3:
                    cable.cut_after(chance.randrange(1, 60))
                case _:
                    await asyncio.sleep(chance.uniform(0, TIMEOUT_S))
        for device in devices:
            device.behave()
        await cable.mend()
        before = {device.unit: len(heard.good(f"u{device.unit}")) for device in devices}
        await heard.until(lambda h: all(len(h.good(f"u{unit}")) > count + 2 for unit, count in before.items()), 20)
    for device in devices:
        own = {"temp_c": 10.0 * device.unit, "rh_pct": 2.0 * device.unit}
        assert all(own.items() >= values.items() and values for values in heard.good(f"u{device.unit}"))
        lost = len(heard.notices(NoticeKind.DEVICE_LOST, f"u{device.unit}"))
        assert lost == len(heard.notices(NoticeKind.DEVICE_BACK, f"u{device.unit}"))


@pytest.mark.parametrize("framing", ["rtu", "ascii"])
@pytest.mark.parametrize("seed", range(2))
async def test_whatever_fails_on_a_serial_line_every_good_value_is_the_units_own(
    tmp_path: Path, framing: str, seed: int
) -> None:
    chance = random.Random(seed)
    devices = [sensor(profile, unit, 10.0 * unit, 2.0 * unit) for unit, profile in enumerate(PROFILES, start=1)]
    simulator = ModbusLineSimulator(tmp_path / "line", devices, framing, echoes=bool(seed), seed=seed)  # type: ignore[arg-type]
    async with simulator as line, on_line(line, retry_max_s=0.2) as heard:
        for _ in range(20):
            device = chance.choice(devices)
            device.misbehave(chance.choice(FAULTS), delay_s=chance.uniform(0.5, 1.5) * TIMEOUT_S, times=2)
            if chance.randrange(6) == 0:
                line.unplug()
                await asyncio.sleep(chance.uniform(0, TIMEOUT_S))
                line.plug()
            else:
                await asyncio.sleep(chance.uniform(0, TIMEOUT_S))
        for device in devices:
            device.behave()
        before = {device.unit: len(heard.good(f"u{device.unit}")) for device in devices}
        await heard.until(lambda h: all(len(h.good(f"u{unit}")) > count + 2 for unit, count in before.items()), 20)
    for device in devices:
        own = {"temp_c": 10.0 * device.unit, "rh_pct": 2.0 * device.unit}
        assert all(own.items() >= values.items() and values for values in heard.good(f"u{device.unit}"))
