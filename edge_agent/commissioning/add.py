"""``edge-agent add``: write a device into the configuration, once it is proven what it is."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
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
from edge_agent.config.model import GatewayConfig, ScannerSection
from edge_agent.errors import BenchError
from edge_agent.runtime.config_loader import load_config
from edge_agent.timekeeping.clock import SystemClock

POLL_S = 10.0
Keep = Callable[[], None]
"""Writes what was found into the commissioning report."""
RELOAD = "sudo systemctl reload edge-agent"


def add_command(
    name: Annotated[str, typer.Argument(help="Its name, PLACE/WHAT, e.g. fridge-a/probe-1.")],
    profile: Annotated[str | None, typer.Option(help="Model of a wired device: a file of config/devices.")] = None,
    address: Annotated[
        str | None, typer.Option(help="Of a Bluetooth sensor, instead of a profile: A4:C1:38:02:83:F4.")
    ] = None,
    scanner: Annotated[
        str | None,
        typer.Option(help="Port of a handheld scanner: /dev/serial/by-id/... or /dev/input/by-id/...-event-kbd."),
    ] = None,
    layout: Annotated[
        Literal["us", "uk", "de", "fr"] | None, typer.Option(help="Of a keyboard scanner: what it is set to.")
    ] = None,
    suffix: Annotated[str | None, typer.Option(help="Of a scanner: what ends a scan, if not cr.")] = None,
    separator: Annotated[str | None, typer.Option(help="Of a scanner: what it sends for GS, if not GS.")] = None,
    separator_key: Annotated[str | None, typer.Option(help="Of a keyboard scanner: the key for GS, e.g. f8.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    bus: Annotated[str | None, typer.Option("--bus", help="A bus of the configuration; or give --host.")] = None,
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
    fahrenheit: Annotated[bool, typer.Option("--fahrenheit", help="The unit was ordered with °F.")] = False,
    size_um: Annotated[
        list[float] | None, typer.Option(help="Of a particle counter: size of a channel, smallest first. Repeatable.")
    ] = None,
    flow_l_per_min: Annotated[float | None, typer.Option(help="Of a counter: nominal flow on its type plate.")] = None,
    sample_s: Annotated[int | None, typer.Option(help="Of a counter: the sample time that is set.")] = None,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Of a counter: the gateway may start it when it stands still.")
    ] = False,
    ble_format: FormatOption = None,
    bindkey_file: KeyFileOption = None,
    adapter: AdapterOption = None,
    source: SourceOption = None,
    ble_s: ListenOption = LISTEN_S,
    poll_s: Annotated[
        float | None,
        typer.Option(min=0.1, max=86400, help="Polling interval (default 10 s; 60 s for Bluetooth)."),
    ] = None,
    seen: SeenOption = None,
    proven: Annotated[
        list[str] | None,
        typer.Option("--proven", metavar="DOUBT=HOW", help="What the papers leave open and you have tried on it."),
    ] = None,
    unproven: Annotated[
        str | None, typer.Option(metavar="REASON", help="Add it without proof; the reason becomes a comment.")
    ] = None,
    by: ByOption = None,
    bus_name: Annotated[str | None, typer.Option(help="Name of the bus, if a new one is needed.")] = None,
    profiles_dir: ProfilesDirOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
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
        loaded = load_config(config)
        before = text_of(config)
        if scanner is not None:
            if profile is not None or address is not None or host or serial_port:
                raise BenchError(("give --scanner alone: it is neither a sensor nor on a bus",))
            section = scanner_section(
                name, scanner, baudrate=baudrate, suffix=suffix, separator=separator, separator_key=separator_key,
                layout=layout,
            )  # fmt: skip
            after, data, keep = _scanner(loaded, before, console, section, unproven, by, quiet=as_json)
        elif address is not None:
            if profile is not None or host or serial_port:
                raise BenchError(("give --address for a Bluetooth sensor, or --profile for a wired device, not both",))
            after, data, keep = _wireless(
                loaded, before, console, name=name, address=address, bus=bus, adapter=adapter, bus_name=bus_name,
                ble_format=ble_format, bindkey_file=bindkey_file, source=source, ble_s=ble_s, poll_s=poll_s,
                unproven=unproven, quiet=as_json, by=by,
            )  # fmt: skip
        else:
            own_dir = profiles_dir or loaded.gateway.profiles_dir
            part = UnitPart(input_number, tuple(metric or ()))
            target = ad_hoc_target(_profile_said(profile, own_dir), unit, address_offset, word_order, own_dir, part)
            counter = counter_of(
                target.profile, tuple(size_um or ()), flow_l_per_min, sample_s, keep_running=keep_running
            )
            target = replace(target, variant=replace(target.variant, fahrenheit=fahrenheit), counter=counter)
            doubts = proven_of(tuple(proven or ()), target.profile)
            place = Place(host, port, serial_port, baudrate, parity, stopbits, framer=framer)
            bus_section, is_new_bus = bus_for(loaded, bus, place, bus_name)
            wired = Wired(name, bus_section, is_new_bus, target, poll_s or POLL_S, doubts, unproven, who(by))
            after, data, keep = _wired(
                loaded, before, console, wired, own_dir, seen_of(seen or ()),
                asks=sys.stdin.isatty() and not yes, quiet=as_json,
            )  # fmt: skip
        diff = offer(config, before, after, console, yes=yes, as_json=as_json)
        keep()
    judged = told_at_add(loaded, name, metrics_of(data)) if scanner is None else ()
    if as_json:
        print_json({"written": str(config), "diff": diff, "judged": list(judged), **data})
        return
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
