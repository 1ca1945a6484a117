"""``ble``: run virtual Bluetooth sensors by hand."""

import asyncio
import math
import struct
import time
from collections.abc import Callable
from typing import Annotated

import typer

from edge_agent.drivers.ble.formats.gatt_ess import HUMIDITY_UUID, TEMPERATURE_UUID
from edge_agent.drivers.ble.registry import FORMATS, format_names
from edge_agent.simulators.ble.bluez import FakeBlueZ, private_bus
from edge_agent.simulators.ble.sensors import Fault, VirtualSensor

PERIOD_S = 600.0


def ble(
    sensor: Annotated[list[str] | None, typer.Option(help="A format, e.g. pvvx; may be given several times.")] = None,
    interval_s: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds between advertisements.")] = 2.0,
    celsius: Annotated[float, typer.Option(help="Mean temperature; it swings by 1 °C in ten minutes.")] = 5.0,
    fault: Annotated[
        list[Fault] | None, typer.Option(help="A fault of all sensors; may be given several times.")
    ] = None,
    bindkey: Annotated[str, typer.Option(help="32 hex digits: sensors that can encrypt do so.")] = "",
    passive: Annotated[bool, typer.Option(help="Whether this BlueZ can scan passively.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
) -> None:
    """Bluetooth sensors on a BlueZ of their own, without a radio; prints what to set for the gateway."""
    kinds = sensor or list(format_names())
    if wrong := [kind for kind in kinds if kind not in format_names()]:
        raise typer.BadParameter(f"{', '.join(wrong)}: choose among {', '.join(format_names())}")
    try:
        key = bytes.fromhex(bindkey)
    except ValueError:
        key = b"?"
    if len(key) not in (0, 16):
        raise typer.BadParameter("a bindkey is 32 hexadecimal digits")
    curve = _curve(celsius)
    sensors = [
        VirtualSensor(kind, f"C0:FF:EE:00:00:{number:02X}", curve, key=key or None, seed=seed + number)
        for number, kind in enumerate(kinds)
    ]
    for one in sensors:
        one.faults = set(fault or ())
    try:
        asyncio.run(_run(sensors, curve, interval_s, passive, bindkey))
    except KeyboardInterrupt:
        raise typer.Exit from None
    except FileNotFoundError:
        typer.echo("dbus-daemon is not installed. On Debian: sudo apt install dbus-daemon", err=True)
        raise typer.Exit(1) from None


def _curve(celsius: float) -> Callable[[float], float]:
    return lambda at_s: celsius + math.sin(2 * math.pi * at_s / PERIOD_S)


def _configuration(sensors: list[VirtualSensor], interval_s: float, bindkey: str) -> str:
    """What the gateway's configuration needs to hear these sensors."""
    lines = ['[[bus]]\nkind = "ble"\nname = "ble"\n']
    for one in sensors:
        key = f'bindkey = "{bindkey}"\n' if bindkey and FORMATS[one.kind].takes_key else ""
        lines.append(
            f'[[device]]\nname = "sim/{one.kind}"\nbus = "ble"\nformat = "{one.kind}"\naddress = "{one.address}"\n'
            f"{key}poll_s = {max(1.0, interval_s)}\n"
        )
    return "\n".join(lines)


async def _run(
    sensors: list[VirtualSensor], curve: Callable[[float], float], interval_s: float, passive: bool, bindkey: str
) -> None:
    async with private_bus() as address, FakeBlueZ(address, passive=passive) as bluez:
        typer.echo(f"# Start the gateway with DBUS_SYSTEM_BUS_ADDRESS={address}")
        typer.echo(_configuration(sensors, interval_s, bindkey))
        started_s = time.monotonic()
        served: set[str] = set()
        while True:
            at_s = time.monotonic() - started_s
            for one in sensors:
                said = one.said(at_s)
                if said and bluez.say(said) and one.kind == "gatt-ess" and one.address not in served:
                    served.add(one.address)
                    bluez.serve(one.address, _characteristics(curve, started_s))
            await asyncio.sleep(interval_s)


def _characteristics(curve: Callable[[float], float], started_s: float) -> dict[str, Callable[[], bytes]]:
    return {
        TEMPERATURE_UUID: lambda: struct.pack("<h", round(curve(time.monotonic() - started_s) * 100)),
        HUMIDITY_UUID: lambda: struct.pack("<H", 4500),
    }
