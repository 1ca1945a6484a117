"""``edge-agent add``: write a device into the configuration, once it is proven what it is."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.add_options import (
    AddressOption,
    BusNameOption,
    BusOption,
    FahrenheitOption,
    FlowOption,
    KeepRunningOption,
    LayoutOption,
    ModelOption,
    NameArgument,
    PollOption,
    ProvenOption,
    SampleOption,
    ScannerOption,
    SeparatorKeyOption,
    SeparatorOption,
    SizesOption,
    SuffixOption,
    UnprovenOption,
    YesOption,
)
from edge_agent.commissioning.add_scanner import refuse_scanner_duplicates, scanner_added, scanner_section
from edge_agent.commissioning.add_wired import Wired, added, bus_for, counter_of, probed, proven_of, refuse_duplicates
from edge_agent.commissioning.assessment import Sense
from edge_agent.commissioning.ble_probe import (
    LISTEN_S,
    AdapterOption,
    FormatOption,
    KeyFileOption,
    ListenOption,
    SourceOption,
    ble_data,
    ble_target,
    is_understood,
    run_ble_probe,
    show_ble,
)
from edge_agent.commissioning.config_write import offer, text_of
from edge_agent.commissioning.judged_channels import metrics_of, told_at_add
from edge_agent.commissioning.probe import (
    BaudrateOption,
    ByOption,
    FramerOption,
    HostOption,
    InputOption,
    MetricOption,
    OffsetOption,
    OrderOption,
    ParityOption,
    PortOption,
    ProfilesDirOption,
    SeenOption,
    SerialOption,
    StopbitsOption,
    UnitOption,
    as_data,
    show,
)
from edge_agent.commissioning.records import record, record_scanner, record_wired, who
from edge_agent.commissioning.target import Place, UnitPart, ad_hoc_target, all_profiles, seen_of
from edge_agent.config.dock_sections import ScannerSection
from edge_agent.config.model import GatewayConfig
from edge_agent.errors import BenchError
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.clock import SystemClock

POLL_S = 10.0
Keep = Callable[[], None]
"""Writes what was found into the commissioning report."""
RELOAD = "sudo systemctl reload edge-agent"


def add_command(
    name: NameArgument,
    profile: ModelOption = None,
    address: AddressOption = None,
    scanner: ScannerOption = None,
    layout: LayoutOption = None,
    suffix: SuffixOption = None,
    separator: SeparatorOption = None,
    separator_key: SeparatorKeyOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
    bus: BusOption = None,
    host: HostOption = None,
    port: PortOption = None,
    serial_port: SerialOption = None,
    framer: FramerOption = None,
    baudrate: BaudrateOption = None,
    parity: ParityOption = None,
    stopbits: StopbitsOption = None,
    unit: UnitOption = None,
    address_offset: OffsetOption = None,
    word_order: OrderOption = None,
    input_number: InputOption = None,
    metric: MetricOption = None,
    fahrenheit: FahrenheitOption = False,
    size_um: SizesOption = None,
    flow_l_per_min: FlowOption = None,
    sample_s: SampleOption = None,
    keep_running: KeepRunningOption = False,
    ble_format: FormatOption = None,
    bindkey_file: KeyFileOption = None,
    adapter: AdapterOption = None,
    source: SourceOption = None,
    ble_s: ListenOption = LISTEN_S,
    poll_s: PollOption = None,
    seen: SeenOption = None,
    proven: ProvenOption = None,
    unproven: UnprovenOption = None,
    by: ByOption = None,
    bus_name: BusNameOption = None,
    profiles_dir: ProfilesDirOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Probe a device or a scanner, prove it, and write it into the configuration.

    A wired device is written only if a proof register shows what it must: a known value, or what you read on the
    device. A Bluetooth sensor is written only if what it says is understood, a scanner only if one scan (the proof card
    of edge-agent sheet, best) has shown that nothing changes on the way. Comments and order of the file stay; the
    change is shown first; the file is replaced whole or not at all.
    """
    console = Console(highlight=False, stderr=as_json)
    with errors_told():
        loaded, before = load_config(config), text_of(config)
        _refuse_two_kinds(scanner, address, profile, host or serial_port)
        if scanner is not None:
            section = scanner_section(
                name, scanner, baudrate=baudrate, suffix=suffix, separator=separator, separator_key=separator_key,
                layout=layout,
            )  # fmt: skip
            after, data, keep = _scanner(loaded, before, console, section, unproven, by, quiet=as_json)
        elif address is not None:
            after, data, keep = _wireless(
                loaded, before, console, name=name, address=address, bus=bus, adapter=adapter, bus_name=bus_name,
                ble_format=ble_format, bindkey_file=bindkey_file, source=source, ble_s=ble_s, poll_s=poll_s,
                unproven=unproven, quiet=as_json, by=by,
            )  # fmt: skip
        else:
            own_dir = profiles_dir or loaded.gateway.profiles_dir
            part = UnitPart(input_number, tuple(metric or ()))
            target = ad_hoc_target(_profile_said(profile, own_dir), unit, address_offset, word_order, own_dir, part)
            sizes = tuple(size_um or ())
            counter = counter_of(target.profile, sizes, flow_l_per_min, sample_s, keep_running=keep_running)
            target = replace(target, variant=replace(target.variant, fahrenheit=fahrenheit), counter=counter)
            place = Place(host, port, serial_port, baudrate, parity, stopbits, framer=framer)
            doubts = proven_of(tuple(proven or ()), target.profile)
            wired = Wired(
                name, *bus_for(loaded, bus, place, bus_name), target, poll_s or POLL_S, doubts, unproven, who(by)
            )
            asks = sys.stdin.isatty() and not yes
            after, data, keep = _wired(
                loaded, before, console, wired, own_dir, seen_of(seen or ()), asks=asks, quiet=as_json
            )
        diff = offer(config, before, after, console, yes=yes, as_json=as_json)
        keep()
    judged = told_at_add(loaded, name, metrics_of(data)) if scanner is None else ()
    if as_json:
        print_json({"written": str(config), "diff": diff, "judged": list(judged), **data})
    else:
        _show_written(console, config, judged)


