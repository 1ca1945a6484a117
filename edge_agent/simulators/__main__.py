"""Simulated devices to try a gateway with, without owning one: ``python -m edge_agent.simulators --help``."""

import asyncio
import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console

from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.errors import ProfileError
from edge_agent.simulators.ble import ble
from edge_agent.simulators.link import CutMode, Relay
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator, SimulatedDevice
from edge_agent.simulators.room import ColdRoom, LiveRoom, RoomState
from edge_agent.simulators.scanner import scanner
from edge_agent.simulators.wired import counter, dust, line

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Storage rooms, scanners and cables that exist in software only.\n\n"
    "A real gateway cannot tell them from real ones: they speak the same bytes. Start a [bold]room[/bold] in one "
    "terminal, write the lines it prints into a gateway's configuration, start the gateway in another terminal, and "
    "open the door. Put a [bold]link[/bold] between the gateway and anything it talks to, and pull the cable.\n\n"
    "Each one runs until you press Ctrl+C, and takes commands that you type.",
)
out = Console(highlight=False)

DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}


def duration_s(text: str) -> float:
    """``90``, ``90s``, ``1.5m`` or ``2h`` in seconds."""
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a duration; write e.g. 60s, 5m or 1.5h")
    return float(found[1]) * UNITS_S[found[2] or "s"]


@app.command()
def room(
    port: Annotated[int, typer.Option(help="TCP port to listen on; 0 lets the system choose a free one.")] = 5020,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network card.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="The same seed gives the same room, degree by degree.")] = 1,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="Sensor model, once per sensor: a file of config/devices. Else one xy-md02."),
    ] = None,
    unit: Annotated[
        list[int] | None, typer.Option(help="Modbus unit id, once per sensor; else what the factory sets.")
    ] = None,
    scale: Annotated[float, typer.Option(min=0.01, help="How many times faster than real time the room lives.")] = 1.0,
    door_open_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Leave the door open after this time, e.g. 60s.")
    ] = None,
    door_close_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Close the door again after this time.")
    ] = None,
    compressor_off_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop the compressor after this time.")
    ] = None,
) -> None:
    """A cold room of 2 to 8 °C with Modbus TCP sensors in it.

    Times are in the room's own time: with --scale 60, --door-open-after 5m happens after five seconds.

    Commands while it runs: open, close (the door), off, on (the compressor), air (what it is now), and
    fault UNIT KIND or fault UNIT none (KIND: dead, delay, late, corrupt, exception, nan, stuck, ...).
    """
    cold_room = ColdRoom(seed)
    for after, state in (
        (door_open_after, RoomState.DOOR_OPEN),
        (door_close_after, RoomState.RUNNING),
        (compressor_off_after, RoomState.COMPRESSOR_OFF),
    ):
        if after is not None:
            cold_room = cold_room.switched(duration_s(after), state)
    live = LiveRoom(cold_room, time.monotonic, scale)
    _run(_serve_room(live, _sensors(profile or ["xy-md02"], unit or [], live), host, port))


@app.command()
def link(
    target: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where the other end of the cable goes.")],
    port: Annotated[int, typer.Option(help="TCP port to listen on; 0 lets the system choose a free one.")] = 5021,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    cut_after: Annotated[int | None, typer.Option(min=1, help="Pull the cable after so many bytes.")] = None,
) -> None:
    """A network cable that you can pull: passes bytes on to HOST:PORT until you say so.

    Commands while it runs: cut (connections break, new ones are refused), hang (everything is silent, as with a
    pulled plug), forget (existing connections are silent for good), mend, and count (bytes so far).
    """
    target_host, _, target_port = target.rpartition(":")
    if not target_host or not target_port.isdigit():
        raise typer.BadParameter(f"{target!r} is not an address; write HOST:PORT, e.g. 127.0.0.1:5020")
    _run(_serve_link(Relay(target_host, int(target_port)), host, port, cut_after))


app.command()(scanner)
app.command()(line)
app.command()(counter)
app.command()(dust)
app.command()(ble)


def main() -> None:
    """Run the command line."""
    app()


def _sensors(profiles: list[str], units: list[int], live: LiveRoom) -> list[SimulatedDevice]:
    if len(units) not in (0, len(profiles)):
        raise typer.BadParameter(f"{len(units)} --unit for {len(profiles)} --profile; give one for each, or none")
    sensors = []
    for index, name in enumerate(profiles):
        try:
            model = load_profile(name)
        except ProfileError as error:
            raise typer.BadParameter("\n".join(error.faults)) from error
        strangers = [metric.name for metric in model.metric if metric.name not in ("temp_c", "rh_pct")]
        if strangers:
            raise typer.BadParameter(f"a cold room has no {', '.join(strangers)}, which {name} measures")
        sensors.append(SimulatedDevice(model, units[index] if units else model.link.unit, live.values))
    taken = [sensor.unit for sensor in sensors]
    if len(set(taken)) < len(taken):
        raise typer.BadParameter(f"unit ids {taken} are not all different; give each sensor its own --unit")
    return sensors


