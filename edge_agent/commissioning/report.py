"""``edge-agent report``: the commissioning report, a PDF of what was proven on this gateway, when and by whom."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.code_sheet import PAGES_MM
from edge_agent.config.model import BleDeviceSection, DeviceSection, GatewayConfig
from edge_agent.dock.scanner_proof import settings_fingerprint
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.drivers.proof_records import ProofRecord, read_records
from edge_agent.errors import BenchError, ProfileError
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.clock import SystemClock
from edge_agent.uplink.identity import Identity

if TYPE_CHECKING:
    from fpdf import FPDF

MARGIN_MM = 15.0
PROVEN, NOT_PROVEN, NEVER, CHANGED = "proven", "NOT PROVEN", "NEVER PROBED", "CHANGED SINCE"


@dataclass(frozen=True, slots=True)
class Line:
    """One configured device: what was found last, and whether that still holds. ``record`` is the last look at it."""

    device: str
    model: str
    state: str
    record: ProofRecord | None


def report_command(
    to: Annotated[Path, typer.Option("--to", help="The PDF to write.")] = Path("commissioning.pdf"),
    config: ConfigOption = DEFAULT_CONFIG,
    paper: Annotated[Literal["A4", "letter"], typer.Option(help="Paper size.")] = "A4",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the commissioning report: each configured device and scanner, what proved it, when and by whom.

    Exit code 1 if something is not proven, or was changed since.
    """
    with errors_told():
        loaded = load_config(config)
        lines = lines_of(loaded)
        if to.exists() and not force:
            raise BenchError((f"{to} exists already: choose another --to, or --force",))
        try:
            to.write_bytes(pdf_of(loaded, lines, SystemClock().now(), paper))
        except OSError as error:
            raise BenchError((f"{to} cannot be written ({error.strerror})",)) from error
    open_ones = [line for line in lines if line.state != PROVEN]
    if as_json:
        print_json({"file": str(to), "devices": [asdict(line) for line in lines]})
    else:
        print(f"{to} is written: {len(lines) - len(open_ones)} of {len(lines)} proven")
        for line in open_ones:
            print(f"  {line.device}: {line.state.lower()}; edge-agent probe {line.device}")
    if open_ones:
        raise typer.Exit(1)


def lines_of(config: GatewayConfig) -> tuple[Line, ...]:
    """Every device and scanner of the configuration, in its order."""
    records = read_records(config.gateway.data_dir)
    lines = [_line(records, device.name, _model(device), _fingerprint(device, config)) for device in config.device]
    lines += [
        _line(records, scanner.name, f"scanner ({scanner.kind})", settings_fingerprint(scanner))
        for scanner in config.scanner
    ]
    return tuple(lines)


def pdf_of(config: GatewayConfig, lines: tuple[Line, ...], now: datetime, paper: Literal["A4", "letter"]) -> bytes:
    """The pages. Raises ``BenchError`` if the library for it is not installed."""
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise BenchError(("writing the report needs a library: pip install 'lotwarden[commission]'",)) from error
    pdf = FPDF(unit="mm", format=PAGES_MM[paper])
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(True, MARGIN_MM)
    pdf.add_page()
    _text(pdf, f"Commissioning report: {config.gateway.name}", 16, "B")
    proven = sum(line.state == PROVEN for line in lines)
    _text(pdf, f"{proven} of {len(lines)} devices proven. Written {now:%Y-%m-%d %H:%M} UTC.", 10)
    _text(pdf, f"Ledger {config.uplink.url}. Public key {Identity.load_or_make(config.gateway.data_dir).public_key}", 8)
    for line in lines:
        _entry(pdf, line)
    pdf.ln(8)
    _text(pdf, "Checked by                                        Date                              Signature", 10)
    return bytes(pdf.output())


def _entry(pdf: "FPDF", line: Line) -> None:
    pdf.ln(3)
    _text(pdf, f"{line.device}   {line.state}", 11, "B")
    record = line.record
    if record is None:
        _text(pdf, f"{line.model}. Nobody has probed it yet: edge-agent probe {line.device}", 9)
        return
    _text(pdf, f"{record.model}, {record.where}", 9)
    _text(pdf, f"{record.what} on {record.at} by {record.by}: {record.verdict}", 9)
    for reason in record.reasons:
        _text(pdf, f"- {reason}", 9)
    for title, shown in (("Proof registers", record.saw), ("Values", record.values)):
        if shown:
            _text(pdf, f"{title}: " + "; ".join(f"{name} {value}" for name, value in shown.items()), 9)
    if record.profile:
        _text(pdf, f"Register map or settings: fingerprint {record.profile}", 8)


def _text(pdf: "FPDF", text: str, size: float, style: Literal["", "B"] = "") -> None:
    pdf.set_font("helvetica", style=style, size=size)
    printable = text.encode("latin-1", "replace").decode("latin-1")  # the font's own characters
    pdf.multi_cell(0, size * 0.5, printable, new_x="LMARGIN", new_y="NEXT", align="L")


def _line(records: tuple[ProofRecord, ...], device: str, model: str, fingerprint: str) -> Line:
    own = [one for one in records if one.device == device]
    if not own:
        return Line(device, model, NEVER, None)
    last = own[-1]
    if last.profile and fingerprint and last.profile != fingerprint:
        return Line(device, model, CHANGED, last)
    return Line(device, model, PROVEN if last.is_proof else NOT_PROVEN, last)


def _model(device: DeviceSection | BleDeviceSection) -> str:
    return device.profile if isinstance(device, DeviceSection) else f"Bluetooth, {device.format}"


def _fingerprint(device: DeviceSection | BleDeviceSection, config: GatewayConfig) -> str:
    if not isinstance(device, DeviceSection):
        return ""
    try:
        return load_profile(device.profile, *config.profile_folders).fingerprint
    except ProfileError:
        return "missing"
