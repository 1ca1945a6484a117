"""``edge-agent add``: write a device into the configuration, once it is proven what it is."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
from edge_agent.commissioning.add_scanner import scanner_section
from edge_agent.commissioning.add_wired import counter_of
from edge_agent.commissioning.adding import Adding, BleBusSaid, ProofSaid
from edge_agent.commissioning.ble_probe import (
    LISTEN_S,
    AdapterOption,
    FormatOption,
    KeyFileOption,
    ListenOption,
    SourceOption,
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
)
from edge_agent.commissioning.target import Place, UnitPart, ad_hoc_target, all_profiles, seen_of
from edge_agent.errors import BenchError
from edge_agent.runtime.config_loader import load_config

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
        adding = Adding(load_config(config), text_of(config), name, console, unproven, by, quiet=as_json)
        _refuse_two_kinds(scanner, address, profile, host or serial_port)
        if scanner is not None:
            section = scanner_section(
                name, scanner, baudrate=baudrate, suffix=suffix, separator=separator, separator_key=separator_key,
                layout=layout,
            )  # fmt: skip
            found = adding.scanner(section)
        elif address is not None:
            bus_said = BleBusSaid(bus, adapter, bus_name)
            found = adding.wireless(address, bus_said, ble_format, bindkey_file, source, listen_s=ble_s, poll_s=poll_s)
        else:
            own_dir = profiles_dir or adding.config.gateway.profiles_dir
            part = UnitPart(input_number, tuple(metric or ()))
            target = ad_hoc_target(_profile_said(profile, own_dir), unit, address_offset, word_order, own_dir, part)
            sizes = tuple(size_um or ())
            counter = counter_of(target.profile, sizes, flow_l_per_min, sample_s, keep_running=keep_running)
            target = replace(target, variant=replace(target.variant, fahrenheit=fahrenheit), counter=counter)
            place = Place(host, port, serial_port, baudrate, parity, stopbits, framer=framer)
            proof = ProofSaid(tuple(proven or ()), seen_of(seen or ()), is_asked_for=sys.stdin.isatty() and not yes)
            found = adding.wired(target, bus, place, bus_name, proof, own_dir, poll_s=poll_s)
        diff = offer(config, adding.before, found.after, console, yes=yes, as_json=as_json)
        found.keep()
    judged = told_at_add(adding.config, name, metrics_of(found.data)) if scanner is None else ()
    if as_json:
        print_json({"written": str(config), "diff": diff, "judged": list(judged), **found.data})
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
