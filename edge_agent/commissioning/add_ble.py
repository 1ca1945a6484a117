"""Adding a Bluetooth sensor: what was heard of it, and the lines that say so."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edge_agent.commissioning.add_wired import REASON_MIN, names_taken
from edge_agent.commissioning.ble_assessment import BleReport, BleSense, source_of
from edge_agent.commissioning.ble_probe import BleTarget
from edge_agent.config.editor import TomlValue, with_section
from edge_agent.config.model import BleBus, BleDeviceSection, GatewayConfig
from edge_agent.errors import BenchError

POLL_S = 60.0


@dataclass(frozen=True, slots=True)
class Wireless:
    """A Bluetooth sensor that is to be added."""

    name: str
    bus: BleBus
    is_new_bus: bool
    target: BleTarget
    key_file: Path | None
    poll_s: float
    unproven: str | None


def ble_bus_for(
    config: GatewayConfig, name: str | None, adapter: str | None, new_name: str | None
) -> tuple[BleBus, bool]:
    """The bus of an adapter, and whether it is to be added. Raises ``BenchError``."""
    there = [bus for bus in config.bus if isinstance(bus, BleBus)]
    if name is not None:
        for bus in there:
            if bus.name == name:
                return bus, False
        raise BenchError((f"there is no bus {name!r} of kind ble: there are {_listed(there)}",))
    wanted = adapter or (there[0].adapter if len(there) == 1 else "hci0")
    for bus in there:
        if bus.adapter == wanted:
            return bus, False
    taken = {bus.name for bus in config.bus}
    base = new_name or ("ble" if "ble" not in taken else f"ble-{wanted}")
    if base in taken:
        raise BenchError((f"a bus {base!r} already exists: choose another --bus-name",))
    return BleBus(kind="ble", name=base, adapter=wanted), True


def refuse_ble_duplicates(config: GatewayConfig, wireless: Wireless) -> None:
    """Before anything is listened to. Raises ``BenchError``."""
    faults = [*names_taken(config, wireless.name)]
    faults += [
        f"{wireless.target.address} is already {device.name}: remove that device first"
        for device in config.device
        if isinstance(device, BleDeviceSection)
        and device.address == wireless.target.address
        and (None in (device.source, wireless.target.source) or device.source == wireless.target.source)
    ]
    if faults:
        raise BenchError(tuple(faults))


def ble_added(text: str, wireless: Wireless, report: BleReport, today: date) -> str:
    """``text`` with the sensor, and with its bus if that is new. Raises ``BenchError`` if it is not understood."""
    comment = _comment(wireless, report, today)
    if wireless.is_new_bus:
        bus: dict[str, TomlValue] = {"kind": "ble", "name": wireless.bus.name, "adapter": wireless.bus.adapter}
        text = with_section(text, "bus", bus)
    if report.format is None:
        raise BenchError(("not added: its format is not known; give it with --format",))
    device: dict[str, TomlValue] = {"name": wireless.name, "bus": wireless.bus.name, "format": report.format}
    device["address"] = wireless.target.address
    if source := wireless.target.source or source_of(report):
        device["source"] = source
    if wireless.key_file is not None:
        device["bindkey_file"] = str(wireless.key_file.absolute())
    device["poll_s"] = int(wireless.poll_s) if wireless.poll_s == int(wireless.poll_s) else wireless.poll_s
    return with_section(text, "device", device, (comment,))


_NEVER = {BleSense.WRONG_KEY, BleSense.OTHER, BleSense.SEALED}
"""What no reason outweighs: the agent would never get a value from it."""


def _comment(wireless: Wireless, report: BleReport, today: date) -> str:
    why = "; ".join(report.reasons)
    if report.sense is BleSense.UNDERSTOOD:
        values = ", ".join(f"{metric} {value:g}" for metric, value in report.values.items())
        every = f", every {report.interval_s:.1f} s" if report.interval_s is not None else ""
        signal = f" at {report.heard.rssi_dbm[1]} dBm" if report.heard.rssi_dbm else ""
        return f"Heard {today}{signal}{every}: {why} ({values})."
    if wireless.unproven is None or report.sense in _NEVER:
        told = "" if wireless.unproven is None else ", and no reason can override that"
        raise BenchError((f"not added{told}: {why}", *report.advice))
    if len(wireless.unproven.strip()) < REASON_MIN:
        raise BenchError(("--unproven needs a reason that others will understand later",))
    return f"NOT PROVEN {today}: {wireless.unproven.strip()} ({why})"


def _listed(buses: list[BleBus]) -> str:
    return ", ".join(bus.name for bus in buses) or "none"
