"""The docks that a configuration asks for."""

from functools import partial
from pathlib import Path

from edge_agent.config.dock_sections import ScannerSection
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.dock.feedback import Answer, BeepBytes, Beeper, LogLines
from edge_agent.dock.scanner_proof import ScannerProof
from edge_agent.dock.session import DockSession
from edge_agent.dock.status_model import ShownScan
from edge_agent.drivers.base import Source
from edge_agent.drivers.scanners.hid import HidScanner
from edge_agent.drivers.scanners.scanner import Scanner, SerialScanner
from edge_agent.timekeeping.clock import Clock


def build_docks(config: GatewayConfig, clock: Clock, dock_context: DockContext | None = None) -> tuple[Source, ...]:
    """One source for each ``[[scanner]]``, ready to run. Without a ``dock_context`` nothing is judged or shown."""
    return tuple(_dock(section, clock, dock_context, config.gateway.data_dir) for section in config.scanner)


def _dock(section: ScannerSection, clock: Clock, dock_context: DockContext | None, data_dir: Path) -> Source:
    scanner, answers = scanner_of(section, clock)
    if dock_context is None:
        return DockSession(scanner, clock, answers, separator=section.separator)
    if dock_context.lamps is not None:
        answers = (*answers, dock_context.lamps)
    return DockSession(
        scanner,
        clock,
        (*answers, ShownScan(dock_context.status_model, section.name)),
        separator=section.separator,
        judge=dock_context.judge,
        on_state=partial(dock_context.status_model.stands, section.name),
        proof=ScannerProof(section, data_dir, clock, partial(dock_context.status_model.scanner_proven, section.name)),
    )


def scanner_of(section: ScannerSection, clock: Clock) -> tuple[Scanner, tuple[Answer, ...]]:
    """The scanner, not open yet, and those that tell its operator how a scan went."""
    log_lines = LogLines(section.name)
    if section.kind == "hid":
        # A keyboard cannot be told to beep.
        keyboard = HidScanner(
            section.name, section.port, clock, separator_key=section.separator_key, layout=section.layout
        )
        return keyboard, (log_lines,)
    scanner = SerialScanner(section.name, section.port, section.baudrate, section.suffix, clock)
    beeps = BeepBytes(*(bytes.fromhex(beep) for beep in (section.beep_good, section.beep_bad, section.beep_warn)))
    return scanner, (Beeper(scanner, beeps), log_lines)
