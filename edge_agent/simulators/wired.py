"""``line``, ``counter`` and ``dust``: serial devices on pseudo-terminals, run by hand."""

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer
from rich.console import Console

from edge_agent.drivers.modbus.profile import Profile, load_profile
from edge_agent.errors import ProfileError
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from edge_agent.simulators.particle_counter import SimulatedCounter
from edge_agent.simulators.particle_sensor import Glitch, SimulatedPms5003, SimulatedSps30
from edge_agent.simulators.room import ColdRoom, LiveRoom

out = Console(highlight=False, markup=False, soft_wrap=True)

PARTICLES = (120, 14, 6, 2, 1, 1, 0, 0)
"""Mean counts of a sample, smallest size first: about ISO class 5 in one cubic foot."""
Framing = Literal["rtu", "ascii"]
FramingOption = Annotated[str, typer.Option(help="rtu or ascii.")]
LinkOption = Annotated[Path | None, typer.Option(help="Where the serial port is to appear (a symbolic link).")]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same values.")]
FaultOption = Annotated[FaultKind | None, typer.Option(help="A fault that all units have from the start.")]


def line(
    profile: Annotated[
        list[str] | None, typer.Option(help="Sensor model, once per sensor: a file of config/devices.")
    ] = None,
    framing: FramingOption = "rtu",
    link: LinkOption = None,
    echoes: Annotated[bool, typer.Option(help="The adapter hears itself.")] = False,
    dead: Annotated[list[int] | None, typer.Option(help="A unit that never answers; may be given again.")] = None,
    fault: FaultOption = None,
    seed: SeedOption = 1,
) -> None:
    """A cold room with RS-485 sensors on one serial port. Units are numbered from 1."""
    models = [_model(name) for name in profile or ["xy-md02", "vaisala-hmp"]]
    strangers = sorted({m.name for model in models for m in model.metric} - {"temp_c", "rh_pct"})
    if strangers or any(model.counter for model in models):
        raise typer.BadParameter(f"a cold room has no {', '.join(strangers) or 'particle counter on this line'}")
    room = LiveRoom(ColdRoom(seed), time.monotonic)
    sensors = [SimulatedDevice(model, unit, room.values) for unit, model in enumerate(models, start=1)]
    for sensor in sensors:
        if fault is not None or sensor.unit in (dead or ()):
            sensor.misbehave(FaultKind.DEAD if sensor.unit in (dead or ()) else fault or FaultKind.DEAD, delay_s=2.0)
    path = link or _new_path("line")
    simulator = ModbusLineSimulator(path, sensors, _framing(framing), echoes=echoes, seed=seed)
    _run(_serve_line(simulator))


def counter(
    profile: Annotated[str, typer.Option(help="lighthouse, pms-airnet2 or metone-6000.")] = "lighthouse",
    framing: FramingOption = "rtu",
    link: LinkOption = None,
    sample_s: Annotated[int, typer.Option(min=1, max=3600, help="Length of a sample.")] = 60,
    particles: Annotated[float, typer.Option(min=0, help="How many times cleaner or dirtier than ISO 5.")] = 1.0,
    spoilt: Annotated[bool, typer.Option(help="Every sample fails a check of its own status.")] = False,
    seed: SeedOption = 1,
) -> None:
    """A particle counter with its record queue: on a serial port, or on TCP if it is one with Ethernet.

    Samples end every --sample-s seconds while it runs; the gateway may start it.
    """
    model = _model(profile)
    if model.counter is None:
        raise typer.BadParameter(f"{profile} is no particle counter", param_hint="--profile")
    order: Literal["high_first"] | None = "high_first" if model.link.word_order_open else None
    device = SimulatedCounter(model, model.link.unit, lambda: int(time.time()), word_order=order)
    says = tuple(check.says for check in model.counter.check if check.of == "record")[:1] if spoilt else ()
    _run(_serve_counter(device, link or _new_path("counter"), _framing(framing), sample_s, particles, says, seed))


def dust(
    model: Annotated[str, typer.Option(help="pms5003 or sps30.")] = "pms5003",
    link: LinkOption = None,
    glitch: Annotated[Glitch | None, typer.Option(help="What goes wrong all the time.")] = None,
    seed: SeedOption = 1,
) -> None:
    """A cheap particle sensor on a serial port, to develop with."""
    if model not in ("pms5003", "sps30"):
        raise typer.BadParameter(f"{model} is neither pms5003 nor sps30", param_hint="--model")
    _run(_serve_dust(model, link or _new_path("dust"), glitch, seed))


