"""The monthly report of key figures: stock, orders, monitoring, quality and people, beside the month before."""

from collections.abc import Callable, Sequence

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import titled
from cloud_sync.papers.style import PaperStyle


class Figures(Shown):
    """The key figures of a month. Quantities in base units; shares 0 to 1; None where there was nothing to measure."""

    received_units: int
    issued_units: int
    destroyed_units: int
    returned_units: int
    expired_in_stock_lots: int
    orders_requested: int
    orders_fulfilled: int
    counts_decided: int
    positions_counted: int
    positions_as_expected: int
    excursions: int
    excursion_s: float
    lots_exposed: int
    decisions: int
    decision_median_s: float | None
    releases: int
    cases_opened: int
    cases_closed: int
    case_median_s: float | None
    cases_open_at_end: int
    recalls_opened: int
    batches_planned: int
    batches_released: int
    batches_rejected: int
    alerts: int
    alerts_acknowledged: int
    acknowledge_median_s: float | None
    coverage: float | None


class KpiShown(Shown):
    """A key performance indicator of the month and the one before; None where there was nothing to measure."""

    title: str
    unit: str
    formula: str
    now: float | None
    before: float | None


class KpiReport(PaperData):
    """A month and the month before."""

    month: str
    month_before: str
    first: AwareDatetime
    last: AwareDatetime
    is_over: bool
    now: Figures
    before: Figures
    kpis: tuple[KpiShown, ...] = ()


Tell = Callable[[Figures, PaperStyle], str]


def _count(name: str) -> Tell:
    return lambda figures, style: style.number(getattr(figures, name))


def _span(name: str) -> Tell:
    return lambda figures, style: style.span(getattr(figures, name))


def _share(part: str, whole: str) -> Tell:
    def told(figures: Figures, style: PaperStyle) -> str:
        of = getattr(figures, whole)
        return style.percent(getattr(figures, part) / of if of else None)

    return told


SECTIONS: Sequence[tuple[str, Sequence[tuple[str, Tell]]]] = (
    ("Stock and orders", (
        ("Units received", _count("received_units")), ("Units issued", _count("issued_units")),
        ("Units that came back", _count("returned_units")), ("Units destroyed", _count("destroyed_units")),
        ("Lots that expired in stock", _count("expired_in_stock_lots")),
        ("Orders requested", _count("orders_requested")),
        ("Of these, fulfilled by now", _share("orders_fulfilled", "orders_requested")),
        ("Counts decided", _count("counts_decided")),
        ("Positions counted that were as expected", _share("positions_as_expected", "positions_counted")),
    )),
    ("Monitoring", (
        ("Excursions that began", _count("excursions")), ("Time in excursion", _span("excursion_s")),
        ("Lots exposed", _count("lots_exposed")),
        ("Coverage of all temperature channels", lambda figures, style: style.percent(figures.coverage)),
        ("Alerts", _count("alerts")), ("Of these, acknowledged", _share("alerts_acknowledged", "alerts")),
        ("Median time to acknowledge", _span("acknowledge_median_s")),
    )),
    ("Quality", (
        ("Decisions on exposures", _count("decisions")), ("Of these, releases", _share("releases", "decisions")),
        ("Median time from the excursion to the decision", _span("decision_median_s")),
        ("Exception cases opened", _count("cases_opened")), ("Exception cases closed", _count("cases_closed")),
        ("Median time to close a case", _span("case_median_s")), ("Cases open at the end", _count("cases_open_at_end")),
        ("Recalls opened (mock recalls too)", _count("recalls_opened")),
    )),
    ("Compounding", (
        ("Batches planned", _count("batches_planned")), ("Batches released", _count("batches_released")),
        ("Batches rejected", _count("batches_rejected")),
    )),
)  # fmt: skip


def kpi_report(data: KpiReport, style: PaperStyle) -> Document:
    """The paper."""
    where = titled(data.site.title, data.site.name) or "All sites"
    blocks: list[Block] = [
        *([] if data.is_over else [Status("THE MONTH IS NOT OVER", "Figures are those up to now.", Tone.WARN)]),
        Facts([("Period", f"{style.when(data.first)} to {style.when(data.last)}"), ("Of", where)], columns=2),
    ]
    columns = [
        Col("", "1fr"), Col(style.month(data.month), "0.35fr", right=True),
        Col(style.month(data.month_before), "0.35fr", right=True),
    ]  # fmt: skip
    for title, figures in SECTIONS:
        rows = [(label, tell(data.now, style), tell(data.before, style)) for label, tell in figures]
        blocks += [Heading(title), Table(columns, rows)]
    if data.kpis:
        rows = [
            (each.title, _kpi(each.unit, each.now, style), _kpi(each.unit, each.before, style)) for each in data.kpis
        ]
        formulas = [(each.title, each.formula) for each in data.kpis]
        blocks += [
            Heading("Key performance indicators"), Table(columns, rows),
            Heading("How they are computed"), Table([Col("", "0.45fr"), Col("Formula", "1fr")], formulas),
        ]  # fmt: skip
    blocks.append(
        Text(
            "Quantities are base units of their items. What arrives late (a gateway that was offline) changes "
            "the figures of its month.",
            Tone.SOFT,
        )
    )
    return Document("Monthly report", f"{where}, {style.month(data.month)}", blocks)


def _kpi(unit: str, value: float | None, style: PaperStyle) -> str:
    if unit == "share":
        return style.percent(value)
    if value is None or unit in ("count", "units", "days"):
        return style.number(value)
    return f"{style.number(value, 1)} h" if unit == "hours" else style.number(value, 2)
