"""The report on a suspicious unit: the signals, the facts that show them, custody, what makers told, who was there."""

from collections.abc import Sequence

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Signatures, Status, Table, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.kinds.lot_history import LotShown, lot_facts
from cloud_sync.papers.kinds.pedigree import ToldShown
from cloud_sync.papers.parts import words
from cloud_sync.papers.style import PaperStyle


class SignalShown(Shown):
    """A signal."""

    signal: str
    text: str
    at: AwareDatetime
    facts: tuple[str, ...]


class SeenShown(Shown):
    """A movement of the unit; ``is_evidence``: a signal rests on it. ``fact`` names where it was said."""

    at: AwareDatetime
    action: str
    lot_number: str
    from_place: str
    to_place: str
    operator: str
    fact: str
    is_evidence: bool


class TheftReport(PaperData):
    """All that is known of a suspicious unit."""

    case_id: int
    text: str
    opened_at: AwareDatetime
    resolution: str
    lot: LotShown
    serial: str
    lost: str
    signals: tuple[SignalShown, ...]
    seen: tuple[SeenShown, ...]
    maker: tuple[ToldShown, ...]


def theft_report(data: TheftReport, style: PaperStyle) -> Document:
    """The paper."""
    return Document(
        "Report of a suspicious unit", f"{data.lot.item_title or data.lot.item}, serial {data.serial}",
        [
            Status("RESOLVED", data.resolution, Tone.OK) if data.resolution
            else Status("SUSPICIOUS", data.text, Tone.BAD),
            *lot_facts(data.lot, style),
            Facts([("Serial", data.serial), ("Case", str(data.case_id)), ("Opened", style.when(data.opened_at)),
                   ("Reported as lost", data.lost or "no")]),
            Heading("What is suspicious"),
            Table([Col("Signal"), Col("What is known", "2fr"), Col("Last seen")],
                  [(words(each.signal), each.text, style.when(each.at)) for each in data.signals],
                  "Nothing any longer: later facts explain it."),
            *_seen(data.seen, style),
            Heading("What its maker and partners told (EPCIS)"),
            Table([Col("When"), Col("What"), Col("Where", "1fr"), Col("Told by"), Col("Event", "1fr", is_code=True)],
                  [(style.when(each.at), words(each.step), each.place, each.told_by,
                    each.event_id.removeprefix("urn:uuid:"))
                   for each in data.maker], "Nobody has sent events about it."),
            Signatures((), ("Quality", "Security")),
        ],
        is_wide=True,
    )  # fmt: skip


def _seen(seen: Sequence[SeenShown], style: PaperStyle) -> list[Block]:
    rows = [
        ("evidence" if each.is_evidence else "", style.when(each.at), words(each.action), each.lot_number,
         each.from_place, each.to_place, each.operator, each.fact.replace("/", " / "))
        for each in seen
    ]  # fmt: skip
    columns = [
        Col(""), Col("When"), Col("What"), Col("Lot", is_code=True), Col("From", "1fr"), Col("To", "1fr"), Col("Who"),
        Col("Where it was said", "1.5fr", is_code=True),
    ]  # fmt: skip
    return [Heading("Where it was seen"), Table(columns, rows)]
