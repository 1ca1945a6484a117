"""The recall report: what is recalled, where all of it is, who was told, and every unit accounted for."""

from collections.abc import Sequence
from typing import Any

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Signatures, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import words
from cloud_sync.papers.style import PaperStyle


class ReconciledLot(Shown):
    """A lot to the last unit."""

    item: str
    lot_number: str
    received: int
    on_hand: int
    with_recipients: int
    returned: int
    destroyed: int
    consumed: int
    count_differences: int
    difference: int
    came_back: int
    accounted_pct: float
    is_complete: bool


class NoticeShown(Shown):
    """A notice to a recipient: ``goods`` in words."""

    place: str
    place_kind: str
    goods: str
    sent_by: str | None
    sent_at: AwareDatetime | None
    sent_how: str | None
    acknowledged_by: str | None
    acknowledged_at: AwareDatetime | None
    acknowledged_text: str | None


class ImpactShown(Shown):
    """Where some of it is now."""

    item: str
    lot_number: str
    is_product: bool
    serial: str
    place: str
    place_kind: str
    quantity: int


class RecallReport(PaperData):
    """All of it."""

    id: int
    title: str
    reason: str
    is_mock: bool
    opened_by: str
    opened_at: AwareDatetime
    reconciled_at: AwareDatetime | None
    closed_by: str | None
    closed_at: AwareDatetime | None
    outcome: str | None
    closed_reason: str | None
    reconciliation: tuple[ReconciledLot, ...]
    notices: tuple[NoticeShown, ...]
    impact: tuple[ImpactShown, ...]
    is_cut: bool


def notice_goods(lots: Any) -> str:
    """What a recipient got, in words: of the rows that a notice keeps."""
    return "; ".join(f"{each['quantity']} {each['item']} {each['lot_number']}" for each in lots)


def recall_report(data: RecallReport, style: PaperStyle) -> Document:
    """The paper."""
    return Document(
        "Mock recall report" if data.is_mock else "Recall report", data.title,
        [
            _status(data, style), *_facts(data, style), *_reconciliation(data.reconciliation, style),
            *_notices(data.notices, style), *_impact(data, style),
            Heading("Signatures"), Signatures(by_hand=("Quality", "Management")),
        ],
        is_wide=True,
    )  # fmt: skip


def _status(data: RecallReport, style: PaperStyle) -> Status:
    missing = sum(abs(lot.difference) for lot in data.reconciliation)
    if data.closed_at is not None:
        return Status("CLOSED", f"{data.outcome}: {data.closed_reason}", Tone.OK)
    if all(lot.is_complete for lot in data.reconciliation):
        return Status("OPEN, EVERY UNIT ACCOUNTED FOR", "", Tone.WARN)
    return Status("OPEN", f"{style.number(missing)} units are not accounted for.", Tone.BAD)


def _facts(data: RecallReport, style: PaperStyle) -> list[Block]:
    after = data.reconciled_at - data.opened_at if data.reconciled_at else None
    told = sum(each.sent_at is not None for each in data.notices)
    answered = sum(each.acknowledged_at is not None for each in data.notices)
    closed = f"{style.when(data.closed_at)} by {data.closed_by}" if data.closed_at else "not yet"
    return [
        Facts([
            ("Recall", str(data.id)), ("Opened", f"{style.when(data.opened_at)} by {data.opened_by}"),
            ("Closed", closed),
            ("Every unit accounted for after", style.span(after) if after is not None else "not yet"),
            ("Recipients told", f"{told} of {len(data.notices)}"),
            ("Recipients who answered", f"{answered} of {len(data.notices)}"),
        ]),
        Heading("Reason"), Text(data.reason),
    ]  # fmt: skip


def _reconciliation(lots: Sequence[ReconciledLot], style: PaperStyle) -> list[Block]:
    columns = [
        Col("Item", "1.5fr"), Col("Lot", "1fr", is_code=True), Col("Received", right=True), Col("On hand", right=True),
        Col("With recipients", right=True), Col("Returned", right=True), Col("Destroyed", right=True),
        Col("Used in production", right=True), Col("Approved counts", right=True), Col("Difference", right=True),
        Col("Accounted for", right=True),
    ]  # fmt: skip
    fields = ("received", "on_hand", "with_recipients", "returned", "destroyed", "consumed", "count_differences",
              "difference")  # fmt: skip
    rows = [
        (lot.item, lot.lot_number, *(style.number(getattr(lot, field)) for field in fields),
         f"{style.number(lot.accounted_pct, 2)} %")
        for lot in lots
    ]  # fmt: skip
    sums = [sum(getattr(lot, field) for lot in lots) for field in fields]
    received, difference = sums[0], sum(abs(lot.difference) for lot in lots)
    share = 100.0 if received == 0 else 100 * (1 - difference / received)
    total = ("All", "", *(style.number(each) for each in sums), f"{style.number(share, 2)} %")
    return [
        Heading("Reconciliation"), Table(columns, rows, "No lot is in its reach yet.", total=total if rows else None),
        Text("In base units. Received = on hand + with recipients + returned + destroyed + used + approved counts + "
             "difference. What recipients sent back is in the places where it went.", Tone.SOFT),
    ]  # fmt: skip


def _notices(notices: Sequence[NoticeShown], style: PaperStyle) -> list[Block]:
    rows = [
        (
            each.place, each.goods,
            f"{style.when(each.sent_at)} by {each.sent_by}: {each.sent_how}" if each.sent_at else "NOT YET",
            f"{style.when(each.acknowledged_at)}: {each.acknowledged_text}" if each.acknowledged_at else "NOT YET",
        )
        for each in notices
    ]  # fmt: skip
    columns = [Col("Recipient", "1fr"), Col("Received", "1.5fr"), Col("Told", "1.5fr"), Col("Answered", "1.5fr")]
    return [Heading("Recipients"), Table(columns, rows, "Nobody has received any of it.")]


def _impact(data: RecallReport, style: PaperStyle) -> list[Block]:
    rows = [
        (each.item, each.lot_number, "made of it" if each.is_product else "recalled", each.serial, each.place,
         words(each.place_kind), style.number(each.quantity))
        for each in data.impact
    ]  # fmt: skip
    columns = [
        Col("Item", "1.5fr"), Col("Lot", "1fr", is_code=True), Col("Why"), Col("Serial", is_code=True),
        Col("Place", "1.5fr"), Col("Kind of place"), Col("Quantity", right=True),
    ]  # fmt: skip
    more = [Text("There is more than this paper shows; the console has all of it.", Tone.WARN)] if data.is_cut else []
    return [Heading("Where it is"), Table(columns, rows, "Nothing of it is left anywhere."), *more]
