"""The history of a lot: where it came from, every movement, what was decided about it, and where it is."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Status, Table, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import HoldShown, quantity, titled, words
from cloud_sync.papers.style import PaperStyle


class LotShown(Shown):
    """A lot."""

    id: int
    item: str
    item_title: str
    base_unit: str
    lot_number: str
    owner: str
    expires_on: date | None
    expires_at: AwareDatetime | None = None
    ndc: str = ""


class PositionShown(Shown):
    """What of it lies where, and why it may not be issued."""

    place: str
    serial: str
    quantity: int
    reserved: int
    reasons: tuple[str, ...]


class MovementShown(Shown):
    """A movement."""

    occurred_at: AwareDatetime
    action: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    order_ref: str
    operator: str


class DocumentShown(Shown):
    """A document on file."""

    kind: str
    reference: str
    sha256: str
    valid_until: date | None
    added_by: str
    added_at: AwareDatetime


class EventShown(Shown):
    """Something somebody did."""

    at: AwareDatetime
    actor: str
    kind: str
    reason: str


class EndShown(Shown):
    """Where a lot came from, or who got it."""

    place: str
    item: str
    lot_number: str
    quantity: int


class LotHistory(PaperData):
    """All of it, movements and events in the order of time."""

    lot: LotShown
    stock: tuple[PositionShown, ...]
    holds: tuple[HoldShown, ...]
    sources: tuple[EndShown, ...]
    recipients: tuple[EndShown, ...]
    movements: tuple[MovementShown, ...]
    documents: tuple[DocumentShown, ...]
    events: tuple[EventShown, ...]
    is_cut: bool = False


def lot_history(data: LotHistory, style: PaperStyle) -> Document:
    """The paper."""
    lot = data.lot
    return Document(
        "Lot history", f"{lot.item_title or lot.item}, lot {lot.lot_number}",
        [
            lot_status(data.holds), *lot_facts(lot, style), *_where(data, style), *_ends(data, style),
            *_movements(data.movements, style), *_documents(data.documents, style), *_events(data.events, style),
            *([Status("CUT", "More was recorded than fits on this paper; the console has all of it.", Tone.WARN)]
              if data.is_cut else []),
        ],
    )  # fmt: skip


def lot_status(holds: Sequence[HoldShown]) -> Status:
    """Whether it is held, and why."""
    if not holds:
        return Status("FREE", "Nothing holds it.", Tone.OK)
    where = [f"{each.text}{f' (in {each.place})' if each.place else ''}" for each in holds]
    return Status("ON HOLD", "; ".join(dict.fromkeys(where)), Tone.BAD)


def lot_facts(lot: LotShown, style: PaperStyle) -> list[Block]:
    """What stands on its label."""
    expires = style.when(lot.expires_at) if lot.expires_at and lot.expires_on is None else style.day(lot.expires_on)
    return [
        Facts([
            ("Item", titled(lot.item_title, lot.item)), ("Lot", lot.lot_number), ("Expires", expires),
            ("Owner", lot.owner), ("Base unit", lot.base_unit), ("NDC", lot.ndc or "none on file"),
        ])
    ]  # fmt: skip


def _where(data: LotHistory, style: PaperStyle) -> list[Block]:
    rows = [
        (each.place, each.serial, quantity(each.quantity, data.lot.base_unit, style), style.number(each.reserved),
         "; ".join(each.reasons) or "yes")
        for each in data.stock
    ]  # fmt: skip
    return [
        Heading("Where it is"),
        Table(
            [
                Col("Place", "1fr"),
                Col("Serial", is_code=True),
                Col("Quantity", right=True),
                Col("Reserved", right=True),
                Col("May it be issued?", "2.5fr"),
            ],
            rows,
            "Nothing of it is left in the house.",
        ),
    ]


def _ends(data: LotHistory, style: PaperStyle) -> list[Block]:
    def rows(ends: Sequence[EndShown]) -> list[tuple[str, ...]]:
        return [(each.place, each.item, each.lot_number, style.number(each.quantity)) for each in ends]

    columns = [
        Col("Place", "1.5fr"),
        Col("Item", "1.5fr"),
        Col("Lot", "1fr", is_code=True),
        Col("Quantity", right=True),
    ]
    return [
        Heading("Where it came from"), Table(columns, rows(data.sources), "No supplier is known."),
        Heading("Who got it"), Table(columns, rows(data.recipients), "Nobody has received any of it."),
    ]  # fmt: skip


def _movements(movements: Sequence[MovementShown], style: PaperStyle) -> list[Block]:
    rows = [
        (style.when(each.occurred_at), words(each.action), each.from_place, each.to_place, style.number(each.quantity),
         each.serial, each.order_ref, each.operator)
        for each in movements
    ]  # fmt: skip
    return [
        Heading("Movements"),
        Table([Col("When"), Col("What"), Col("From", "1fr"), Col("To", "1fr"), Col("Quantity", right=True),
               Col("Serial", is_code=True), Col("For"), Col("Who")], rows),
    ]  # fmt: skip


def _documents(documents: Sequence[DocumentShown], style: PaperStyle) -> list[Block]:
    rows = [
        (
            words(each.kind),
            each.reference,
            style.day(each.valid_until),
            f"{style.day(each.added_at)} by {each.added_by}",
            f"{each.sha256[:16]}…" if each.sha256 else "",
        )
        for each in documents
    ]
    return [
        Heading("Documents on file"),
        Table(
            [Col("Kind"), Col("Reference", "1fr"), Col("Valid until"), Col("Filed"), Col("SHA-256", is_code=True)], rows
        ),
    ]


def _events(events: Sequence[EventShown], style: PaperStyle) -> list[Block]:
    rows = [(style.when(each.at), each.actor, words(each.kind), each.reason) for each in events]
    return [
        Heading("What was done about it"),
        Table(
            [Col("When"), Col("Who"), Col("What", "1fr"), Col("Why", "2fr")], rows, "Nothing has been decided about it."
        ),
    ]
