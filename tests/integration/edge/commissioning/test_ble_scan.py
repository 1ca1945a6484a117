"""Bluetooth at the bench: the real bleak against a byte-level BlueZ on a private D-Bus."""

import asyncio
import json
import os
import sys

import pytest

from edge_agent.commissioning.ble import hear_around
from edge_agent.simulators.ble import FakeBlueZ, VirtualSensor, private_bus


async def test_sensors_in_range_are_named_with_what_they_say() -> None:
    async with private_bus() as address, FakeBlueZ(address) as bluez:
        sensors = [
            VirtualSensor("ruuvi", "C0:FF:EE:00:00:01", lambda _: 5.0),
            VirtualSensor("govee", "C0:FF:EE:00:00:02", lambda _: 6.0),
        ]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_agent", "scan", "--ble", "--ble-s", "2", "--json",
            stdout=asyncio.subprocess.PIPE, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address},
        )  # fmt: skip
        speaking = asyncio.create_task(speak(bluez, sensors))
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
        speaking.cancel()
    heard = {one["address"]: one for one in json.loads(out)["bluetooth"]}
    assert "temp_c 5" in heard["C0:FF:EE:00:00:01"]["formats"]["ruuvi"]
    assert "temp_c 6" in heard["C0:FF:EE:00:00:02"]["formats"]["govee"]
    assert heard["C0:FF:EE:00:00:01"]["raw"]


async def speak(bluez: FakeBlueZ, sensors: list[VirtualSensor]) -> None:
    at_s = 0.0
    while True:
        at_s += 1.0
        for sensor in sensors:
            said = sensor.said(at_s)
            if said is not None:
                bluez.say(said)
        await asyncio.sleep(0.1)


async def test_without_bluez_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    heard, why_not = await hear_around(0.1)
    assert heard == () and "bluetoothctl power on" in why_not
