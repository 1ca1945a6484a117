"""``edge-agent add``: write a device into the configuration, once it is proven what it is."""

import asyncio
import difflib
import os
import re
import sys
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge_agent.bench.judge import Sense
from edge_agent.bench.probe import (
    BaudrateOption,
    HostOption,
    OffsetOption,
    OrderOption,
    ParityOption,
    PortOption,
    ProfilesDirOption,
    SerialOption,
    StopbitsOption,
    UnitOption,
    as_data,
    run_probe,
    show,
)
from edge_agent.bench.proving import Report, Target
from edge_agent.bench.target import Place, ad_hoc_target, bus_at, bus_named, seen_of
from edge_agent.clock import SystemClock
from edge_agent.commands import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, fail, print_json
from edge_agent.config import DeviceSection, GatewayConfig, ModbusTcpBus
from edge_agent.config_edit import TomlValue, with_section
from edge_agent.config_load import load_config
from edge_agent.drivers.build import ModbusBus
from edge_agent.durable import sync_directory
from edge_agent.errors import BenchError
from edge_agent.sources import plan_sources


def add_command(
    name: Annotated[str, typer.Argument(help="What the device is to be called: PLACE/WHAT, e.g. fridge-a/probe-1.")],
    profile: Annotated[str, typer.Option(help="Model: a file of config/devices.")],
    config: ConfigOption = DEFAULT_CONFIG,
    bus: Annotated[str | None, typer.Option("--bus", help="A bus of the configuration; or give --host.")] = None,
    host: HostOption = None,
    port: PortOption = None,
    serial_port: SerialOption = None,
    baudrate: BaudrateOption = None,
    parity: ParityOption = None,
    stopbits: StopbitsOption = None,
    unit: UnitOption = None,
    address_offset: OffsetOption = None,
    word_order: OrderOption = None,
    fahrenheit: Annotated[bool, typer.Option(help="The unit was ordered with °F.")] = False,
    poll_s: Annotated[float, typer.Option(min=0.1, max=86400, help="How often it is read.")] = 10.0,
    seen: Annotated[
        list[str] | None,
        typer.Option("--seen", metavar="NAME=VALUE", help='What is on the device: --seen "serial number=12345678".'),
    ] = None,
    unproven: Annotated[
        str | None, typer.Option(metavar="REASON", help="Add it without proof; the reason becomes a comment.")
    ] = None,
    bus_name: Annotated[str | None, typer.Option(help="Name of the bus, if --host needs a new one.")] = None,
    profiles_dir: ProfilesDirOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Probe a device, prove it, and write it into the configuration.

    It is written only if a proof register shows what it must: a known value, or what you read on the device. Comments
    and order of the file stay; the change is shown first; the file is replaced whole or not at all.
    """
    console = Console(highlight=False, stderr=as_json)
    with errors_told():
        loaded = load_config(config)
        place = Place(host, port, serial_port, baudrate, parity, stopbits)
        own_dir = profiles_dir or loaded.gateway.profiles_dir
        bus_section, is_new_bus = _bus(loaded, bus, place, bus_name)
        target = ad_hoc_target(profile, unit, address_offset, word_order, own_dir)
        target = replace(target, variant=replace(target.variant, fahrenheit=fahrenheit))
        _refuse_duplicates(loaded, name, bus_section, target.unit)
        known = seen_of(seen or ())
        report = asyncio.run(run_probe(bus_section, target, own_dir, known))
        asks = sys.stdin.isatty() and not yes
        if report.judgement.sense is Sense.PLAUSIBLE and unproven is None and asks:
            known |= _asked_for(report)  # before the values are shown, so that nobody copies them
            report = asyncio.run(run_probe(bus_section, target, own_dir, known))
        if not as_json:
            show(report, console, with_bytes=report.judgement.sense is not Sense.PROVEN)
        comment = _proof_comment(report, unproven)
        before = _text(config)
        text = _changed(before, name, bus_section, is_new_bus, target, poll_s, comment)
        _refuse_bad(config, before, text)
        diff = _diff(before, text, config)
        if as_json and not yes:
            fail("--json cannot ask: give --yes, too")
        if not as_json:
            console.print("\n[bold]This is added to the configuration[/bold]")
            console.print(diff, markup=False)
        if not yes and not _agreed():
            fail("nothing was written")
        _write(config, before, text)
    if as_json:
        print_json({"written": str(config), "diff": diff, **as_data(report)})
    else:
        console.print(f"Written to {config}. The agent reads it at its next start: sudo systemctl restart edge-agent")


def _bus(config: GatewayConfig, name: str | None, place: Place, new_name: str | None) -> tuple[ModbusBus, bool]:
    """The bus, and whether it is to be added."""
    if name is not None:
        return bus_named(config, name), False
    if not place.is_given:
        known = ", ".join(bus.name for bus in config.bus) or "none yet"
        raise BenchError((f"where is it? Give --bus (there are: {known}), --host or --serial-port",))
    bus = bus_at(place)
    for there in config.bus:
        if isinstance(there, ModbusBus) and _address(there) == _address(bus):
            return there, False
    taken = {there.name for there in config.bus}
    if new_name in taken:
        raise BenchError((f"there is a bus {new_name!r} already, at another address: choose another --bus-name",))
    where = f"tcp-{bus.host}" if isinstance(bus, ModbusTcpBus) else f"rs485-{Path(bus.port).name}"
    base = new_name or re.sub(r"[^a-z0-9]+", "-", where.lower()).strip("-")[:50]
    chosen = next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
    return bus.model_copy(update={"name": chosen}), True


def _address(bus: ModbusBus) -> tuple[object, object]:
    return (getattr(bus, "host", None), bus.port)


def _refuse_duplicates(config: GatewayConfig, name: str, bus: ModbusBus, unit: int) -> None:
    kinds = {
        "device": [device.name for device in config.device],
        "scanner": [scanner.name for scanner in config.scanner],
    }
    faults = [f"{kind} {name!r} is there already: choose another name" for kind in kinds if name in kinds[kind]]
    faults += [
        f"unit {unit} of bus {bus.name} is {device.name} already: give the new one another unit id, or remove that one"
        for device in config.device
        if isinstance(device, DeviceSection) and (device.bus, device.unit) == (bus.name, unit)
    ]
    if faults:
        raise BenchError(tuple(faults))


def _asked_for(report: Report) -> dict[str, str]:
    """What a person reads on the device, for each proof register that only a person can compare."""
    answers: dict[str, str] = {}
    print("\nLook at the device itself and type what is there; Enter if it cannot be seen.")
    for proof in report.judgement.proofs:
        label = next(p.label for p in report.target.profile.proof if p.name == proof.name)
        if proof.fits is None:
            typed = input(f"  {proof.name} ({label}): ").strip()
            if typed:
                answers[proof.name] = typed
    return answers


def _proof_comment(report: Report, unproven: str | None) -> str:
    today = SystemClock().now().date().isoformat()
    judgement = report.judgement
    if judgement.sense is Sense.PROVEN:
        return f"Proven {today}: {'; '.join(judgement.reasons).removeprefix('proof: ')}."
    why = "; ".join(judgement.reasons)
    if any(proof.fits is False for proof in judgement.proofs):
        raise BenchError((f"not added, a proof register contradicts, and no reason outweighs that: {why}",))
    if unproven is None:
        what = "it is silent" if report.is_silent else judgement.sense.name.lower()
        raise BenchError(
            (
                f"not added, because it is not proven ({what}): {why}",
                *(f"what makes sense instead: {other.says}" for other in report.others[:1]),
                *_how_to_prove(report),
            )
        )
    if len(unproven.strip()) < 8:
        raise BenchError(
            ('--unproven needs a reason that somebody else understands later, e.g. "agrees with ref. 12"',)
        )
    return f"NOT PROVEN {today}: {unproven.strip()} ({why})"


def _how_to_prove(report: Report) -> tuple[str, ...]:
    names = [proof.name for proof in report.judgement.proofs if proof.fits is None]
    if names:
        return (f'give what you read on the device, e.g. --seen "{names[0]}=...", or --unproven with a reason',)
    return ("mend that first, or give --unproven with a reason",)


def _changed(
    text: str, name: str, bus: ModbusBus, is_new_bus: bool, target: Target, poll_s: float, comment: str
) -> str:
    if is_new_bus:
        text = with_section(text, "bus", bus.model_dump(mode="json", exclude_unset=True, exclude_none=True))
    device: dict[str, TomlValue] = {"name": name, "bus": bus.name, "profile": target.profile.name, "unit": target.unit}
    device["poll_s"] = int(poll_s) if poll_s == int(poll_s) else poll_s
    if target.variant.address_offset or target.profile.link.address_offset_choices:
        device["address_offset"] = target.variant.address_offset
    if target.variant.word_order is not None:
        device["word_order"] = target.variant.word_order
    if target.variant.fahrenheit:
        device["fahrenheit"] = True
    return with_section(text, "device", device, (comment,))


def _refuse_bad(path: Path, before: str, after: str) -> None:
    """The new text must be a good configuration, and must have every line of the old one, in its order."""
    if any(line.startswith("-") for line in list(difflib.ndiff(before.splitlines(), after.splitlines()))):
        raise BenchError((f"{path} has a form that cannot be added to safely: add the lines by hand",))
    old, new = tomllib.loads(before), tomllib.loads(after)
    if any(new.get(key) != value for key, value in old.items() if key not in ("bus", "device")):
        raise BenchError((f"{path} has a form that cannot be added to safely: add the lines by hand",))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "gateway.toml"
        trial.write_text(after, encoding="utf-8")
        plan_sources(load_config(trial), SystemClock())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _diff(before: str, after: str, path: Path) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="", n=2)
    return "\n".join(lines)


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Write it? [y/N] ").strip().lower() in ("y", "yes")


def _write(path: Path, before: str, after: str) -> None:
    """Whole or not at all, with the owner and mode of before. Raises ``BenchError``."""
    real = path.resolve()
    fresh = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        if _text(real) != before:
            raise BenchError((f"{path} was changed meanwhile by somebody else: run this again",))
        there = real.stat()
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, there.st_mode & 0o777)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), there.st_mode & 0o777)
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), there.st_uid, there.st_gid)
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(real)
        finally:
            fresh.unlink(missing_ok=True)
        sync_directory(real.parent)
    except OSError as error:
        raise BenchError((f"{path} cannot be written ({error.strerror}); nothing was changed: try sudo",)) from error