async def _serve_room(live: LiveRoom, sensors: list[SimulatedDevice], host: str, port: int) -> None:
    simulator = ModbusTcpSimulator(sensors)
    await _listen(simulator.start(host, port), host, port)
    async with simulator:
        out.print(f"[bold]A cold room of {live.room.set_point_c:g} °C[/bold], seed {live.room.seed}, {live.scale:g}x")
        for sensor in sensors:
            registers = ", ".join(f"{m.name} at {m.address:#06x} ({m.type})" for m in sensor.profile.metric)
            function = sensor.profile.link.function
            out.print(f"  unit {sensor.unit}: {sensor.profile.title}; function {function:02d}: {registers}")
        out.print(f"It listens on {simulator.host}:{simulator.port}. A gateway hears it with this configuration:\n")
        out.print(_configuration(simulator), markup=False)
        out.print("Commands: open, close, off, on, air, fault UNIT KIND, fault UNIT none. Ctrl+C ends.")
        await _commands(lambda words: _room_command(words, live, simulator))


async def _serve_link(relay: Relay, host: str, port: int, cut_after: int | None) -> None:
    await _listen(relay.start(host, port), host, port)
    async with relay:
        if cut_after is not None:
            relay.cut_after(cut_after)
        out.print(f"[bold]A cable[/bold] from {relay.host}:{relay.port} to {relay.target_host}:{relay.target_port}.")
        out.print("Point the client (a gateway's bus, or its uplink) at the first of the two.")
        out.print("Commands: cut, hang, forget, mend, count. Ctrl+C ends.")
        await _commands(lambda words: _link_command(words, relay))


async def _listen(start: Coroutine[Any, Any, None], host: str, port: int) -> None:
    try:
        await start
    except OSError as error:
        reason = error.strerror or error
        out.print(f"Cannot listen on {host}:{port}: {reason}. Choose another --port (0: any free one) or --host.")
        raise typer.Exit(1) from error


def _configuration(simulator: ModbusTcpSimulator[SimulatedDevice]) -> str:
    """The lines that a gateway needs to hear the room."""
    lines = ["[[bus]]", 'kind = "modbus-tcp"', 'name = "cold-room"']
    lines += [f'host = "{simulator.host}"', f"port = {simulator.port}", ""]
    for number, sensor in enumerate(simulator.devices.values(), start=1):
        lines += ["[[device]]", f'name = "cold-room/probe-{number}"', 'bus = "cold-room"']
        lines += [f'profile = "{sensor.profile.name}"', f"unit = {sensor.unit}", "poll_s = 5"]
        if sensor.profile.link.address_offset_choices:
            lines.append(f"address_offset = {sensor.address_offset}")
        lines.append("")
    return "\n".join(lines)


async def _room_command(words: list[str], live: LiveRoom, simulator: ModbusTcpSimulator[SimulatedDevice]) -> str:
    switches: dict[str, Callable[[], None]] = {
        "open": live.open_door,
        "close": live.close_door,
        "off": live.compressor_off,
        "on": live.compressor_on,
        "air": lambda: None,
    }
    match words:
        case [word] if word in switches:
            switches[word]()
            air = live.air()
            state = live.room.state_at(live.elapsed_s()).replace("_", " ")
            return f"{state} at {live.elapsed_s():.0f} s: {air.temp_c:.2f} °C, {air.rh_pct:.1f} %RH"
        case ["fault", unit, kind]:
            return _set_fault(unit, kind, simulator)
        case _:
            return "Commands: open, close, off, on, air, fault UNIT KIND, fault UNIT none."


def _set_fault(unit: str, kind: str, simulator: ModbusTcpSimulator[SimulatedDevice]) -> str:
    sensor = simulator.devices.get(int(unit)) if unit.isdigit() else None
    if sensor is None:
        return f"There is no unit {unit}; there are {', '.join(map(str, simulator.devices))}."
    if kind == "none":
        sensor.behave()
        return f"Unit {unit} behaves."
    if kind not in set(FaultKind):
        return f"There is no fault {kind!r}; there are none, {', '.join(FaultKind)}."
    sensor.misbehave(FaultKind(kind), delay_s=2.0)
    return f"Unit {unit}: {kind}."


async def _link_command(words: list[str], relay: Relay) -> str:
    match words:
        case ["cut"]:
            await relay.cut(CutMode.DIE)
            return "Cut: connections are broken, new ones refused."
        case ["hang"]:
            await relay.cut(CutMode.HANG)
            return "Silent: connections stay, nothing passes."
        case ["forget"]:
            relay.forget_connections()
            return "Existing connections are silent for good; new ones work."
        case ["mend"]:
            await relay.mend()
            return "Mended."
        case ["count"]:
            state = "cut" if relay.is_cut else "intact"
            return f"{relay.bytes_up} bytes up, {relay.bytes_down} down, {relay.connections} connections, {state}."
        case _:
            return "Commands: cut, hang, forget, mend, count."


async def _commands(obey: Callable[[list[str]], Awaitable[str]]) -> None:
    """Obey what is typed until Ctrl+C; without a terminal or pipe to read from, just go on."""
    if _can_be_listened_to(sys.stdin):
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while line := await reader.readline():
            if words := line.decode(errors="replace").split():
                out.print(await obey(words))
    await asyncio.Event().wait()


def _can_be_listened_to(stream: TextIO) -> bool:
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stream.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _run(work: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(work)


if __name__ == "__main__":
    main()
