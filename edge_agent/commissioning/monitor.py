"""``edge-agent monitor``: what every device says now.

Normally the running agent is asked what it heard last: that costs no sensor a question. Without an agent the journal
tells what still waits in it. Only ``--direct`` polls, and it refuses while an agent runs.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live as LiveTable
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from edge_agent.agent import journal_dir
from edge_agent.buffer.reader import JournalReader
from edge_agent.commands.options import DEFAULT_CONFIG, ConfigOption, JsonOption, errors_told, print_json
from edge_agent.commissioning.assessment_parts import ReadRegisters
from edge_agent.commissioning.identification import Target, hear
from edge_agent.commissioning.target import target_of
from edge_agent.commissioning.transcript import Exchange, ExchangeOutcome, TranscriptLine
from edge_agent.config.model import DeviceSection, GatewayConfig
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Quality, Reading, ScanTransaction
from edge_agent.domain.wire.wire import WireError, decode_batch, decode_record
from edge_agent.drivers.build import ModbusBus, build_buses
from edge_agent.drivers.modbus.register_decode import decode
from edge_agent.errors import BenchError, JournalError
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.live_values import ask_live
from edge_agent.timekeeping.clock import Clock, SystemClock

LATE_AFTER = 3.0
"""Poll intervals without a reading after which a device is called late."""
BATCHES_READ_MAX = 2000
WIDE_FROM = 100
"""A narrower terminal has no room for how many records there were."""

DEVICE_WIDTH_MAX = 22
OTHERS_WIDTH = 38
"""Of all columns but device and value, with what is between them."""
FRAME_LINES = 6
"""Of the table, besides its rows: title (two lines, if need be), head, rule and the space around; one for what is left
out."""
SAID_SHARE = 6
"""One line of so many may say why a device is not well."""
WELL = ("good", "waiting")
ASIDE = ("_unix_s", "_band_count", "sampled_l", "battery_v", "rssi_dbm")
"""Values that nobody watches: left out where there is one line for a device."""

From = Literal["agent", "journal", "direct"]


@dataclass(frozen=True, slots=True)
class Row:
    """One device as it is now. ``latency_ms`` is how long its last answer took, if it is one that is asked."""

    device: str
    values: dict[str, float]
    quality: str
    age_s: float | None
    latency_ms: float | None
    records: int
    errors: int
    detail: str


@dataclass(frozen=True, slots=True)
class View:
    """All rows, and where they come from."""

    source: From
    headline: str
    rows: tuple[Row, ...]


def monitor_command(
    config: ConfigOption = DEFAULT_CONFIG,
    direct: Annotated[
        bool, typer.Option("--direct", help="Poll the devices from here; only while no agent runs.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    every_s: Annotated[float, typer.Option(min=0.2, max=60, help="How often the table is renewed.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Show what every device says now: value, quality, age, latency, errors. Ctrl+C ends.

    The running agent is asked, so that no sensor and no bus notices. Without an agent, what still waits in the journal
    is shown; with --direct and no agent, the devices are polled.
    """
    with errors_told():
        loaded = load_config(config)
        clock = SystemClock()
        if direct:
            if asyncio.run(ask_live(loaded.gateway.data_dir)) is not None:
                raise BenchError(
                    ("the agent is running and would share its buses with this: leave --direct out, or stop it first: "
                     "sudo systemctl stop edge-agent",)
                )  # fmt: skip
            poller = DirectPoller(loaded)
            _watch(lambda: asyncio.run(poller.view()), once=once or as_json, every_s=every_s, as_json=as_json)
        else:
            _watch(lambda: view_of(loaded, clock), once=once or as_json, every_s=every_s, as_json=as_json)


def view_of(config: GatewayConfig, clock: Clock) -> View:
    """What the agent heard last; without one, what waits in the journal. Raises ``JournalError``."""
    snapshot = asyncio.run(ask_live(config.gateway.data_dir))
    return _of_agent(snapshot) if snapshot is not None else _of_journal(config, clock)


