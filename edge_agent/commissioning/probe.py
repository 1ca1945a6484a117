"""``edge-agent probe``: one device, its bytes and its values side by side, and what to do if they make no sense."""

import asyncio
import contextlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.assessment import Judgement, Sense, is_order_open
from edge_agent.commissioning.assessment_parts import AssessedValue
from edge_agent.commissioning.ble_probe import (
    LISTEN_S,
    AdapterOption,
    BleTarget,
    FormatOption,
    KeyFileOption,
    ListenOption,
    ble_data,
    ble_target,
    configured_target,
    is_address,
    is_understood,
    run_ble_probe,
    show_ble,
)
from edge_agent.commissioning.console_lists import print_dashed, print_numbered
from edge_agent.commissioning.identification import Budget, Report, Target, probe
from edge_agent.commissioning.records import record, record_scanner, record_wired
from edge_agent.commissioning.target import (
    Place,
    UnitPart,
    ad_hoc_target,
    all_profiles,
    bus_at,
    device_named,
    seen_of,
    target_of,
)
from edge_agent.commissioning.transcript import Exchange, TranscriptLine
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.config.model import BleDeviceSection, DeviceSection, ProofSection
from edge_agent.drivers.build import ModbusBus
from edge_agent.errors import BenchError, ConfigError
from edge_agent.runtime.config_loader import load_config

BUDGET_S = 30.0
RAW_WORDS_MAX = 4
"""More of a register block than this is among the bytes above it."""

HostOption = Annotated[
    str | None, typer.Option("--host", help="Of a device that is in no configuration: HOST or HOST:PORT.")
]
PortOption = Annotated[int | None, typer.Option("--port", help="TCP port, if not 502.")]
SerialOption = Annotated[str | None, typer.Option("--serial-port", help="Of an RS-485 adapter: /dev/serial/by-id/...")]
BaudrateOption = Annotated[int | None, typer.Option(help="Baud rate, if not what the model has as delivered.")]
ParityOption = Annotated[Literal["none", "even", "odd"] | None, typer.Option(help="Parity, if not as delivered.")]
StopbitsOption = Annotated[int | None, typer.Option(min=1, max=2, help="Stop bits, if not as delivered.")]
UnitOption = Annotated[int | None, typer.Option(min=0, max=255, help="Modbus unit id, if not as delivered.")]
ProfileOption = Annotated[str | None, typer.Option(help="Model: a file of config/devices.")]
OffsetOption = Annotated[
    int | None, typer.Option(min=-1, max=1, help="Added to every address, for models that need it.")
]
OrderOption = Annotated[
    Literal["low_first", "high_first"] | None, typer.Option(help="Word order, if not the profile's.")
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout-s", min=0.05, max=30, help="Longest wait for one answer.")
]
SeenOption = Annotated[
    list[str] | None,
    typer.Option("--seen", metavar="NAME=VALUE", help='What is on the device itself: --seen "serial number=12345678".'),
]
FramerOption = Annotated[
    Literal["rtu", "ascii"] | None,
    typer.Option("--framer", help="On a serial port: ascii for old counters. On TCP: if a server passes bytes on."),
]
InputOption = Annotated[
    int | None, typer.Option("--input", min=1, max=64, help="Of a board with equal inputs: which one, from 1.")
]
MetricOption = Annotated[
    list[str] | None, typer.Option("--metric", help="Of a unit with values for several places: which. Repeatable.")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does this, for the commissioning report; else who is logged in.")
]
ProfilesDirOption = Annotated[Path | None, typer.Option(help="Device profiles of your own.")]


