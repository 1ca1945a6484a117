"""The docks that a configuration asks for."""

from edge_agent.clock import Clock
from edge_agent.config import GatewayConfig
from edge_agent.dock.feedback import Answer, Beeper, LogLines
from edge_agent.dock.session import DockSession
from edge_agent.drivers.base import Source
from edge_agent.drivers.hid import HidScanner
from edge_agent.drivers.scanner import Scanner, SerialScanner


def build_docks(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    """One source for each ``[[scanner]]``, ready to run."""
    docks: list[Source] = []
    for section in config.scanner:
        log_lines = LogLines(section.name)
        scanner: Scanner
        if section.kind == "hid":
            scanner = HidScanner(section.name, section.port, clock, separator_key=section.separator_key)
            answers: tuple[Answer, ...] = (log_lines,)  # a keyboard cannot be told to beep
        else:
            scanner = SerialScanner(section.name, section.port, section.baudrate, section.suffix, clock)
            answers = (Beeper(scanner), log_lines)
        docks.append(DockSession(scanner, clock, answers, separator=section.separator))
    return tuple(docks)
