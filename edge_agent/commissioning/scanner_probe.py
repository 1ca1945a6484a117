"""``edge-agent probe`` of a scanner: one scan, byte for byte, and whether its settings let codes be understood."""

import asyncio
import contextlib
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.status import Status

from edge_agent.commissioning.advice import WHO_USES_IT
from edge_agent.commissioning.console_lists import print_dashed, print_numbered
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.domain.barcodes.command_codes import is_code, parse_code
from edge_agent.domain.barcodes.proof_card import CardReading, Proven, read_card
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import Symbol, symbol_of
from edge_agent.drivers.modbus.ports import IN_USE
from edge_agent.timekeeping.clock import SystemClock

if TYPE_CHECKING:
    from edge_agent.drivers.scanners.framing import BadFrame, Frame
    from edge_agent.drivers.scanners.scanner import Lost

WAIT_S = 30.0
NAMES = {
    0x1D: "\u241d", 0x1E: "\u241e", 0x04: "\u2404", 0x02: "\u2402", 0x03: "\u2403", 0x0D: "\u240d", 0x0A: "\u240a"
}  # fmt: skip
"""Control characters as pictures: what a scanner spells out as <GS> must not look like a separator."""
TRY = "scan the proof card of the code sheet, or a GS1 DataMatrix with a lot and then a serial"


class ScanVerdict(StrEnum):
    """What one scan shows of a scanner."""

    GOOD = "good"
    NOT_PROVEN = "not proven"
    NOT_GOOD = "not good"


_VERDICTS = {
    ScanVerdict.GOOD: "[bold green]GOOD[/bold green]: docks can work with it",
    ScanVerdict.NOT_PROVEN: "[bold yellow]NOT PROVEN[/bold yellow]: no fault was seen, but not everything was shown",
    ScanVerdict.NOT_GOOD: "[bold red]NOT GOOD[/bold red]: docks cannot work with it like this",
}


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One scan at the bench. ``says`` is what is in it; ``verdict`` whether docks could work with this scanner."""

    scanner: str
    text: str
    aim: str
    says: tuple[tuple[str, str], ...]
    has_separator: bool
    verdict: ScanVerdict
    reasons: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether everything was shown that a dock needs."""
        return self.verdict is ScanVerdict.GOOD


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
    if any(ord(one) == 0x1D for one in report.text):
        console.print("    \u241d is a separator (GS, ASCII 29)", markup=False)
    console.print(f"\n{_VERDICTS[report.verdict]}")
    print_dashed(console, report.reasons)
    if report.advice:
        console.print("\n[bold]Look at[/bold]")
        print_numbered(console, report.advice)


def scan_data(report: ScanReport) -> dict[str, Any]:
    """The report for programs."""
    data = {**asdict(report), "says": dict(report.says), "hex": report.text.encode().hex(" ")}
    return {**data, "is_good": report.is_good}


def visible(text: str) -> str:
    """``text`` with its control characters by name."""
    return "".join(NAMES.get(ord(one), one if one.isprintable() else f"<{ord(one):02X}>") for one in text)


def _judge_text(section: ScannerSection, text: str, today: date) -> ScanReport:
    symbol = symbol_of(text)
    card = read_card(symbol, separator=section.separator, identifier_needed=_needs_identifier(section))
    if card is not None:
        return _judge_card(section, symbol, card)
    has_separator = section.separator in symbol.body.strip(section.separator)
    advice = []
    if not symbol.aim and _needs_identifier(section):
        advice.append("it sends no AIM identifier: switch it on, so that GS1 codes can be told from others")
    try:
        says = _contents(section, symbol, today)
    except ScanRejected as rejected:
        verdict, reasons, look = ScanVerdict.NOT_GOOD, (rejected.reason,), (rejected.hint, *advice)
        return ScanReport(section.name, text, symbol.aim, (), has_separator, verdict, reasons, look)
    if symbol.content is None:
        advice.append(f"{symbol.aim} is not a known identifier: may the scanner send a changed one?")
    told = [f"AIM identifier {symbol.aim}" if symbol.aim else "no AIM identifier"]
    came_apart = has_separator and {"(10)", "(21)"} <= {name for name, _ in says}
    if came_apart:
        told.append("the separator arrives: lot and serial came apart")
    elif has_separator:
        told.append("the separator arrives")
    else:
        told.append("no separator in this code")
    if not came_apart:
        advice.append(f"lot and serial have not come apart yet, so separators are not proven: {TRY}")
    verdict = ScanVerdict.GOOD if came_apart and symbol.aim else ScanVerdict.NOT_PROVEN
    if not symbol.aim and _needs_identifier(section):
        verdict = ScanVerdict.NOT_GOOD
    elif not symbol.aim:
        advice.append("its layout is not proven without an AIM identifier: scan the proof card of the code sheet")
    return ScanReport(
        section.name, text, symbol.aim, says, has_separator, verdict, tuple(told), tuple(advice)
    )  # fmt: skip


def _needs_identifier(section: ScannerSection) -> bool:
    return section.kind == "serial" or section.layout is None


def _judge_card(section: ScannerSection, symbol: Symbol, card: CardReading) -> ScanReport:
    told = tuple(f"{what}: proven" for what in card.proven)
    verdict = ScanVerdict.GOOD if card.passed else ScanVerdict.NOT_GOOD
    says = (("card", "the proof card of the code sheet"),)
    has_separator = Proven.SEPARATOR in card.proven
    return ScanReport(section.name, symbol.text, symbol.aim, says, has_separator, verdict, told, card.faults)


def _contents(section: ScannerSection, symbol: Symbol, today: date) -> tuple[tuple[str, str], ...]:
    """What is in the code: an element string by application identifier, or one of our own codes."""
    from edge_agent.dock.non_gs1 import parse_foreign
    from edge_agent.domain.barcodes.gs1 import parse

    if is_code(symbol):
        parse_code(symbol)
        return (("code", symbol.body),)
    foreign = parse_foreign(symbol, today=today)
    if foreign is not None:
        named = {"item": " ".join(foreign.codes), "(10)": foreign.lot, "(21)": foreign.serial}
        return tuple((name, value) for name, value in named.items() if value)
    scanned = parse(symbol, today=today, separator=section.separator)
    return tuple((f"({ai})", value) for ai, value in scanned.elements)


def _failed(section: ScannerSection, text: str, reason: str, *advice: str) -> ScanReport:
    return ScanReport(section.name, text, "", (), False, ScanVerdict.NOT_GOOD, (reason,), advice)


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
