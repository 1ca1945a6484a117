"""``edge-agent profile new|check|try``: from a maker's manual to a proven profile."""

import asyncio
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.console_lists import print_dashed
from edge_agent.commissioning.probe import (
    BaudrateOption,
    FramerOption,
    HostOption,
    InputOption,
    MetricOption,
    OffsetOption,
    OrderOption,
    ParityOption,
    PortOption,
    ProfilesDirOption,
    SeenOption,
    SerialOption,
    StopbitsOption,
    TimeoutOption,
    UnitOption,
    as_data,
    run_probe,
    show,
)
from edge_agent.commissioning.profile_check import decoded_answer, doubts_about, lines_of
from edge_agent.commissioning.target import Place, UnitPart, ad_hoc_target, bus_at, seen_of
from edge_agent.drivers.modbus.profile import Profile, load_profile, parse_profile, read_profile, shipped_dir
from edge_agent.drivers.modbus.register_decode import plan_requests
from edge_agent.errors import BenchError, ConfigError
from edge_agent.runtime.config_loader import load_config

TEMPLATE = "generic.toml.example"
README = "README.md"

profile = typer.Typer(
    no_args_is_help=True,
    help="A sensor that no shipped profile describes: make a profile, check it, try it on the device.",
)
NameArgument = Annotated[str, typer.Argument(help="Name of the profile, e.g. acme-th1.")]
AnswerOption = Annotated[
    list[str] | None,
    typer.Option("--answer", metavar="HEX", help="An answer as the manual prints it: shows what it means. Repeatable."),
]


@profile.command("new")
def new_command(
    name: NameArgument,
    like: Annotated[str | None, typer.Option("--like", help="Begin with a copy of this profile.")] = None,
    profiles_dir: ProfilesDirOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    guide: Annotated[bool, typer.Option("--guide", help="Print the way from a manual to a profile.")] = False,
) -> None:
    """Write NAME.toml, to be filled in from the maker's manual."""
    with errors_told():
        if guide:
            print((shipped_dir() / README).read_text(encoding="utf-8"))
            return
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,59}", name) is None:
            raise BenchError((f"{name!r} cannot be the name of a profile: lower-case letters, digits, - and _",))
        path = _folder(profiles_dir, config) / f"{name}.toml"
        source = shipped_dir() / (f"{like}.toml" if like else TEMPLATE)
        if like is not None:
            load_profile(like)  # says which there are
        text = re.sub(r'(?m)^name = "[^"]*"', f'name = "{name}"', source.read_text(encoding="utf-8"), count=1)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise BenchError((f"{path} is there already: edit it, or choose another name",)) from None
        except OSError as error:
            raise BenchError((f"{path} cannot be written ({error.strerror}): name another --profiles-dir",)) from error
    print(
        f"{path} is written. Fill it in with the manual beside you, then:\n"
        f"  edge-agent profile check {name} --answer '01 03 ...'   an answer that the manual prints\n"
        f"  edge-agent profile try {name} --host 192.0.2.10        or --serial-port /dev/serial/by-id/...\n"
        "The way in ten steps: edge-agent profile new x --guide"
    )