def probe_command(
    device: Annotated[
        str | None,
        typer.Argument(help="A device of the configuration, or a Bluetooth address; or give --host and --profile."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    host: HostOption = None,
    port: PortOption = None,
    serial_port: SerialOption = None,
    framer: FramerOption = None,
    baudrate: BaudrateOption = None,
    parity: ParityOption = None,
    stopbits: StopbitsOption = None,
    unit: UnitOption = None,
    profile: ProfileOption = None,
    address_offset: OffsetOption = None,
    word_order: OrderOption = None,
    input_number: InputOption = None,
    metric: MetricOption = None,
    timeout_s: TimeoutOption = None,
    seen: SeenOption = None,
    by: ByOption = None,
    profiles_dir: ProfilesDirOption = None,
    ble_format: FormatOption = None,
    bindkey_file: KeyFileOption = None,
    adapter: AdapterOption = None,
    ble_s: ListenOption = LISTEN_S,
    as_json: JsonOption = False,
) -> None:
    """Read one device: raw bytes, values and proof registers side by side. Exit code 1 if it makes no sense.

    If it is silent or shows nonsense, other unit ids, offsets, word orders and models are tried, and what makes sense
    is shown. A Bluetooth sensor is listened to, a scanner waited for. Nothing is ever written to a device. What is
    found about a device of the configuration, as configured, goes into the commissioning report.
    """
    with errors_told():
        scanner = None if host or serial_port else _scanner(device, config)
        if scanner is not None:
            _probe_scanner(scanner, config, by, as_json=as_json)
            return
        wireless = None if host or serial_port else _wireless(device, config, ble_format, bindkey_file, adapter)
        if wireless is not None:
            _probe_wireless(wireless, ble_s, device, config, by, as_json=as_json)
            return
        place = Place(host, port, serial_port, baudrate, parity, stopbits, timeout_s, framer)
        part = UnitPart(input_number, tuple(metric or ()))
        bus, target, own_dir, section = chosen(
            device, config, place, profile, unit, address_offset, word_order, profiles_dir, part
        )
        known = dict(section.proof.saw) if section is not None and section.proof is not None else {}
        report = asyncio.run(run_probe(bus, target, own_dir, known | seen_of(seen or ())))
        if section is not None and section.proof is not None:
            report = _compared_with(section.proof, report)
        is_as_configured = not any(
            option is not None for option in (profile, unit, address_offset, word_order, input_number, metric)
        )
        if section is not None and is_as_configured:
            record_wired("probe", section.name, report, load_config(config).gateway.data_dir, by)
    if as_json:
        print_json(as_data(report))
    else:
        show(report, Console(highlight=False))
    if report.judgement.sense < Sense.PLAUSIBLE:
        raise typer.Exit(1)


def _scanner(device: str | None, config: Path) -> ScannerSection | None:
    """The scanner of the configuration that is meant, if it is one."""
    if device is None or is_address(device):
        return None
    return next((one for one in load_config(config).scanner if one.name == device), None)


def _probe_scanner(section: ScannerSection, config: Path, by: str | None, *, as_json: bool) -> None:
    from edge_agent.commissioning.scanner_probe import run_scanner_probe, scan_data, show_scan

    report = run_scanner_probe(section)
    record_scanner("probe", section, report, load_config(config).gateway.data_dir, by)
    if as_json:
        print_json(scan_data(report))
    else:
        show_scan(report, Console(highlight=False))
    if not report.is_good:
        raise typer.Exit(1)


def _wireless(
    device: str | None, config: Path, ble_format: str | None, key_file: Path | None, adapter: str | None
) -> BleTarget | None:
    """The Bluetooth device that is meant, if it is one. Raises ``BenchError``."""
    if device is None:
        return None
    try:
        loaded = load_config(config)
    except ConfigError:
        if not is_address(device):
            raise
        loaded = None  # an address says all that is needed
    known = [one for one in (loaded.device if loaded else ()) if isinstance(one, BleDeviceSection)]
    meant = next((one for one in known if device in (one.name, one.address) or device.upper() == one.address), None)
    if loaded is not None and meant is not None:
        target = configured_target(loaded, meant, ble_format, key_file)
        return replace(target, adapter=adapter or target.adapter)
    return ble_target(device, ble_format, key_file, adapter) if is_address(device) else None


def _probe_wireless(
    target: BleTarget, listen_s: float, device: str | None, config: Path, by: str | None, *, as_json: bool
) -> None:
    report = run_ble_probe(target, listen_s)
    with contextlib.suppress(ConfigError):  # an address alone may be probed without any configuration
        loaded = load_config(config)
        if any(one.name == device for one in loaded.device):
            record(
                loaded.gateway.data_dir, what="probe", by=by, device=str(device), where=target.address,
                model="Bluetooth sensor", verdict="understood" if is_understood(report) else "not proven",
            )  # fmt: skip
    if as_json:
        print_json(ble_data(report))
    else:
        show_ble(report, Console(highlight=False))
    if not is_understood(report):
        raise typer.Exit(1)


def chosen(
    device: str | None,
    config: Path,
    place: Place,
    profile: str | None,
    unit: int | None,
    address_offset: int | None,
    word_order: Literal["low_first", "high_first"] | None,
    profiles_dir: Path | None,
    part: UnitPart = UnitPart(),  # noqa: B008 - frozen
) -> tuple[ModbusBus, Target, Path | None, DeviceSection | None]:
    """Bus, device, folder of own profiles, and section of the configuration if it is in there, that the options mean.
    Raises ``BenchError`` or ``ProfileError``."""
    if place.is_given:
        if profile is None:
            known = ", ".join(found.name for found in all_profiles(profiles_dir))
            raise BenchError((f"--profile is missing: one of {known}; or let edge-agent scan find out",))
        target = ad_hoc_target(profile, unit, address_offset, word_order, profiles_dir, part)
        return bus_at(place), target, profiles_dir, None
    if device is None:
        raise BenchError(("which device? Name one of the configuration, or give --host and --profile",))
    loaded = load_config(config)
    bus, section = device_named(loaded, device)
    overridden = section.model_copy(
        update={
            key: value
            for key, value in (
                ("profile", profile), ("unit", unit), ("address_offset", address_offset), ("word_order", word_order),
                ("input", part.input), ("metrics", part.metrics or None),
            )
            if value is not None
        }
    )  # fmt: skip
    if place.timeout_s is not None:
        bus = bus.model_copy(update={"timeout_s": place.timeout_s})
    return bus, target_of(overridden, *loaded.profile_folders), loaded.gateway.profiles_dir, section


def _compared_with(proof: ProofSection, report: Report) -> Report:
    """With a word about what it showed when it was added, if that is another thing now."""
    changed = [one for one in report.judgement.proofs if one.fits is False and one.name in proof.saw]
    words = (
        f"on {proof.on} its {one.name} was {proof.saw[one.name]}, now it is {one.shown}: is it another unit, or was it "
        "reconfigured? If so, take its section out of the configuration and add it again"
        for one in changed
    )
    return replace(report, advice=(*words, *report.advice))


async def run_probe(bus: ModbusBus, target: Target, profiles_dir: Path | None, seen: dict[str, str]) -> Report:
    """Open the bus, probe, and close it again."""
    with TranscriptLine(bus, [target.profile]) as line, Status(f"asking {line.endpoint}", console=Console(stderr=True)):
        return await probe(line, target, all_profiles(profiles_dir), seen, Budget(BUDGET_S))


def show(report: Report, console: Console, *, with_bytes: bool = True) -> None:
    """The report for a person: what went over the wire, what it says, what to do."""
    target = report.target
    console.print(
        f"[bold]unit {target.unit} at {report.endpoint}[/bold], assumed model: {target.profile.title}{_part(target)}"
    )
    if with_bytes:
        console.print("\n[bold]On the wire[/bold]  (> sent, < received)")
        for exchange in report.exchanges:
            for text in exchange_lines(exchange):
                console.print(text, markup=False, soft_wrap=True)
    _show_rows("Values", report.judgement.values, console)
    _show_rows("Proof registers", report.judgement.proofs, console)
    console.print(f"\n{_VERDICTS[report.judgement.sense] if not report.is_silent else _SILENT}")
    print_dashed(console, report.judgement.reasons)
    if report.others:
        console.print("\n[bold]This makes sense instead[/bold]")
        for other in report.others[:3]:
            console.print(f"  [green]{escape(other.says)}[/green]: {escape(_summary(other))}")
    if report.advice:
        console.print("\n[bold]Look at[/bold]")
        print_numbered(console, report.advice)
    _show_next_step(report, console)


def _part(target: Target) -> str:
    return f", input {target.input}" if target.input is not None else ""


def exchange_lines(exchange: Exchange) -> list[str]:
    """Bytes in hex, sent and received, and how it ended."""
    what = f"function {exchange.request.function:02d}, {exchange.request.count} from {exchange.request.address:#06x}"
    lines = [f"  {what}"]
    lines += [f"    {'>' if frame.sent else '<'} {frame.data.hex(' ')}" for frame in exchange.frames]
    how = exchange.outcome.value + (f": {exchange.said}" if exchange.said else "")
    lines.append(f"    {how} ({exchange.took_ms} ms)")
    return lines


def as_data(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "endpoint": report.endpoint,
        "unit": report.target.unit,
        "verdict": "silent" if report.is_silent else report.judgement.sense.name.lower(),
        **judgement_data(report.judgement),
        "others": [judgement_data(other) for other in report.others],
        "advice": list(report.advice),
        "exchanges": [
            {**asdict(exchange), "frames": [{"sent": f.sent, "hex": f.data.hex(" ")} for f in exchange.frames]}
            for exchange in report.exchanges
        ],
    }


def judgement_data(judgement: Judgement) -> dict[str, Any]:
    """A judgement for programs."""
    return {
        "profile": judgement.profile.name,
        "address_offset": judgement.variant.address_offset,
        "word_order": judgement.variant.word_order or judgement.profile.link.word_order,
        "sense": judgement.sense.name.lower(),
        "reasons": list(judgement.reasons),
        "values": [asdict(shown) for shown in judgement.values],
        "proofs": [asdict(shown) for shown in judgement.proofs],
    }


_VERDICTS = {
    Sense.PROVEN: "[bold green]VERIFIED[/bold green]: device identity confirmed",
    Sense.PLAUSIBLE: "[bold yellow]PLAUSIBLE, NOT VERIFIED[/bold yellow]: the values make sense; nothing proves them",
    Sense.ODD: "[bold yellow]ODD[/bold yellow]: it answers, but check this before lots depend on it",
    Sense.WRONG: "[bold red]WRONG[/bold red]: this is not the assumed model",
}
_SILENT = "[bold red]SILENT[/bold red]: no answer"
_MARKS = {True: "[green]✓[/green]", False: "[red]✗[/red]", None: "?"}


def _show_rows(title: str, rows: tuple[AssessedValue, ...], console: Console) -> None:
    """A table that fits narrow terminals: long texts are cut in it, and what is to be said comes below."""
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for column in ("", "name", "address", "raw", "shows"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        raw = " ".join(f"{word:04x}" for word in row.raw[:RAW_WORDS_MAX]) + (" …" * (len(row.raw) > RAW_WORDS_MAX))
        table.add_row(_MARKS[row.fits], escape(row.name), f"{row.address:#06x}", raw, escape(row.shown))
    console.print(table)
    print_dashed(console, [f"{row.name}: {row.says}" for row in rows if row.says])


def _summary(judgement: Judgement) -> str:
    values = ", ".join(f"{shown.name} {shown.shown}" for shown in judgement.values)
    return "; ".join(part for part in (values, *judgement.reasons) if part)


def _show_next_step(report: Report, console: Console) -> None:
    proof = proof_to_compare(report)
    if report.judgement.sense is Sense.PLAUSIBLE and proof is not None:
        console.print(f'\nRead it on the device and probe again with --seen "{proof}=..."', markup=False)


def proof_to_compare(report: Report) -> str | None:
    """The proof register that tells most, of those that only a person can compare: what settles an open word order,
    else the serial number."""
    open_names = [proof.name for proof in report.judgement.proofs if proof.fits is None]
    moving = [proof.name for proof in report.target.profile.proof if proof.moves and proof.name in open_names]
    if is_order_open(report.target.profile) and moving:
        return moving[0]
    return "serial number" if "serial number" in open_names else next(iter(open_names), None)
