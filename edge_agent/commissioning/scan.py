"""``edge-agent scan``: what is connected, and what it probably is."""

import asyncio
import shlex
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.ble import HeardDevice, adapters, hear_around
from edge_agent.commissioning.console_lists import print_hanging
from edge_agent.commissioning.identification import Budget
from edge_agent.commissioning.ports import SerialPort, serial_ports
from edge_agent.commissioning.probe import (
    BaudrateOption,
    FramerOption,
    ParityOption,
    PortOption,
    ProfilesDirOption,
    StopbitsOption,
    judgement_data,
)
from edge_agent.commissioning.scanning import (
    DeviceSearch,
    FoundDevice,
    hosts_of,
    likely_units,
    open_hosts,
    search_units,
    units_of,
)
from edge_agent.commissioning.target import Place, all_profiles, bus_at, bus_named, buses_at
from edge_agent.commissioning.transcript import TranscriptLine
from edge_agent.config.model import ModbusTcpBus
from edge_agent.drivers.build import ModbusBus
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.runtime.config_loader import load_config

SCAN_TIMEOUT_S = 0.3
"""How long one unit may take; a search asks many that are not there."""


def scan_command(
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Ask this Modbus TCP endpoint, HOST or HOST:PORT. Repeatable.")
    ] = None,
    subnet: Annotated[
        str | None, typer.Option(help="Look for Modbus TCP in this network of at most 256 addresses, e.g. 10.0.0.0/24.")
    ] = None,
    serial_port: Annotated[
        list[str] | None, typer.Option("--serial-port", help="Ask the units on this RS-485 port. Repeatable.")
    ] = None,
    bus: Annotated[
        list[str] | None, typer.Option("--bus", help="Ask the units on this bus of the configuration.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="Which unit ids, e.g. 1-247 or 1-10,240. Else the likely ones.")
    ] = None,
    port: PortOption = None,
    framer: FramerOption = None,
    baudrate: BaudrateOption = None,
    parity: ParityOption = None,
    stopbits: StopbitsOption = None,
    ble: Annotated[bool | None, typer.Option("--ble/--no-ble", help="Listen for Bluetooth sensors.")] = None,
    ble_s: Annotated[float, typer.Option(min=1, max=120, help="How long to listen for Bluetooth.")] = 10.0,
    adapter: Annotated[str, typer.Option(help="Bluetooth adapter.")] = "hci0",
    timeout_s: Annotated[float, typer.Option(min=0.05, max=10, help="Longest wait for one unit.")] = SCAN_TIMEOUT_S,
    budget_s: Annotated[float, typer.Option(min=1, max=3600, help="Longest time for the whole search.")] = 120.0,
    config: ConfigOption = DEFAULT_CONFIG,
    profiles_dir: ProfilesDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """List serial ports and Bluetooth sensors in range, and search buses and networks that you name.

    No network and no bus is asked unless you name it: asking a bus disturbs whatever else reads it. Devices are only
    read. Ctrl+C ends the search and shows what was found so far.
    """
    console = Console(highlight=False)
    with errors_told():
        wanted_units = units_of(units) if units else None
        hosts = hosts_of(subnet) if subnet else ()
        places = [Place(host=one, port=port, timeout_s=timeout_s, framer=framer) for one in host or ()]
        places += [Place(None, None, one, baudrate, parity, stopbits, timeout_s, framer) for one in serial_port or ()]
        buses: list[ModbusBus] = []
        if bus:
            loaded = load_config(config)
            buses += [bus_named(loaded, name).model_copy(update={"timeout_s": timeout_s}) for name in bus]
            profiles_dir = profiles_dir or loaded.gateway.profiles_dir
        profiles = all_profiles(profiles_dir)
        buses += [found for place in places for found in buses_at(place, profiles)]
        is_asked = bool(buses or hosts)
        search = DeviceSearch([], [])
        with Status("", console=Console(stderr=True)) as status:
            try:
                asyncio.run(
                    _search(buses, hosts, port or 502, timeout_s, wanted_units, profiles, budget_s, search, status)
                )
            except KeyboardInterrupt:
                search.notes.append("the search was broken off; this is what was found until then")
            heard, why_not = _bluetooth(ble if ble is not None else not is_asked, ble is True, ble_s, adapter, status)
    is_asked = is_asked or ble is True
    ports = () if is_asked else serial_ports()
    if as_json:
        print_json(_as_data(ports, search, heard, why_not))
    else:
        _show(ports, search, heard, why_not, console, is_asked=is_asked)


async def _search(
    buses: list[ModbusBus],
    hosts: tuple[str, ...],
    port: int,
    timeout_s: float,
    units: tuple[int, ...] | None,
    profiles: tuple[Profile, ...],
    budget_s: float,
    search: DeviceSearch,
    status: Status,
) -> None:
    budget = Budget(budget_s)
    if hosts:
        found = await open_hosts(hosts, port, status.update)
        search.notes.append(f"{len(found)} of {len(hosts)} addresses take connections on port {port}")
        buses = [*buses, *(bus_at(Place(host=host, port=port, timeout_s=timeout_s)) for host in found)]
    for bus in buses:
        with TranscriptLine(bus, profiles, attempts=1) as line:
            if line.endpoint in search.closed:
                continue
            # A serial port comes once for each setting: what answered to one need not be asked again.
            found_there = {one.unit for one in search.found if one.endpoint == line.endpoint}
            asked = [unit for unit in units or likely_units(profiles) if unit not in found_there]
            await search_units(line, asked, profiles, budget, search, status.update)
            await line.let_go()


def _bluetooth(
    is_wanted: bool, is_asked_for: bool, listen_s: float, adapter: str, status: Status
) -> tuple[tuple[HeardDevice, ...], str]:
    if not is_wanted:
        return (), ""
    if not is_asked_for and not adapters():
        return (), "no Bluetooth adapter is there"
    status.update(f"listening for Bluetooth for {listen_s:g} s")
    try:
        return asyncio.run(hear_around(listen_s, adapter))
    except KeyboardInterrupt:
        return (), "listening for Bluetooth was broken off"


def _as_data(
    ports: tuple[SerialPort, ...], search: DeviceSearch, heard: tuple[HeardDevice, ...], why_not: str
) -> dict[str, Any]:
    return {
        "serial_ports": [asdict(port) for port in ports],
        "modbus": [
            {
                "endpoint": one.endpoint,
                "unit": one.unit,
                "note": one.note,
                "candidates": [judgement_data(candidate) for candidate in one.candidates],
            }
            for one in search.found
        ],
        "bluetooth": [asdict(one) for one in heard],
        "notes": [*search.notes, *([why_not] if why_not else [])],
    }


def _show(
    ports: tuple[SerialPort, ...],
    search: DeviceSearch,
    heard: tuple[HeardDevice, ...],
    why_not: str,
    console: Console,
    *,
    is_asked: bool,
) -> None:
    if not is_asked:
        _show_ports(ports, console)
    else:
        _show_units(search, console)
    if heard:
        _show_bluetooth(heard, console)
    for note in (*search.notes, *([why_not] if why_not else [])):
        print_hanging(console, "", note)
    if not is_asked:
        console.print(
            "\nTo ask a Modbus bus:  edge-agent scan --host 192.0.2.10   or   --serial-port /dev/serial/by-id/...\n"
            "To look through a network of yours:  edge-agent scan --subnet 192.0.2.0/24",
            markup=False,
        )


def _show_ports(ports: tuple[SerialPort, ...], console: Console) -> None:
    if not ports:
        console.print("No serial port is there (nothing in /dev/ttyUSB*, ttyACM*, ttyS* that answers).")
        return
    table = Table(title="Serial ports", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in ("port", "USB", "says", "probably"):
        table.add_column(column)
    for port in ports:
        table.add_row(port.path, port.usb or "-", escape(port.name) or "-", port.probably)
    console.print(table)


def _show_units(search: DeviceSearch, console: Console) -> None:
    for one in search.found:
        note = f"  ({one.note})" if one.note else ""
        console.print(f"[bold]unit {one.unit} at {one.endpoint}[/bold]{note}")
        best = max((candidate.sense for candidate in one.candidates), default=Sense.ODD)
        for candidate in [candidate for candidate in one.candidates if candidate.sense >= best][:3]:
            values = ", ".join(f"{shown.name} {shown.shown}" for shown in candidate.values)
            name, colour = _SENSES[candidate.sense]
            print_hanging(console, f"  {name:<9}  ", f"{candidate.says}: {values}", colour)
            told = [f"{proof.name} {proof.shown}: {proof.says}" for proof in candidate.proofs]
            for line in (*told, *(candidate.reasons if candidate.sense is Sense.ODD else ())):
                print_hanging(console, " " * 13, line)
        if one.candidates:
            console.print(f"  next: {_next_command(one)}\n", markup=False, soft_wrap=True)
    if not search.found and search.asked:
        console.print(f"No unit answered ({search.asked} asked).")


def _show_bluetooth(heard: tuple[HeardDevice, ...], console: Console) -> None:
    table = Table(title="Bluetooth in range", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in ("address", "name", "dBm", "format"):
        table.add_column(column, no_wrap=column != "name")
    table.add_column("shows")
    for one in heard:
        formats = list(one.formats.items()) or [("-", "")]
        table.add_row(one.address, escape(one.name) or "-", str(one.rssi_dbm), formats[0][0], escape(formats[0][1]))
        for name, shows in formats[1:]:
            table.add_row("", "", "", f"or {name}", escape(shows))
    console.print(table)
    sensor = next((one for one in heard if one.formats), None)
    if sensor is not None:
        console.print(f"  next: edge-agent probe {sensor.address}", markup=False)
        console.print(f"        edge-agent add PLACE/NAME --address {sensor.address}\n", markup=False)


def _next_command(one: FoundDevice) -> str:
    best = one.candidates[0]
    words = ["edge-agent", "add", "NAME", *_address(one.bus, best.profile), "--unit", str(one.unit)]
    words += ["--profile", best.profile.name]
    if best.variant.address_offset or best.profile.link.address_offset_choices:
        words += ["--address-offset", str(best.variant.address_offset)]
    if best.variant.word_order is not None:
        words += ["--word-order", best.variant.word_order]
    if best.profile.link.inputs > 1:
        words += ["--input", "1"]  # the one that was looked at; each other input in use is added the same way
    counter = " --size-um ... --flow-l-per-min ... --sample-s ..." if best.profile.counter is not None else ""
    return shlex.join(words) + counter


def _address(bus: ModbusBus, profile: Profile) -> list[str]:
    """The options that lead there again. Settings that are the model's own need not be said."""
    if isinstance(bus, ModbusTcpBus):
        framer = [] if bus.framer == "tcp" else ["--framer", bus.framer]
        return ["--host", f"{bus.host}:{bus.port}", *framer]
    words = ["--serial-port", bus.port, *(["--framer", "ascii"] if bus.kind == "modbus-ascii" else [])]
    own = profile.serial
    if own is not None and (own.baudrate, own.parity) == (bus.baudrate, bus.parity):
        return words
    settings = (("--baudrate", bus.baudrate), ("--parity", bus.parity), ("--stopbits", bus.stopbits))
    return [*words, *(str(word) for option, value in settings if value is not None for word in (option, value))]


_SENSES = {
    Sense.PROVEN: ("proven", "bold green"),
    Sense.PLAUSIBLE: ("plausible", "green"),
    Sense.ODD: ("odd", "yellow"),
}
