"""The docks that a configuration asks for."""

from edge_agent.clock import Clock
from edge_agent.config import GatewayConfig
from edge_agent.dock.feedback import Beeper, LogLines
from edge_agent.dock.session import DockSession
from edge_agent.drivers.base import Source
from edge_agent.drivers.scanner import SerialScanner


def build_docks(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    """One source for each ``[[scanner]]``, ready to run."""
    docks: list[Source] = []
    for section in config.scanner:
        scanner = SerialScanner(section.name, section.port, section.baudrate, section.suffix, clock)
        answers = (Beeper(scanner), LogLines(section.name))
        docks.append(DockSession(scanner, clock, answers, separator=section.separator))
    return tuple(docks)
