"""The thermal passport of a lot: every place it was in, what was measured there, and what is left of its allowance."""

from collections.abc import Sequence

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.kinds.lot_history import LotShown, lot_facts
from cloud_sync.papers.parts import period
from cloud_sync.papers.style import PaperStyle


class ChannelShown(Shown):
    """What one channel measured during a stay."""

    device: str
    metric: str
    measured_at: str
    lowest: float | None
    highest: float | None
    mkt_c: float | None
    measured_s: float
    gap_s: float
    beyond_any_s: float


class StayShown(Shown):
    """A stay in a place."""

    place: str
    place_kind: str
    serial: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    channels: tuple[ChannelShown, ...]
    mkt_c: float | None
    outside_s: float
    unmeasured_s: float


class ExposureShown(Shown):
    """An excursion that it was exposed to."""

    excursion_id: int
    place: str
    rule: str
    since: AwareDatetime
    ended_at: AwareDatetime | None
    worst: float
    metric: str


class ThermalPassport(PaperData):
    """As ``actions/quality/thermal_passports`` adds it up."""

    lot: LotShown
    serial: str
    stays: tuple[StayShown, ...]
    excursions: tuple[ExposureShown, ...]
    lowest_c: float | None
    highest_c: float | None
    mkt_c: float | None
    outside_s: float
    unmeasured_s: float
    allowance_s: float | None
    allowance_c_max: float | None
    allowance_left_s: float | None
    gap_s: float
    is_cut: bool


def thermal_passport(data: ThermalPassport, style: PaperStyle) -> Document:
    """The paper."""
    of_serial = f", serial {data.serial}" if data.serial else ""
    return Document(
        "Thermal passport", f"{data.lot.item_title or data.lot.item}, lot {data.lot.lot_number}{of_serial}",
        [_status(data, style), *lot_facts(data.lot, style), *_in_all(data, style), *_stays(data.stays, style),
         *_excursions(data.excursions, style), *_how(data, style)],
    )  # fmt: skip


def _status(data: ThermalPassport, style: PaperStyle) -> Status:
    outside = f"{style.span(data.outside_s)} outside limits in all" if data.outside_s else "never outside its limits"
    missing = f"; not measured for {style.span(data.unmeasured_s)}" if data.unmeasured_s else ""
    if data.allowance_left_s is not None and data.allowance_left_s <= 0:
        return Status("ALLOWANCE USED UP", outside + missing, Tone.BAD)
    if data.allowance_left_s is not None:
        return Status("WITHIN ITS ALLOWANCE", f"{outside}; {style.span(data.allowance_left_s)} left{missing}", Tone.OK)
    if data.outside_s:
        return Status("OUTSIDE LIMITS", outside + missing, Tone.BAD)
    return Status("WITHIN LIMITS", outside + missing, Tone.WARN if data.unmeasured_s else Tone.OK)


def _in_all(data: ThermalPassport, style: PaperStyle) -> list[Block]:
    allowed = style.span(data.allowance_s) if data.allowance_s is not None else "none on file"
    if data.allowance_s is not None and data.allowance_c_max is not None:
        allowed += f", up to {style.celsius(data.allowance_c_max)}"
    return [
        Heading("In all"),
        Facts([
            ("Lowest", style.celsius(data.lowest_c)), ("Highest", style.celsius(data.highest_c)),
            ("Mean kinetic temperature", style.celsius(data.mkt_c)), ("Outside limits", style.span(data.outside_s)),
            ("Not measured", style.span(data.unmeasured_s)), ("Allowed outside", allowed),
        ]),
    ]  # fmt: skip


def _stays(stays: Sequence[StayShown], style: PaperStyle) -> list[Block]:
    rows = []
    for stay in stays:
        place = f"{stay.place}{f' ({stay.serial})' if stay.serial else ''}"
        when = period(stay.began_at, stay.ended_at, style)
        if not stay.channels:
            rows.append((place, when, "nothing measured", "", "", "", "", style.span(stay.unmeasured_s)))
        for index, each in enumerate(stay.channels):
            rows.append((
                place if index == 0 else "", when if index == 0 else "",
                each.device if each.measured_at == stay.place else f"{each.device} in {each.measured_at}",
                style.measured(each.lowest, each.metric), style.measured(each.highest, each.metric),
                style.celsius(each.mkt_c), style.span(each.beyond_any_s), style.span(each.gap_s),
            ))  # fmt: skip
    columns = [
        Col("Place", "1.2fr"), Col("When", "1.6fr"), Col("Measured by", "1.2fr"), Col("Lowest", right=True),
        Col("Highest", right=True), Col("MKT", right=True), Col("Outside", right=True), Col("Not measured", right=True),
    ]  # fmt: skip
    return [Heading("Place by place"), Table(columns, rows, "It has been nowhere yet.")]


def _excursions(excursions: Sequence[ExposureShown], style: PaperStyle) -> list[Block]:
    rows = [
        (str(each.excursion_id), each.place, each.rule, style.when(each.since),
         style.when(each.ended_at) if each.ended_at else "not yet", style.measured(each.worst, each.metric))
        for each in excursions
    ]  # fmt: skip
    columns = [
        Col("Excursion", right=True), Col("Place", "1fr"), Col("Rule", "1fr"), Col("Exposed since"), Col("Ended"),
        Col("Worst", right=True),
    ]  # fmt: skip
    return [Heading("Excursions that it was exposed to"), Table(columns, rows, "None.")]


def _how(data: ThermalPassport, style: PaperStyle) -> list[Block]:
    text = (
        "Where several probes measured one stay, totals take the worst of them. A value counts until the next one, but "
        f"no longer than its device's interval allows, and {style.span(data.gap_s)} at most; the rest is not measured. "
        "Nothing is interpolated."
    )
    if data.is_cut:
        text += " There are more stays than this paper shows; the console has all of them."
    return [Text(text, Tone.SOFT)]