class DirectPoller:
    """Polls the Modbus devices of a configuration from here, one after the other."""

    def __init__(self, config: GatewayConfig) -> None:
        """Raises ``ConfigError``."""
        build_buses(config, SystemClock())
        self._config = config
        self._counts: dict[str, tuple[int, int, float | None]] = {}

    async def view(self) -> View:
        """One round."""
        rows = []
        for bus in self._config.bus:
            if not isinstance(bus, ModbusBus):
                continue
            devices = [one for one in self._config.device if isinstance(one, DeviceSection) and one.bus == bus.name]
            targets = [(device.name, target_of(device, *self._config.profile_folders)) for device in devices]
            with TranscriptLine(bus, [target.profile for _, target in targets], attempts=1) as line:
                for name, target in targets:
                    asked_before = len(line.asked)
                    heard = await hear(line, target.unit, target.profile, target.variant)
                    exchanges = line.asked[asked_before:]
                    rows.append(self._row(name, target, heard, exchanges))
        return View("direct", "polled from here, without the agent", tuple(rows))

    def _row(self, name: str, target: Target, heard: ReadRegisters, exchanges: Sequence[Exchange]) -> Row:
        records, errors, good_s = self._counts.get(name, (0, 0, None))
        failed = [one for one in exchanges if one.outcome is not ExchangeOutcome.ANSWERED]
        values: dict[str, float] = {}
        if failed:
            quality, detail = _QUALITIES[failed[0].outcome], failed[0].said
        else:
            decoded = decode(target.profile, heard.registers, target.variant)
            values, quality, detail = decoded.values, decoded.quality, decoded.detail
        good_s = time.monotonic() if quality is Quality.GOOD else good_s
        errors += quality is not Quality.GOOD
        self._counts[name] = (records + 1, errors, good_s)
        took_ms = max((one.took_ms for one in exchanges), default=None)
        age_s = None if good_s is None else round(time.monotonic() - good_s, 1)
        return Row(name, values, quality.value, age_s, took_ms, records + 1, errors, detail)


_QUALITIES = {
    ExchangeOutcome.REFUSED: Quality.FAULT,
    ExchangeOutcome.GARBAGE: Quality.CRC,
    ExchangeOutcome.SILENT: Quality.TIMEOUT,
    ExchangeOutcome.NO_CONNECTION: Quality.TIMEOUT,
}


def _of_agent(snapshot: dict[str, Any]) -> View:
    rows = []
    for entry in snapshot.get("devices", ()):
        every_s, age_s = entry["every_s"], entry["age_s"]
        running_s = snapshot["running_s"]
        silent_s = running_s if age_s is None else age_s
        quality = "lost" if entry["is_lost"] else entry["quality"]
        if every_s is not None and silent_s > LATE_AFTER * every_s + 1 and quality in ("good", "waiting"):
            quality = "late"
        rows.append(
            Row(entry["name"], entry["values"], quality, entry["good_age_s"], entry.get("latency_ms"),
                entry["records"], entry["errors"], entry["detail"])
        )  # fmt: skip
    headline = f"{snapshot.get('gateway')}: the agent runs since {_span(float(snapshot['running_s']))}"
    return View("agent", headline, tuple(rows))


def _of_journal(config: GatewayConfig, clock: Clock) -> View:
    """The latest word of each device among what the ledger has not acknowledged yet."""
    last: dict[str, Reading | Notice | ScanTransaction] = {}
    good: dict[str, Reading] = {}
    counts: dict[str, int] = {}
    errors: dict[str, int] = {}
    with JournalReader.open(journal_dir(config)) as reader:
        for number, batch in enumerate(reader.batches()):
            if number == BATCHES_READ_MAX:
                break
            try:
                lines = decode_batch(batch.raw).lines
            except WireError:
                continue  # edge-agent buffer verify tells
            for line in lines:
                _take_line(line, batch.lane, last, good, counts, errors)
    rows = []
    sections = (*config.device, *config.particle_sensor, *config.contact, *config.scanner)
    for name in [section.name for section in sections]:
        reading, record = good.get(name), last.get(name)
        quality = record.quality.value if isinstance(record, Reading) else "-"
        detail = record.detail if isinstance(record, Reading) else record.text if isinstance(record, Notice) else ""
        age_s = (clock.now() - reading.stamp.at).total_seconds() if reading else None
        values = reading.values if reading else {}
        rows.append(Row(name, values, quality, age_s, None, counts.get(name, 0), errors.get(name, 0), detail))
    headline = "the agent does not run here; this is what still waits in its journal (what was sent is gone from it)"
    return View("journal", headline, tuple(rows))