@profile.command("check")
def check_command(
    name: NameArgument,
    answer: AnswerOption = None,
    input_number: InputOption = None,
    profiles_dir: ProfilesDirOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Check a profile without any device: its faults, its requests, and what answers in the manual mean."""
    with errors_told(1):
        found = _profile(name, profiles_dir, config)
        part = found.at_input(input_number or 1) if found.link.inputs > 1 else found
        decoded = [(text, *decoded_answer(part, text)) for text in answer or ()]
    if as_json:
        print_json(
            {
                "profile": found.name,
                "fingerprint": found.fingerprint,
                "requests": [asdict(request) for request in plan_requests(part)],
                "metrics": [asdict(line) for line in lines_of(part)],
                "doubts": doubts_about(found),
                "answers": [{"hex": text, "values": one.values, "detail": one.detail} for text, one, _ in decoded],
            }
        )
        return
    console = Console(highlight=False)
    _show_profile(found, part, console)
    for text, one, request in decoded:
        values = ", ".join(f"{metric} {value:g}" for metric, value in one.values.items())
        console.print(
            f"\n[bold]{text}[/bold]\n  answers {request.count} registers from {request.address:#06x}: {values}"
        )
        print_dashed(console, [one.detail] if one.detail else [])
    console.print(f"\nNext: edge-agent profile try {name} --host ... or --serial-port ...", markup=False)


@profile.command("try")
def try_command(
    name: NameArgument,
    host: HostOption = None,
    port: PortOption = None,
    serial_port: SerialOption = None,
    framer: FramerOption = None,
    baudrate: BaudrateOption = None,
    parity: ParityOption = None,
    stopbits: StopbitsOption = None,
    unit: UnitOption = None,
    address_offset: OffsetOption = None,
    word_order: OrderOption = None,
    input_number: InputOption = None,
    metric: MetricOption = None,
    timeout_s: TimeoutOption = None,
    seen: SeenOption = None,
    profiles_dir: ProfilesDirOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Read a device with a profile: bytes, values, proof registers, and what would make more sense."""
    with errors_told(1):
        found = _profile(name, profiles_dir, config)
        place = Place(host, port, serial_port, baudrate, parity, stopbits, timeout_s, framer)
        if not place.is_given:
            raise BenchError(("where is the device? Give --host or --serial-port",))
        own_dir = _folder(profiles_dir, config)
        part = UnitPart(input_number, tuple(metric or ()))
        target = ad_hoc_target(found.name, unit, address_offset, word_order, own_dir, part)
        report = asyncio.run(run_probe(bus_at(place), target, own_dir, seen_of(seen or ())))
    if as_json:
        print_json(as_data(report))
    else:
        show(report, Console(highlight=False))
        if report.judgement.sense >= Sense.PLAUSIBLE:
            where = f"--host {host}" if host else f"--serial-port {serial_port}"
            print(f"\nNext: edge-agent add NAME --profile {found.name} {where} --profiles-dir {own_dir}")
    if report.judgement.sense < Sense.PLAUSIBLE:
        raise typer.Exit(1)


def _folder(profiles_dir: Path | None, config: Path) -> Path:
    """Where profiles of the site's own are: as said, else as configured, else here."""
    if profiles_dir is not None:
        return profiles_dir
    try:
        return load_config(config).gateway.profiles_dir or Path("profiles")
    except ConfigError:
        return Path("profiles")


def _profile(name: str, profiles_dir: Path | None, config: Path) -> Profile:
    path = Path(name)
    if path.suffix == ".toml":
        return read_profile(path)
    return load_profile(name, _folder(profiles_dir, config))


def _show_profile(whole: Profile, part: Profile, console: Console) -> None:
    console.print(f"[bold]{whole.title}[/bold] ({whole.name}, fingerprint {whole.fingerprint})", soft_wrap=True)
    if whole.link.inputs > 1:
        console.print(f"A board with {whole.link.inputs} inputs; addresses are those of one of them.")
    for request in plan_requests(part):
        console.print(f"  asks function {request.function:02d}: {request.count} from {request.address:#06x}")
    if part.metric:
        table = Table(box=SIMPLE_HEAD)
        for column in ("metric", "address", "manual", "type", "registers", "mean"):
            table.add_column(column, no_wrap=True)
        for line in lines_of(part):
            table.add_row(
                line.name, f"{line.address:#06x}", str(line.printed), line.value_type, line.raw, f"{line.value:g}"
            )
        console.print(table)
    doubts = doubts_about(whole)
    console.print("[bold green]It is valid.[/bold green]" + (" Think of:" if doubts else ""))
    print_dashed(console, doubts)


def template_text() -> str:
    """The file that ``profile new`` copies; a valid profile, called generic."""
    text = (shipped_dir() / TEMPLATE).read_text(encoding="utf-8")
    parse_profile(text, "generic", TEMPLATE)
    return text
