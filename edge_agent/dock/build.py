"""The docks that a configuration asks for."""

from functools import partial

from edge_agent.clock import Clock
from edge_agent.config import GatewayConfig, ScannerSection
from edge_agent.dock.board import Shown
from edge_agent.dock.feedback import Answer, Beeper, LogLines
from edge_agent.dock.floor import Floor
from edge_agent.dock.session import DockSession
from edge_agent.drivers.base import Source
from edge_agent.drivers.scanner import SerialScanner


def build_docks(config: GatewayConfig, clock: Clock, floor: Floor | None = None) -> tuple[Source, ...]:
    """One source for each ``[[scanner]]``, ready to run. Without a ``floor`` nothing is judged or shown."""
    return tuple(_dock(section, clock, floor) for section in config.scanner)


def _dock(section: ScannerSection, clock: Clock, floor: Floor | None) -> Source:
    scanner = SerialScanner(section.name, section.port, section.baudrate, section.suffix, clock)
    answers: tuple[Answer, ...] = (Beeper(scanner), LogLines(section.name))
    if floor is None:
        return DockSession(scanner, clock, answers, separator=section.separator)
    return DockSession(
        scanner,
        clock,
        (*answers, Shown(floor.board, section.name)),
        separator=section.separator,
        judge=floor.judge,
        on_state=partial(floor.board.stands, section.name),
    )