def _take_line(
    line: bytes,
    lane: Lane,
    last: dict[str, Reading | Notice | ScanTransaction],
    good: dict[str, Reading],
    counts: dict[str, int],
    errors: dict[str, int],
) -> None:
    try:
        record = decode_record(line)
    except WireError:
        return
    match record:
        case Reading() if lane is Lane.READINGS:
            name: str = record.device
            if record.quality is Quality.GOOD:
                good[name] = record
            else:
                errors[name] = errors.get(name, 0) + 1
        case ScanTransaction():
            name = record.scanner
        case Notice() if record.notice in (NoticeKind.DEVICE_LOST, NoticeKind.DEVICE_BACK, NoticeKind.SCAN_REFUSED):
            name = record.subject
            if isinstance(last.get(name), Reading):
                return
        case _:
            return
    counts[name] = counts.get(name, 0) + 1
    last[name] = record


def _watch(look: Callable[[], View], *, once: bool, every_s: float, as_json: bool) -> None:
    console = Console(highlight=False)
    if as_json:
        print_json(look())
        return
    if once or not console.is_terminal:
        console.print(drawn(look(), console.width))
        return
    try:
        with LiveTable(console=console, screen=False, auto_refresh=False) as table:
            while True:
                table.update(drawn(_looked(look), console.width, console.height - 1), refresh=True)
                time.sleep(every_s)
    except KeyboardInterrupt:
        return


def _looked(look: Callable[[], View]) -> View:
    """A look that outlives a restart of the agent."""
    try:
        return look()
    except JournalError as error:
        return View("journal", str(error), ())


def drawn(view: View, width: int, height: int | None = None) -> Group:
    """The table; within ``width`` x ``height`` if a height is given: what is not well comes first, and what has no room
    is counted below."""
    rows, said, left_out = list(view.rows), _said(view.rows), ""
    if height is not None:
        rows.sort(key=lambda row: row.quality in WELL)  # stable: otherwise as configured
        said = said[: max(1, height // SAID_SHARE)]
        room = max(1, height - FRAME_LINES - len(said))
        if len(rows) > room:
            hidden = rows[room - 1 :]
            rows = rows[: room - 1]
            bad = sum(row.quality not in WELL for row in hidden)
            left_out = f"{len(hidden)} more devices, " + (f"{bad} of them not well" if bad else "all of them well")
    return Group(
        _table(view, rows, width, one_line=height is not None),
        *([Text(left_out, "dim", no_wrap=True)] if left_out else []),
        *(Text(text, no_wrap=height is not None, overflow="ellipsis") for text in said),
    )


def _said(rows: Sequence[Row]) -> list[str]:
    return [f"{row.device}: {row.detail.removeprefix(row.device + ' ')}" for row in rows if row.detail]


def _table(view: View, rows: Sequence[Row], width: int, *, one_line: bool) -> Table:
    title = _cut(view.headline, width) if one_line else view.headline
    table = Table(box=SIMPLE_HEAD, title=escape(title), title_justify="left", title_style="bold")
    if one_line:
        table.padding = (0, 1, 0, 0)
    is_polled, is_wide = view.source != "journal", width >= WIDE_FROM
    table.add_column("device", no_wrap=True)
    table.add_column("value", no_wrap=one_line)
    table.add_column("quality", no_wrap=True)
    right = ["age", *(["latency"] if is_polled else []), *(["records"] if is_wide else []), "errors"]
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        name, values = row.device, _values(row, "  " if is_wide else "\n")
        if one_line:
            name = name if len(name) <= DEVICE_WIDTH_MAX else "…" + name[1 - DEVICE_WIDTH_MAX :]
            values = _cut(_values(row, "  ", ASIDE), max(width - DEVICE_WIDTH_MAX - OTHERS_WIDTH, 10))
        colour = _COLOURS.get(row.quality, "red")
        cells = [escape(name), values, f"[{colour}]{row.quality}[/{colour}]", _span(row.age_s)]
        cells += [_milliseconds(row.latency_ms)] if is_polled else []
        cells += [str(row.records)] if is_wide else []
        table.add_row(*cells, str(row.errors))
    return table


def _values(row: Row, between: str, aside: tuple[str, ...] = ()) -> str:
    shown = [f"{name} {value:g}" for name, value in row.values.items() if not (aside and name.endswith(aside))]
    return between.join(shown) or "-"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


_COLOURS = {"good": "green", "waiting": "dim", "-": "dim", "late": "yellow", "stale": "yellow"}


def _milliseconds(latency_ms: float | None) -> str:
    return "-" if latency_ms is None else f"{latency_ms:.0f} ms"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.0f} s"
