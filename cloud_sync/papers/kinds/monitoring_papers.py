"""Papers of monitoring: a month of a room, and the calibration of its sensors."""

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.chart import Curve, Point, chart_svg
from cloud_sync.papers.document import (
    Block,
    Col,
    Document,
    Facts,
    Heading,
    Picture,
    Signatures,
    Status,
    Table,
    Text,
    Tone,
)
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import counted, titled
from cloud_sync.papers.style import PaperStyle
from edge_agent.domain.monitoring.quantity_words import label_of

HOUR_GAP_S = 7200.0
COVERED_WELL = 0.95
"""Below this share of the time measured, a month without an excursion proves little."""
CALIBRATION_WORDS: Mapping[str, str] = {
    "overdue": "OVERDUE",
    "soon": "due within 30 days",
    "later": "in date",
    "unknown": "its gateway has reported no date",
}


class MonthOfChannel(Shown):
    """What one channel measured in a month. Mean and MKT weigh by time; ``coverage`` is 0 to 1; ``days``: its curve."""

    gateway: str
    device: str
    metric: str
    place: str
    low: float | None
    high: float | None
    lowest: float | None
    mean: float | None
    highest: float | None
    mkt_c: float | None
    outside_s: float
    measured_s: float
    gap_s: float
    coverage: float
    days: tuple[tuple[AwareDatetime, float, float, float], ...]


class MonthExcursion(Shown):
    """An excursion that touched the month."""

    id: int
    place: str
    rule: str
    metric: str
    severity: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float
    lots_exposed: int


class RoomReport(PaperData):
    """A month of a room."""

    place: str
    place_title: str
    policy: str
    month: str
    first: AwareDatetime
    last: AwareDatetime
    is_over: bool
    channels: tuple[MonthOfChannel, ...]
    excursions: tuple[MonthExcursion, ...]


def room_report(data: RoomReport, style: PaperStyle) -> Document:
    """The paper."""
    return Document(
        "Room report",
        f"{titled(data.place_title, data.place)}, {style.month(data.month)}",
        [
            _room_status(data, style),
            Facts(
                [
                    ("Room", titled(data.place_title, data.place)),
                    ("Storage policy", data.policy or "none"),
                    ("Period", f"{style.when(data.first)} to {style.when(data.last)}"),
                ]
            ),
            *_channels(data.channels, style),
            *_charts(data, style),
            *_month_excursions(data.excursions, style),
            Text(
                "Mean and mean kinetic temperature (MKT, USP <1079.2>) weigh each value by how long it stood. "
                "Coverage is the share of the period that was measured; what was not measured is never filled in. "
                "Lines of the chart: mean of each hour; band: lowest to highest.",
                Tone.SOFT,
            ),
        ],
    )


def _room_status(data: RoomReport, style: PaperStyle) -> Status:
    outside = max((each.outside_s for each in data.channels), default=0.0)
    coverage = min((each.coverage for each in data.channels), default=0.0)
    open_month = "" if data.is_over else " The month is not over."
    if not data.channels:
        return Status("NOT MEASURED", f"No sensor was in this room.{open_month}", Tone.BAD)
    measured = f"{style.percent(coverage)} of the time measured at least"
    text = f"{style.hours(outside)} outside limits at most, {measured}.{open_month}"
    if data.excursions:
        count = len(data.excursions)
        return Status(counted(count, "EXCURSION", "EXCURSIONS"), text, Tone.BAD)
    if coverage < COVERED_WELL:
        return Status("MEASURED IN PART", f"No excursion was recorded; {text}", Tone.WARN)
    return Status("NO EXCURSION", text, Tone.OK)


def _channels(channels: Sequence[MonthOfChannel], style: PaperStyle) -> list[Block]:
    rows = [
        (each.device if each.place == "" else f"{each.device}\n{each.place}", label_of(each.metric),
         _limits(each, style), style.measured(each.lowest, each.metric), style.measured(each.mean, each.metric),
         style.measured(each.highest, each.metric), style.celsius(each.mkt_c), style.hours(each.outside_s),
         style.percent(each.coverage))
        for each in channels
    ]  # fmt: skip
    columns = [
        Col("Device and place", "1fr"),
        Col("Measured"),
        Col("Limits"),
        Col("Lowest", right=True),
        Col("Mean", right=True),
        Col("Highest", right=True),
        Col("MKT", right=True),
        Col("Outside", right=True),
        Col("Coverage", right=True),
    ]
    return [Heading("What was measured"), Table(columns, rows, "No sensor was in this room.")]


