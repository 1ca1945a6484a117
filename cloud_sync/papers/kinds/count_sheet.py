"""The sheet for a count: blind while it is open, with findings and the decision once it is decided."""

from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import (
    BOX,
    Block,
    Col,
    Document,
    Facts,
    Heading,
    Signatures,
    Status,
    Table,
    Text,
    Tone,
    drop_empty,
)
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import SignatureShown, signature_blocks, titled
from cloud_sync.papers.style import PaperStyle


class ToCount(Shown):
    """A position that nobody has counted: no quantity, so that it is counted and not copied."""

    place: str
    item: str
    item_title: str
    base_unit: str
    lot_number: str
    serial: str
    expires_on: date | None


class Finding(Shown):
    """What was found, and (of a decided count) what was expected."""

    place: str
    item: str
    lot_number: str
    serial: str
    counted: int
    counted_by: str
    counted_at: AwareDatetime
    expected_then: int | None
    difference_then: int | None


class CountSheet(PaperData):
    """A count."""

    number: str
    place: str
    place_title: str
    opened_by: str
    opened_at: AwareDatetime
    decision: str | None
    decided_by: str | None
    decided_at: AwareDatetime | None
    reason: str | None
    to_count: tuple[ToCount, ...]
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureShown, ...]
    is_cut: bool


def count_sheet(data: CountSheet, style: PaperStyle) -> Document:
    """The paper."""
    decided = f"{data.decision} by {data.decided_by}, {style.when(data.decided_at)}" if data.decision else None
    blocks: list[Block] = [
        *(
            [Status(data.decision.upper(), data.reason or "", Tone.OK if data.decision == "approved" else Tone.BAD)]
            if data.decision
            else []
        ),
        Facts(
            drop_empty(
                [
                    ("Place", titled(data.place_title, data.place)),
                    ("Opened", f"{style.when(data.opened_at)} by {data.opened_by}"),
                    ("Decided", decided),
                ]
            )
        ),
    ]
    blocks += _decided(data, style) if data.decision else _blank(data, style)
    return Document("Count sheet", f"{data.number}, {titled(data.place_title, data.place)}", blocks)


def _blank(data: CountSheet, style: PaperStyle) -> list[Block]:
    rows = [
        (each.place, titled(each.item_title, each.item), each.lot_number, each.serial, style.day(each.expires_on),
         each.base_unit, BOX, BOX)
        for each in data.to_count
    ]  # fmt: skip
    rows += [(BOX, BOX, BOX, BOX, BOX, "", BOX, BOX) for _ in range(3)]
    columns = [
        Col("Place", "1fr"),
        Col("Item", "1.6fr"),
        Col("Lot", "0.9fr", is_code=True),
        Col("Serial", "0.8fr", is_code=True),
        Col("Expires", "1fr"),
        Col("Unit"),
        Col("Counted", "0.8fr"),
        Col("Initials", "0.6fr"),
    ]
    counted = [
        (each.place, each.item, each.lot_number, each.serial, style.number(each.counted), each.counted_by,
         style.when(each.counted_at))
        for each in data.findings
    ]  # fmt: skip
    found: list[Block] = []
    if counted:
        found = [
            Heading("Counted already"),
            Table([Col("Place", "1fr"), Col("Item", "1fr"), Col("Lot", is_code=True), Col("Serial", is_code=True),
                   Col("Counted", right=True), Col("By"), Col("When")], counted),
        ]  # fmt: skip
    cut = (
        [Text("There is more to count than this sheet has room for; count a smaller place.", Tone.WARN)]
        if data.is_cut
        else []
    )
    return [
        Heading("To count"),
        Text(
            "Count what is there and write it down; write 0 where something is missing. Add what is not on this sheet.",
            Tone.SOFT,
        ),
        Table(columns, rows, roomy=True),
        *cut,
        *found,
        Signatures(by_hand=("Counted by", "Second counter")),
    ]


def _decided(data: CountSheet, style: PaperStyle) -> list[Block]:
    rows = [
        (
            each.place,
            each.item,
            each.lot_number,
            each.serial,
            style.number(each.expected_then),
            style.number(each.counted),
            ""
            if each.difference_then is None
            else f"{'+' if each.difference_then > 0 else ''}{style.number(each.difference_then)}",
            each.counted_by,
            style.when(each.counted_at),
        )
        for each in data.findings
    ]
    columns = [
        Col("Place", "1fr"),
        Col("Item", "1fr"),
        Col("Lot", is_code=True),
        Col("Serial", is_code=True),
        Col("Expected", right=True),
        Col("Counted", right=True),
        Col("Difference", right=True),
        Col("By"),
        Col("When"),
    ]
    return [
        Heading("What was found"),
        Table(columns, rows, "Nothing was counted."),
        *signature_blocks(data.signatures, style),
    ]
