"""What ``edge-agent add`` does for each kind of device: probe it, show that, and say what is to be written."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from edge_agent.commissioning.add_scanner import refuse_scanner_duplicates, scanner_added
from edge_agent.commissioning.add_wired import Wired, added, bus_for, probed, proven_of, refuse_duplicates
from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.ble_probe import (
    FormatOption,
    ble_data,
    ble_target,
    is_understood,
    run_ble_probe,
    show_ble,
)
from edge_agent.commissioning.identification import Target
from edge_agent.commissioning.probe import as_data, show
from edge_agent.commissioning.records import record, record_scanner, record_wired, who
from edge_agent.commissioning.target import Place
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.config.model import GatewayConfig
from edge_agent.timekeeping.clock import SystemClock

POLL_S = 10.0


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it."""

    after: str
    """The configuration with the device."""
    data: dict[str, Any]
    """The probe."""
    keep: Callable[[], None]
    """Writes what was found into the commissioning report."""


@dataclass(frozen=True, slots=True)
class BleBusSaid:
    """Which Bluetooth bus somebody means: one of the configuration, or a new one."""

    name: str | None
    adapter: str | None
    new_name: str | None


@dataclass(frozen=True, slots=True)
class ProofSaid:
    """What a person tried, and read on a wired device; or may still be asked for."""

    tried: tuple[str, ...]
    seen: dict[str, str]
    is_asked_for: bool


@dataclass(frozen=True, slots=True)
class Adding:
    """A device that is to be added to a configuration, of which ``before`` is the text. All raise ``BenchError``."""

    config: GatewayConfig
    before: str
    name: str
    console: Console
    unproven: str | None
    by: str | None
    quiet: bool

    def wired(
        self,
        target: Target,
        bus: str | None,
        place: Place,
        bus_name: str | None,
        proof: ProofSaid,
        own_dir: Path | None,
        *,
        poll_s: float | None,
    ) -> Added:
        """A device on a bus: its proof registers are compared with what somebody sees on it."""
        wired = Wired(
            self.name, *bus_for(self.config, bus, place, bus_name), target, poll_s or POLL_S,
            proven_of(proof.tried, target.profile), self.unproven, who(self.by),
        )  # fmt: skip
        refuse_duplicates(self.config, wired)
        report = probed(wired, own_dir, proof.seen, asks=proof.is_asked_for)
        if not self.quiet:
            show(report, self.console, with_bytes=report.judgement.sense is not Sense.PROVEN)
        after = added(self.before, wired, report, SystemClock().now().date())
        data_dir = self.config.gateway.data_dir
        keep = partial(record_wired, "add", wired.name, report, data_dir, wired.by, wired.unproven or "")
        return Added(after, as_data(report), keep)

    def scanner(self, section: ScannerSection) -> Added:
        """A scanner: somebody has to pull its trigger."""
        from edge_agent.commissioning.scanner_probe import run_scanner_probe, scan_data, show_scan

        refuse_scanner_duplicates(self.config, section)
        report = run_scanner_probe(section)
        if not self.quiet:
            show_scan(report, self.console)
        after = scanner_added(self.before, section, report, self.unproven, SystemClock().now().date())
        keep = partial(record_scanner, "add", section, report, self.config.gateway.data_dir, self.by)
        return Added(after, scan_data(report), keep)

    def wireless(
        self,
        address: str,
        bus: BleBusSaid,
        ble_format: FormatOption,
        bindkey_file: Path | None,
        source: str | None,
        *,
        listen_s: float,
        poll_s: float | None,
    ) -> Added:
        """A Bluetooth sensor: it is listened to."""
        from edge_agent.commissioning.add_ble import POLL_S as BLE_POLL_S
        from edge_agent.commissioning.add_ble import Wireless, ble_added, ble_bus_for, refuse_ble_duplicates

        ble_bus, is_new = ble_bus_for(self.config, bus.name, bus.adapter, bus.new_name)
        aim = replace(ble_target(address, ble_format, bindkey_file, ble_bus.adapter, ble_bus.scan), source=source)
        wireless = Wireless(self.name, ble_bus, is_new, aim, bindkey_file, poll_s or BLE_POLL_S, self.unproven)
        refuse_ble_duplicates(self.config, wireless)
        heard = run_ble_probe(aim, listen_s)
        if not self.quiet:
            show_ble(heard, self.console, with_bytes=not is_understood(heard))
        after = ble_added(self.before, wireless, heard, SystemClock().now().date())
        verdict = "understood" if is_understood(heard) else "not proven"
        keep = partial(
            record, self.config.gateway.data_dir, what="add", by=self.by, device=self.name,
            where=f"{address} over {ble_bus.adapter}", model="Bluetooth sensor", verdict=verdict,
            reasons=(self.unproven,) if self.unproven else (),
        )  # fmt: skip
        return Added(after, ble_data(heard), keep)