def _refuse_two_kinds(scanner: str | None, address: str | None, profile: str | None, wire: str | None) -> None:
    """A device is one of three: a scanner, a Bluetooth sensor, or on a bus. Raises ``BenchError``."""
    if scanner is not None and (profile is not None or address is not None or wire):
        raise BenchError(("give --scanner alone: it is neither a sensor nor on a bus",))
    if address is not None and (profile is not None or wire):
        raise BenchError(("give --address for a Bluetooth sensor, or --profile for a wired device, not both",))


def _show_written(console: Console, config: Path, judged: Sequence[str]) -> None:
    console.print(f"Written to {config}. A running agent takes it up at once with: {RELOAD}", soft_wrap=True)
    for line in judged:
        console.print(line, style="bold red" if "NOT JUDGED" in line else "", markup=False, soft_wrap=True)


def _profile_said(profile: str | None, own_dir: Path | None) -> str:
    if profile is None:
        known = ", ".join(found.name for found in all_profiles(own_dir))
        raise BenchError(
            (f"what is it? Give --profile (one of {known}), or --address for a Bluetooth sensor; "
             "edge-agent scan finds out",)
        )  # fmt: skip
    return profile


def _wired(
    loaded: GatewayConfig,
    before: str,
    console: Console,
    wired: Wired,
    own_dir: Path | None,
    seen: dict[str, str],
    *,
    asks: bool,
    quiet: bool,
) -> tuple[str, dict[str, Any], Keep]:
    """Probe it, show that unless ``quiet``; the configuration with it, the probe as data, and how to record it."""
    refuse_duplicates(loaded, wired)
    report = probed(wired, own_dir, seen, asks=asks)
    if not quiet:
        show(report, console, with_bytes=report.judgement.sense is not Sense.PROVEN)
    after = added(before, wired, report, SystemClock().now().date())
    keep = partial(record_wired, "add", wired.name, report, loaded.gateway.data_dir, wired.by, wired.unproven or "")
    return after, as_data(report), keep


def _scanner(
    loaded: GatewayConfig,
    before: str,
    console: Console,
    section: ScannerSection,
    unproven: str | None,
    by: str | None,
    *,
    quiet: bool,
) -> tuple[str, dict[str, Any], Keep]:
    """The same for a scanner: somebody has to pull its trigger."""
    from edge_agent.commissioning.scanner_probe import run_scanner_probe, scan_data, show_scan

    refuse_scanner_duplicates(loaded, section)
    report = run_scanner_probe(section)
    if not quiet:
        show_scan(report, console)
    after = scanner_added(before, section, report, unproven, SystemClock().now().date())
    keep = partial(record_scanner, "add", section, report, loaded.gateway.data_dir, by)
    return after, scan_data(report), keep


def _wireless(
    loaded: GatewayConfig,
    before: str,
    console: Console,
    *,
    name: str,
    address: str,
    bus: str | None,
    adapter: str | None,
    bus_name: str | None,
    ble_format: FormatOption,
    bindkey_file: Path | None,
    source: str | None,
    ble_s: float,
    poll_s: float | None,
    unproven: str | None,
    quiet: bool,
    by: str | None,
) -> tuple[str, dict[str, Any], Keep]:
    """The same for a Bluetooth sensor."""
    from edge_agent.commissioning.add_ble import POLL_S as BLE_POLL_S
    from edge_agent.commissioning.add_ble import Wireless, ble_added, ble_bus_for, refuse_ble_duplicates

    ble_bus, is_new = ble_bus_for(loaded, bus, adapter, bus_name)
    aim = replace(ble_target(address, ble_format, bindkey_file, ble_bus.adapter, ble_bus.scan), source=source)
    wireless = Wireless(name, ble_bus, is_new, aim, bindkey_file, poll_s or BLE_POLL_S, unproven)
    refuse_ble_duplicates(loaded, wireless)
    heard = run_ble_probe(aim, ble_s)
    if not quiet:
        show_ble(heard, console, with_bytes=not is_understood(heard))
    after = ble_added(before, wireless, heard, SystemClock().now().date())
    verdict = "understood" if is_understood(heard) else "not proven"
    keep = partial(
        record, loaded.gateway.data_dir, what="add", by=by, device=name, where=f"{address} over {ble_bus.adapter}",
        model="Bluetooth sensor", verdict=verdict, reasons=(unproven,) if unproven else (),
    )  # fmt: skip
    return after, ble_data(heard), keep