async def _serve_line(simulator: ModbusLineSimulator[SimulatedDevice]) -> None:
    async with simulator:
        lines = [*_bus_lines("line-1", simulator.path, simulator.framing), 'parity = "none"', "stopbits = 1"]
        for sensor in simulator.devices.values():
            lines += ["", "[[device]]", f'name = "cold-room/probe-{sensor.unit}"', 'bus = "line-1"']
            lines += [f'profile = "{sensor.profile.name}"', f"unit = {sensor.unit}", "poll_s = 5"]
            if sensor.profile.link.address_offset_choices:
                lines.append(f"address_offset = {sensor.address_offset}")
        await _serve("A cold room with sensors on one line.", lines)


async def _serve_counter(
    device: SimulatedCounter,
    path: Path,
    framing: Framing,
    sample_s: int,
    particles: float,
    spoilt: tuple[str, ...],
    seed: int,
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    async with contextlib.AsyncExitStack() as stack:
        if device.profile.link.tcp_port is not None:
            endpoint = await stack.enter_async_context(ModbusTcpSimulator([device]))
            lines = ["[[bus]]", 'kind = "modbus-tcp"', 'name = "cleanroom"', f'host = "{endpoint.host}"']
            lines.append(f"port = {endpoint.port}")
        else:
            await stack.enter_async_context(ModbusLineSimulator(path, [device], framing, seed=seed))
            lines = [*_bus_lines("cleanroom", path, framing), 'parity = "none"', "stopbits = 1"]
        lines += ["", "[[device]]", 'name = "cleanroom/counter-1"', 'bus = "cleanroom"']
        lines += [f'profile = "{device.profile.name}"', f"unit = {device.unit}", "poll_s = 2"]
        proven = ", ".join(f'"{doubt.name}"' for doubt in device.profile.doubt)
        lines += [f"proven = [{proven}]"] if proven else []
        lines += [f'word_order = "{device.word_order}"'] if device.word_order else []
        lines += ["", "[device.counter]", "sizes_um = [0.5, 5.0]", f"flow_l_per_min = {device.flow_l_per_min}"]
        lines += [f"sample_s = {sample_s}", "keep_running = true"]
        counting = asyncio.create_task(_count(device, sample_s, particles, spoilt, chance))
        stack.callback(counting.cancel)
        await _serve(f"{device.profile.title}: a sample every {sample_s} s.", lines)


async def _count(
    device: SimulatedCounter, sample_s: int, particles: float, spoilt: tuple[str, ...], chance: random.Random
) -> None:
    while True:
        await asyncio.sleep(sample_s)
        if not device.is_running:
            continue
        small = max(0, round(chance.gauss(particles * PARTICLES[0], (particles * PARTICLES[0]) ** 0.5)))
        large = sum(chance.random() < 0.01 for _ in range(small))
        device.finish((small, large), sample_s, spoilt)
        out.print(f"sample: {small} from 0.5 µm, {large} from 5 µm; {len(device.records)} kept")


async def _serve_dust(model: str, path: Path, glitch: Glitch | None, seed: int) -> None:
    numbers = (1.2, 2.3, 2.9, 3.1, 7.9, 9.2, 9.5, 9.6, 9.6, 0.55)
    device: SimulatedPms5003 | SimulatedSps30
    if model == "pms5003":
        device = SimulatedPms5003(path, (1200, 340, 55, 6, 1, 0), seed=seed)
    else:
        device = SimulatedSps30(path, numbers, seed=seed)
    device.glitch = glitch
    async with device:
        lines = ["[[particle_sensor]]", 'name = "bench/dust"', f'model = "{model}"', f'port = "{path}"', "poll_s = 5"]
        await _serve(f"A {model}, indicative only.", lines)


async def _serve(what: str, lines: list[str]) -> None:
    out.print(f"{what} A gateway hears it with this configuration:\n")
    out.print("\n".join(lines))
    out.print("\nCtrl+C ends.")
    await asyncio.Event().wait()


def _bus_lines(name: str, path: Path, framing: str) -> list[str]:
    return ["[[bus]]", f'kind = "modbus-{framing}"', f'name = "{name}"', f'port = "{path}"', "baudrate = 9600"]


def _model(name: str) -> Profile:
    try:
        return load_profile(name)
    except ProfileError as error:
        raise typer.BadParameter("\n".join(error.faults), param_hint="--profile") from error


def _framing(text: str) -> Framing:
    if text not in ("rtu", "ascii"):
        raise typer.BadParameter(f"{text} is neither rtu nor ascii", param_hint="--framing")
    return cast(Framing, text)


def _new_path(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix="lotwarden-")) / name


def _run(serving: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serving)
