"""The excursion report: what happened in a place, which lots it touched, what was decided on them and who signed."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.chart import Curve, Point, chart_svg
from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Picture, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import DECIDED, SignatureShown, counted, quantity, signature_blocks, titled, words
from cloud_sync.papers.style import PaperStyle
from edge_agent.domain.monitoring.quantity_words import label_of


class ProbeShown(Shown):
    """What one probe saw of it."""

    gateway: str
    device: str
    metric: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float


class VersionShown(Shown):
    """What the excursion was, as it became known."""

    version: int
    change: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float
    recorded_at: AwareDatetime


class ExposedLot(Shown):
    """A lot that was there, where it is now, what it has been through in all, and the latest decision on it."""

    lot_id: int
    item: str
    item_title: str
    base_unit: str
    lot_number: str
    owner: str
    expires_on: date | None
    since: AwareDatetime
    places: tuple[str, ...]
    quantity: int
    is_held: bool
    decision: str | None
    lowest_c: float | None
    highest_c: float | None
    mkt_c: float | None
    outside_s: float
    unmeasured_s: float
    allowance_s: float | None
    allowance_left_s: float | None


class DecisionShown(Shown):
    """A decision on a lot."""

    item: str
    lot_number: str
    decision: str
    reason: str
    decided_by: str
    decided_at: AwareDatetime
    same_evidence: bool


class CurveShown(Shown):
    """What was measured around it: (at, lowest, mean, highest)."""

    first: AwareDatetime
    last: AwareDatetime
    low: float | None
    high: float | None
    gap_s: float
    points: tuple[tuple[AwareDatetime, float, float, float], ...]


class ExcursionReport(PaperData):
    """All of it. ``rule_text`` and ``rule_source`` are of the policy that was in force when it began."""

    excursion_id: int
    place: str
    place_title: str
    metric: str
    rule: str
    rule_text: str
    rule_source: str
    policy: str
    severity: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float
    version: int
    longest_gap_s: float
    gateway: str
    device: str
    probes: tuple[ProbeShown, ...]
    versions: tuple[VersionShown, ...]
    curve: CurveShown
    lots: tuple[ExposedLot, ...]
    decisions: tuple[DecisionShown, ...]
    signatures: tuple[SignatureShown, ...]


def excursion_report(data: ExcursionReport, style: PaperStyle) -> Document:
    """The paper."""
    open_lots = sum(lot.is_held for lot in data.lots)
    return Document(
        "Excursion report",
        f"{titled(data.place_title, data.place)}, {style.when(data.began_at)}",
        [
            _status(data, open_lots),
            *_what_happened(data, style),
            *_lots(data.lots, style),
            *_decisions(data.decisions, style),
            *signature_blocks(data.signatures, style),
            *_sources(data, style),
        ],
    )


def _status(data: ExcursionReport, open_lots: int) -> Status:
    if data.ended_at is None:
        return Status("NOT OVER", "The place is still outside its limits; figures are those up to now.", Tone.BAD)
    if open_lots:
        lots = counted(open_lots, "lot waits", "lots wait")
        return Status("OPEN", f"{lots} for a decision and may not be issued.", Tone.WARN)
    if not data.lots:
        return Status("NO LOTS EXPOSED", "No stock was in this place meanwhile.", Tone.OK)
    return Status("DECIDED", "Every lot that was there has been decided on.", Tone.OK)


def _what_happened(data: ExcursionReport, style: PaperStyle) -> list[Block]:
    lasted = (data.ended_at - data.began_at) if data.ended_at else None
    curve = data.curve
    svg = chart_svg(
        Curve(
            data.metric, curve.first, curve.last, [Point(*point) for point in curve.points], curve.low, curve.high,
            [(data.began_at, data.ended_at or curve.last)], curve.gap_s,
        ), style,
    )  # fmt: skip
    name = label_of(data.metric)
    return [
        Heading("What happened"),
        Facts([
            ("Place", titled(data.place_title, data.place)), ("Measured", name),
            ("Severity", data.severity),
            ("Began", style.when(data.began_at, seconds=True)),
            ("Ended", style.when(data.ended_at, seconds=True) if data.ended_at else "not yet"),
            ("Lasted", style.span(lasted) if lasted else "still lasts"),
            ("Worst value", style.measured(data.worst, data.metric)),
            ("Longest time without a value in it", style.span(data.longest_gap_s)),
            ("Excursion", f"{data.excursion_id}, version {data.version}"),
        ]),
        Picture(svg, f"{name} in {data.place} from {style.when(curve.first)} to {style.when(curve.last)}; "
                     f"worst {style.measured(data.worst, data.metric)}; the time outside limits is shaded"),
        Text("Line: mean. Band: lowest to highest. Shaded: outside limits.", Tone.SOFT),
        Heading("Rule"),
        Text(f"{data.rule}: {data.rule_text}" if data.rule_text else data.rule),
        Text("  ".join(filter(None, [f"Policy {data.policy}." if data.policy else "",
                                     f"Source: {data.rule_source}" if data.rule_source else ""])), Tone.SOFT),
    ]  # fmt: skip


def _lots(lots: Sequence[ExposedLot], style: PaperStyle) -> list[Block]:
    columns = [
        Col("Lot", "1fr", is_code=True), Col("Item", "1.8fr"), Col("Expires"), Col("Exposed since"),
        Col("Where it is now", "1.6fr"), Col("Quantity", right=True), Col("State"),
    ]  # fmt: skip
    rows = [
        (
            lot.lot_number, lot.item_title or lot.item, style.day(lot.expires_on), style.when(lot.since),
            ", ".join(lot.places) or "not in the house", quantity(lot.quantity, lot.base_unit, style),
            "on hold" if lot.is_held else DECIDED[lot.decision] if lot.decision else "available",
        )
        for lot in lots
    ]  # fmt: skip
    passport = [
        Col("Lot", "1fr", is_code=True), Col("Lowest", right=True), Col("Highest", right=True), Col("MKT", right=True),
        Col("Outside limits in all", right=True), Col("Not measured", right=True), Col("Allowed", right=True),
        Col("Left", right=True),
    ]  # fmt: skip
    figures = [
        (
            lot.lot_number, style.celsius(lot.lowest_c), style.celsius(lot.highest_c), style.celsius(lot.mkt_c),
            style.span(lot.outside_s), style.span(lot.unmeasured_s), style.span(lot.allowance_s),
            style.span(lot.allowance_left_s),
        )
        for lot in lots
    ]  # fmt: skip
    more: list[Block] = [Heading("Thermal passports of these lots"), Table(passport, figures)] if lots else []
    return [Heading("Lots that were exposed"), Table(columns, rows, "No lots were there."), *more]


def _decisions(decisions: Sequence[DecisionShown], style: PaperStyle) -> list[Block]:
    columns = [
        Col("Decided"), Col("Lot", "1fr", is_code=True), Col("Decision"), Col("By"), Col("Grounds", "2fr"),
        Col("Evidence"),
    ]  # fmt: skip
    rows = [
        (
            style.when(each.decided_at), each.lot_number, DECIDED[each.decision], each.decided_by, each.reason,
            "unchanged" if each.same_evidence else "CHANGED SINCE",
        )
        for each in decisions
    ]  # fmt: skip
    return [Heading("Decisions"), Table(columns, rows, "Nothing has been decided yet.")]


def _sources(data: ExcursionReport, style: PaperStyle) -> list[Block]:
    probes = [
        (
            each.gateway,
            each.device,
            style.when(each.began_at, seconds=True),
            style.when(each.ended_at, seconds=True) if each.ended_at else "not yet",
            style.measured(each.worst, each.metric),
        )
        for each in data.probes
    ]
    versions = [
        (str(each.version), style.when(each.recorded_at, seconds=True), words(each.change),
         style.when(each.began_at), style.when(each.ended_at) if each.ended_at else "not yet",
         style.measured(each.worst, data.metric))
        for each in data.versions
    ]  # fmt: skip
    return [
        Heading("Sources"),
        Table(
            [Col("Gateway", "1fr"), Col("Device", "1fr"), Col("Began"), Col("Ended"), Col("Worst", right=True)],
            probes,
            f"{data.gateway}, {data.device}.",
        ),
        Heading("As it became known"),
        Table(
            [
                Col("Version", right=True),
                Col("Recorded"),
                Col("What changed", "1fr"),
                Col("Began"),
                Col("Ended"),
                Col("Worst", right=True),
            ],
            versions,
            "It is as it was first recorded.",
        ),
    ]