def _limits(each: MonthOfChannel, style: PaperStyle) -> str:
    unit = style.unit(each.metric)
    if each.low is None and each.high is None:
        return "none"
    if each.low is None or each.high is None:
        side = (
            f"up to {style.value(each.high, each.metric)}"
            if each.low is None
            else f"from {style.value(each.low, each.metric)}"
        )
        return f"{side} {unit}"
    return f"{style.value(each.low, each.metric)} to {style.value(each.high, each.metric)} {unit}"


def _charts(data: RoomReport, style: PaperStyle) -> list[Block]:
    blocks: list[Block] = []
    for each in data.channels:
        shaded = [
            (one.began_at, one.ended_at or data.last) for one in data.excursions if one.metric == each.metric
        ]  # fmt: skip
        curve = Curve(
            each.metric, data.first, data.last, [Point(*point) for point in each.days], each.low, each.high, shaded,
            HOUR_GAP_S,
        )  # fmt: skip
        name = f"{label_of(each.metric).capitalize()}, {each.device}"
        blocks += [Heading(name), Picture(chart_svg(curve, style), f"{name} in {style.month(data.month)}")]
    return blocks


def _month_excursions(excursions: Sequence[MonthExcursion], style: PaperStyle) -> list[Block]:
    rows = [
        (str(each.id), each.rule, each.severity, style.when(each.began_at),
         style.when(each.ended_at) if each.ended_at else "not yet", style.measured(each.worst, each.metric),
         style.number(each.lots_exposed))
        for each in excursions
    ]  # fmt: skip
    columns = [
        Col("Excursion", right=True), Col("Rule", "1fr"), Col("Severity"), Col("Began"), Col("Ended"),
        Col("Worst", right=True), Col("Lots", right=True),
    ]  # fmt: skip
    return [Heading("Excursions"), Table(columns, rows, "None.")]


class SensorShown(Shown):
    """A device and when its calibration is due; ``state`` as of the making of the paper."""

    gateway: str
    device: str
    place: str
    metrics: tuple[str, ...]
    due: date | None
    reported_at: AwareDatetime | None
    state: str


class CalibrationStatus(PaperData):
    """All devices of a site or of the house."""

    sensors: tuple[SensorShown, ...]


def calibration_status(data: CalibrationStatus, style: PaperStyle) -> Document:
    """The paper."""
    order = ("overdue", "soon", "unknown", "later")
    counts = {state: sum(each.state == state for each in data.sensors) for state in order}
    if counts["overdue"]:
        status = Status(f"{counts['overdue']} OVERDUE", f"of {len(data.sensors)} devices.", Tone.BAD)
    elif counts["unknown"] or counts["soon"]:
        status = Status(
            "TO LOOK AT",
            f"{counts['soon']} due within 30 days, {counts['unknown']} without a date, of {len(data.sensors)} devices.",
            Tone.WARN,
        )
    else:
        status = Status("ALL IN DATE", f"{len(data.sensors)} devices.", Tone.OK)
    rows = [
        (each.device, each.gateway, each.place or "no place", ", ".join(label_of(metric) for metric in each.metrics),
         style.day(each.due), CALIBRATION_WORDS[each.state], style.day(each.reported_at))
        for each in sorted(data.sensors, key=lambda each: (order.index(each.state), each.due or date.max, each.device))
    ]  # fmt: skip
    columns = [
        Col("Device", "1.2fr"), Col("Gateway"), Col("Place", "1fr"), Col("Measures", "1.2fr"), Col("Due"),
        Col("State", "1fr"), Col("Reported"),
    ]  # fmt: skip
    return Document(
        "Calibration status", titled(data.site.title, data.site.name) or "All sites",
        [status, Heading("Devices"), Table(columns, rows, "No device is known."),
         Text("Gateways report the day on which the calibration of a device is due once it is near. A device without a "
              "date has none in its gateway's configuration, or it is not near yet.", Tone.SOFT),
         Signatures(by_hand=("Reviewed by",))],
    )  # fmt: skip
