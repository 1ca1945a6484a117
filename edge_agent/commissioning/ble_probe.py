"""``edge-agent probe`` of a Bluetooth device: what it says, byte for byte, and what that means."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from edge_agent.commissioning.console_lists import print_dashed, print_numbered
from edge_agent.config.model import BleBus, BleDeviceSection, GatewayConfig
from edge_agent.drivers.ble.registry import format_names
from edge_agent.errors import BenchError

if TYPE_CHECKING:
    from edge_agent.commissioning.ble_assessment import BleReport

LISTEN_S = 30.0

FormatOption = Annotated[
    str | None, typer.Option("--format", help="What a Bluetooth sensor speaks, if it fits several.")
]
KeyFileOption = Annotated[
    Path | None, typer.Option("--bindkey-file", help="File with the key of an encrypted Bluetooth sensor.")
]
AdapterOption = Annotated[str | None, typer.Option("--adapter", help="Bluetooth adapter, if not hci0.")]
SourceOption = Annotated[
    str | None, typer.Option("--source", help="Which probe of a Bluetooth sensor that has several, e.g. probe-2.")
]
ListenOption = Annotated[float, typer.Option("--ble-s", min=1, max=600, help="How long to listen for it at most.")]


@dataclass(frozen=True, slots=True)
class BleTarget:
    """A Bluetooth device at the bench. ``scan`` is how its bus listens, ``key`` its bindkey, ``source`` its probe."""

    address: str
    adapter: str
    format: str | None
    key: bytes | None
    scan: str = "auto"
    source: str | None = None


def is_address(text: str) -> bool:
    """Whether it is a Bluetooth address, such as ``A4:C1:38:02:83:F4``."""
    return re.fullmatch(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text) is not None


def ble_target(
    address: str, format_: str | None, key_file: Path | None, adapter: str | None, scan: str = "auto"
) -> BleTarget:
    """What the options mean. Raises ``BenchError``."""
    if not is_address(address):
        raise BenchError((f"{address!r} is no Bluetooth address: write six bytes, e.g. A4:C1:38:02:83:F4",))
    if format_ is not None and format_ not in format_names():
        raise BenchError((f"--format {format_!r} is not known: choose one of {', '.join(format_names())}",))
    if adapter is not None and not re.fullmatch(r"hci[0-9]{1,2}", adapter):
        raise BenchError((f"--adapter {adapter!r}: write e.g. hci0 (bluetoothctl list shows them)",))
    return BleTarget(address.upper(), adapter or "hci0", format_, _key(key_file), scan)


def configured_target(
    config: GatewayConfig, device: BleDeviceSection, format_: str | None, key_file: Path | None
) -> BleTarget:
    """The device of a configuration, unless the options say otherwise. Raises ``BenchError``."""
    bus = next((bus for bus in config.bus if bus.name == device.bus), None)
    if not isinstance(bus, BleBus):
        raise BenchError((f"bus {device.bus} of {device.name} is no bus of kind ble: edge-agent check-config",))
    key = _key(key_file or device.bindkey_file)
    if key is None and device.bindkey is not None:
        key = bytes.fromhex(device.bindkey.get_secret_value())
    return BleTarget(device.address, bus.adapter, format_ or device.format, key, bus.scan, device.source)


def run_ble_probe(target: BleTarget, listen_s: float) -> "BleReport":
    """Listen, and judge. Ctrl+C ends listening and shows what was heard until then."""
    from edge_agent.commissioning.ble_assessment import judge_device
    from edge_agent.commissioning.ble_listen import listen_to

    words = f"listening for {target.address} on {target.adapter}, {listen_s:g} s at most"
    with Status(words, console=Console(stderr=True)):
        heard = asyncio.run(
            listen_to(target.address, listen_s, target.adapter, target.format, target.key, target.source)
        )
    return judge_device(heard, target.format, has_key=target.key is not None, scan=target.scan)


def is_understood(report: "BleReport") -> bool:
    """Whether the values can be relied on."""
    from edge_agent.commissioning.ble_assessment import BleSense

    return report.sense is BleSense.UNDERSTOOD


def show_ble(report: "BleReport", console: Console, *, with_bytes: bool = True) -> None:
    """The report for a person."""
    from edge_agent.drivers.ble.registry import FORMATS

    heard = report.heard
    what = f", {FORMATS[report.format].title}" if report.format else ""
    name = f" ({heard.name})" if heard.name else ""
    console.print(f"[bold]{heard.address}[/bold]{escape(name)} on {heard.adapter}{what}")
    if heard.said and with_bytes:
        console.print("\n[bold]On the air[/bold]  (newest last)")
        for one in heard.said:
            console.print(f"  {one.where}  {one.raw.hex(' ')}", markup=False, soft_wrap=True)
            console.print(f"    {one.means or 'not in a known format'}", markup=False, soft_wrap=True)
    if heard.connected is not None:
        console.print("\n[bold]Read over a connection[/bold]")
        for what, raw in zip(("temperature", "humidity"), heard.connected, strict=True):
            console.print(f"  {what:<11}  {'there is none' if raw is None else raw.hex(' ')}", markup=False)
    if report.values:
        console.print(_table(report))
    for text in _radio(report):
        console.print(text, markup=False)
    console.print(f"\n{_VERDICTS[report.sense.value]}")
    print_dashed(console, report.reasons)
    if report.advice:
        console.print("\n[bold]Look at[/bold]")
        print_numbered(console, report.advice)


def ble_data(report: "BleReport") -> dict[str, Any]:
    """The report for programs."""
    heard = report.heard
    rssi = dict(zip(("least", "last", "greatest"), heard.rssi_dbm, strict=True)) if heard.rssi_dbm else None
    connected = heard.connected
    return {
        "address": heard.address,
        "adapter": heard.adapter,
        "name": heard.name,
        "verdict": report.sense.value,
        "format": report.format,
        "values": dict(report.values),
        "rssi_dbm": rssi,
        "interval_s": report.interval_s,
        "listened_s": heard.listened_s,
        "frames": heard.frames,
        "others_heard": heard.others,
        "said": [{"where": one.where, "hex": one.raw.hex(" "), "means": one.means} for one in heard.said],
        "connected": None if connected is None else [raw.hex(" ") if raw is not None else None for raw in connected],
        "fits": [
            {"format": one.format, "frames": one.frames, "interval_s": one.interval_s, "replays": one.replays,
             "quality": one.last.quality.value, "detail": one.last.detail}
            for one in heard.formats
        ],
        "reasons": list(report.reasons),
        "advice": list(report.advice),
    }  # fmt: skip


_VERDICTS = {
    "understood": "[bold green]UNDERSTOOD[/bold green]: it is received, and its values are plausible",
    "odd": "[bold yellow]ODD[/bold yellow]: it is received, but resolve this before lots depend on it",
    "sealed": "[bold yellow]ENCRYPTED[/bold yellow]: it is received, but cannot be read without its key",
    "wrong_key": "[bold red]WRONG KEY[/bold red]: it is received, but rejected",
    "other": "[bold red]ANOTHER FORMAT[/bold red]: it does not send the expected format",
    "unknown": "[bold yellow]UNKNOWN[/bold yellow]: it is received, but not understood",
    "silent": "[bold red]SILENT[/bold red]: it is not received",
    "deaf": "[bold red]NO BLUETOOTH[/bold red]: the adapter cannot be used",
}


def _table(report: "BleReport") -> Table:
    table = Table(title="Values", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("name", no_wrap=True)
    table.add_column("shows", no_wrap=True, justify="right")
    for metric, value in report.values.items():
        table.add_row(metric, f"{value:g}")
    return table


def _radio(report: "BleReport") -> list[str]:
    from edge_agent.commissioning.ble_assessment import lost_after_s, stale_after_s

    heard = report.heard
    lines = []
    if heard.rssi_dbm is not None:
        least, last, greatest = heard.rssi_dbm
        spread = f" ({least} to {greatest})" if least != greatest else ""
        frames = "1 frame" if heard.frames == 1 else f"{heard.frames} frames"
        lines.append(f"signal    {last} dBm{spread}, {frames} in {heard.listened_s:g} s")
    if report.interval_s is not None:
        stale, lost = stale_after_s(report.interval_s), lost_after_s(report.interval_s)
        lines.append(
            f"interval  new values every {report.interval_s:.1f} s; stale after {stale:.0f} s of silence, lost after "
            f"{lost:.0f} s"
        )
    elif report.values and heard.connected is None:
        lines.append("interval  not learned yet: too few frames; --ble-s 120 listens longer")
    return lines


def _key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    from edge_agent.drivers.ble.bus import key_in_file

    try:
        return key_in_file(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BenchError((f"{path} cannot be read ({why}): sudo -u lotwarden reads what the agent reads",)) from error
    except ValueError as error:
        raise BenchError((f"{path}: {error}",)) from error
