"""``edge-agent probe`` of a scanner: one scan, byte for byte, and whether its settings let codes be understood."""

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.status import Status

from edge_agent.commissioning.advice import WHO_USES_IT
from edge_agent.commissioning.console_lists import print_dashed, print_numbered
from edge_agent.config.model import ScannerSection
from edge_agent.domain.barcodes.command_codes import is_code, parse_code
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import Symbol, symbol_of
from edge_agent.drivers.modbus.ports import IN_USE
from edge_agent.timekeeping.clock import SystemClock

if TYPE_CHECKING:
    from edge_agent.drivers.scanners.framing import BadFrame, Frame
    from edge_agent.drivers.scanners.scanner import Lost

WAIT_S = 30.0
NAMES = {0x1D: "<GS>", 0x1E: "<RS>", 0x04: "<EOT>", 0x02: "<STX>", 0x03: "<ETX>", 0x0D: "<CR>", 0x0A: "<LF>"}
_VERDICTS = {
    True: "[bold green]GOOD[/bold green]: docks can work with it",
    False: "[bold red]NOT GOOD[/bold red]: docks cannot work with it like this",
}
TRY = "scan a GS1 DataMatrix with a lot and a serial, which has a separator between them"


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One scan at the bench. ``says`` is what is in it; ``is_good`` whether docks could work with this scanner."""

    scanner: str
    text: str
    aim: str
    says: tuple[tuple[str, str], ...]
    has_separator: bool
    is_good: bool
    reasons: tuple[str, ...]
    advice: tuple[str, ...]


def run_scanner_probe(section: ScannerSection) -> ScanReport:
    """Wait for one scan, and judge it. Ctrl+C ends waiting."""
    words = f"pull the trigger of {section.name}: {TRY}"
    with Status(words, console=Console(stderr=True)):
        heard = asyncio.run(_one_scan(section))
    return judge_scan(section, heard, SystemClock().now().date())


def judge_scan(section: ScannerSection, heard: "Frame | BadFrame | Lost | None", today: date) -> ScanReport:
    """What one scan tells about the scanner's settings. Pure."""
    from edge_agent.drivers.scanners.framing import BadFrame
    from edge_agent.drivers.scanners.scanner import Lost

    match heard:
        case None:
            look = (
                "is it charged, paired and on this port? edge-agent scan lists the ports",
                "is it set to end each scan with the suffix of this [[scanner]]? Without an end mark no scan ends",
            )
            return _failed(section, "", f"nothing came within {WAIT_S:g} s", *look)
        case Lost(reason):
            return _failed(section, "", reason, *((WHO_USES_IT,) if IN_USE in reason else ()))
        case BadFrame(shown, reason, hint):
            return _failed(section, shown, reason, hint)
        case _:
            return _judge_text(section, heard.text, today)


def show_scan(report: ScanReport, console: Console) -> None:
    """The report for a person."""
    console.print(f"[bold]{report.scanner}[/bold]")
    if report.text:
        console.print(f"\n[bold]It sent[/bold]\n  {report.text.encode().hex(' ')}", soft_wrap=True)
        console.print(f"  {visible(report.text)}", markup=False, soft_wrap=True)
    for name, value in report.says:
        console.print(f"    {name:<8} {value}", markup=False)
    verdict = (
        "[bold green]GOOD[/bold green]: docks can work with it" if report.is_good else "[bold red]NOT GOOD[/bold red]"
    )
    console.print(f"\n{verdict}")
    print_dashed(console, report.reasons)
    if report.advice:
        console.print("\n[bold]Look at[/bold]")
        print_numbered(console, report.advice)


def scan_data(report: ScanReport) -> dict[str, Any]:
    """The report for programs."""
    return {**asdict(report), "says": dict(report.says), "hex": report.text.encode().hex(" ")}


def visible(text: str) -> str:
    """``text`` with its control characters by name."""
    return "".join(NAMES.get(ord(one), one if one.isprintable() else f"<{ord(one):02X}>") for one in text)


def _judge_text(section: ScannerSection, text: str, today: date) -> ScanReport:
    symbol = symbol_of(text)
    aim = symbol.aim
    has_separator = section.separator in symbol.body.strip(section.separator)
    advice = []
    if not aim:
        advice.append("it sends no AIM identifier: switch it on, so that a GS1 code is told from others")
    try:
        says = _contents(section, symbol, today)
    except ScanRejected as rejected:
        look = (rejected.hint, *advice)
        return ScanReport(section.name, text, aim, (), has_separator, False, (rejected.reason,), look)
    if symbol.content is None:
        advice.append(f"{aim} is no identifier that is known here: may it send a changed one?")
    if not has_separator:
        advice.append(f"no separator was in this code, so nobody knows yet whether it sends them: {TRY}")
    told = [f"AIM identifier {aim}" if aim else "no AIM identifier"]
    told.append("the separator arrives" if has_separator else "no separator in this code")
    return ScanReport(section.name, text, aim, says, has_separator, bool(aim), tuple(told), tuple(advice))


def _contents(section: ScannerSection, symbol: Symbol, today: date) -> tuple[tuple[str, str], ...]:
    """What is in the code: an element string by application identifier, or one of our own codes."""
    from edge_agent.domain.barcodes.gs1 import parse

    if is_code(symbol):
        parse_code(symbol)
        return (("code", symbol.body),)
    scanned = parse(symbol, today=today, separator=section.separator)
    return tuple((f"({ai})", value) for ai, value in scanned.elements)


def _failed(section: ScannerSection, text: str, reason: str, *advice: str) -> ScanReport:
    return ScanReport(section.name, text, "", (), False, False, (reason,), advice)


async def _one_scan(section: ScannerSection) -> "Frame | BadFrame | Lost | None":
    from edge_agent.dock.build import scanner_of
    from edge_agent.drivers.scanners.framing import BadFrame, Frame
    from edge_agent.drivers.scanners.scanner import Lost

    scanner, _ = scanner_of(section, SystemClock())
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(WAIT_S), aclosing(scanner.events()) as events:
            async for event in events:
                if isinstance(event, Frame | BadFrame | Lost):
                    return event
    return None
