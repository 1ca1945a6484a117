"""Adding a scanner: what one scan proved about it, and the lines that say so."""

from datetime import date

from pydantic import ValidationError

from edge_agent.commissioning.add_wired import REASON_MIN, names_taken
from edge_agent.commissioning.scanner_probe import ScanReport
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.config.editor import TomlValue, with_section
from edge_agent.config.model import GatewayConfig
from edge_agent.errors import BenchError

KEYBOARDS = "/dev/input/"
"""A port below this is a scanner that plays a keyboard."""


def scanner_section(
    name: str,
    port: str,
    *,
    baudrate: int | None,
    suffix: str | None,
    separator: str | None,
    separator_key: str | None,
    layout: str | None,
) -> ScannerSection:
    """The section that the options mean. Raises ``BenchError`` with every fault."""
    is_keyboard = port.startswith(KEYBOARDS)
    raw: dict[str, object] = {"name": name, "port": port, "kind": "hid" if is_keyboard else "serial"}
    raw |= {"baudrate": baudrate, "suffix": suffix, "separator": _unescaped(separator), "separator_key": separator_key}
    raw["layout"] = layout
    if not is_keyboard and (layout or separator_key):
        option = "--layout" if layout else "--separator-key"
        raise BenchError((f"{option} is for scanners that play a keyboard ({KEYBOARDS}by-id/...-event-kbd)",))
    try:
        return ScannerSection.model_validate({key: value for key, value in raw.items() if value is not None})
    except ValidationError as error:
        faults = tuple(f"--{str(e['loc'][-1]).replace('_', '-')}: {e['msg']}" for e in error.errors())
        raise BenchError(faults) from error


def refuse_scanner_duplicates(config: GatewayConfig, section: ScannerSection) -> None:
    """Before anybody scans. Raises ``BenchError``."""
    faults = [*names_taken(config, section.name)]
    faults += [
        f"port {section.port} is that of scanner {scanner.name} already: remove that one, or correct the port"
        for scanner in config.scanner
        if scanner.port == section.port
    ]
    if faults:
        raise BenchError(tuple(faults))


def scanner_added(text: str, section: ScannerSection, report: ScanReport, unproven: str | None, today: date) -> str:
    """``text`` with the scanner. Raises ``BenchError`` if it is not proven and no reason outweighs that."""
    values: dict[str, TomlValue] = section.model_dump(mode="json", exclude_unset=True)
    return with_section(text, "scanner", values, (_comment(report, unproven, today),))


def _comment(report: ScanReport, unproven: str | None, today: date) -> str:
    words = "; ".join(report.reasons)
    if report.is_good:
        return f"Proven {today}: {words}."
    if unproven is None:
        raise BenchError(
            (f"not added, because it is not proven ({report.verdict.value}): {words}", *report.advice,
             "or give --unproven with a reason; the dock warns until the proof card has passed")
        )  # fmt: skip
    if len(unproven.strip()) < REASON_MIN:
        raise BenchError(('--unproven needs a reason that somebody else understands later, e.g. "no sheet yet"',))
    return f"NOT PROVEN {today}: {unproven.strip()} ({words})"


def _unescaped(separator: str | None) -> str | None:
    """A separator as typed in a shell: \\x1d and \\u001d are meant as characters."""
    return separator if separator is None else separator.replace("\\x1d", "\x1d").replace("\\u001d", "\x1d")
