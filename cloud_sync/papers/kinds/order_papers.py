"""Papers of orders: what is wrong with a receipt, pick list, packing slip, and the protocol of a destruction."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import (
    BOX,
    TICK,
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
from cloud_sync.papers.parts import SignatureShown, counted, quantity, signature_blocks, titled, words
from cloud_sync.papers.style import PaperStyle

NOT_ON_FILE = "not on file"


class PlaceShown(Shown):
    """A place with what people call it."""

    name: str
    title: str
    kind: str


class OrderLineShown(Shown):
    """A line: ``done`` came, was issued or destroyed."""

    line: int
    item: str
    item_title: str
    base_unit: str
    quantity: int
    done: int
    open: int
    lot_number: str
    serial: str


class OrderStepShown(Shown):
    """What somebody decided about it."""

    step: str
    by_whom: str
    at: AwareDatetime
    reason: str


class GoodsShown(Shown):
    """What moved, or is to be taken, of a lot."""

    item: str
    item_title: str
    base_unit: str
    ndc: str = ""
    gtin: str = ""
    lot_number: str
    serial: str
    expires_on: date | None
    quantity: int
    place: str = ""
    at: AwareDatetime | None = None
    by: str = ""
    why: str = ""


class CaseShown(Shown):
    """A contradiction and its resolution."""

    id: int | None
    text: str
    opened_at: AwareDatetime | None
    resolved_by: str | None
    resolved_at: AwareDatetime | None
    decision: str | None
    resolution: str | None


class OrderPaper(PaperData):
    """An order with what its paper shows; parts that another paper shows are empty."""

    number: str
    kind: str
    state: str
    source: PlaceShown
    target: PlaceShown
    owner: str
    note: str
    patient_ref: str = ""
    requested_by: str
    requested_at: AwareDatetime
    lines: tuple[OrderLineShown, ...]
    steps: tuple[OrderStepShown, ...]
    goods: tuple[GoodsShown, ...] = ()
    passed_over: tuple[GoodsShown, ...] = ()
    cases: tuple[CaseShown, ...] = ()
    signatures: tuple[SignatureShown, ...] = ()


def receiving_discrepancy(data: OrderPaper, style: PaperStyle) -> Document:
    """What came, what was ordered, and what became of the difference."""
    rows = [
        (
            str(each.line),
            titled(each.item_title, each.item),
            style.number(each.quantity),
            style.number(each.done),
            style.number(each.done - each.quantity)
            if each.done <= each.quantity
            else f"+{style.number(each.done - each.quantity)}",
            style.number(each.open),
        )
        for each in data.lines
    ]
    cases = [
        (
            str(each.id or "–"),
            each.text,
            f"{words(each.decision or 'resolved')} by {each.resolved_by}, {style.when(each.resolved_at)}\n"
            f"{each.resolution or ''}"
            if each.resolved_at
            else "OPEN"
            if each.id
            else "cancelled",
        )
        for each in data.cases
    ]
    open_cases = sum(each.id is not None and each.resolved_at is None for each in data.cases)
    if not data.cases:
        status = Status("NO DISCREPANCY", "What came is what was ordered.", Tone.OK)
    elif open_cases:
        status = Status(
            "OPEN", f"{counted(open_cases, 'discrepancy waits', 'discrepancies wait')} for a resolution.", Tone.BAD
        )
    else:
        status = Status("RESOLVED", f"{counted(len(data.cases), 'discrepancy', 'discrepancies')}, resolved.", Tone.OK)
    blocks: list[Block] = [
        status,
        *_order_facts(data, style),
        Heading("Ordered and received"),
        Table(
            [
                Col("Line", right=True),
                Col("Item", "1fr"),
                Col("Ordered", right=True),
                Col("Received", right=True),
                Col("Difference", right=True),
                Col("Still open", right=True),
            ],
            rows,
        ),
        Heading("What came"),
        _goods(data.goods, style),
        Heading("Discrepancies"),
        Table([Col("Case", right=True), Col("What was wrong", "1fr"), Col("Resolution", "1fr")], cases),
        Heading("Signatures"),
        Signatures(by_hand=("Received by", "Driver", "Checked by")),
    ]
    return Document(
        "Receiving discrepancy", f"{data.number} from {titled(data.source.title, data.source.name)}", blocks
    )


def pick_list(data: OrderPaper, style: PaperStyle) -> Document:
    """What to take from where, in the order of places, with boxes to tick."""
    rows = [
        (TICK, each.place, titled(each.item_title, each.item), each.lot_number, each.serial, style.day(each.expires_on),
         quantity(each.quantity, each.base_unit, style), BOX)
        for each in data.goods
    ]  # fmt: skip
    passed = [
        (each.place, each.item, each.lot_number, style.day(each.expires_on), style.number(each.quantity), each.why)
        for each in data.passed_over
    ]  # fmt: skip
    missing = [each for each in data.lines if each.open]
    reserved = sum(each.quantity for each in data.goods)
    status = (
        Status("TO PICK", f"{counted(len(data.goods), 'position')}, {style.number(reserved)} base units.", Tone.PLAIN)
        if data.goods else Status("NOTHING IS RESERVED", "Allocate stock to this order first.", Tone.WARN)
    )  # fmt: skip
    blocks: list[Block] = [
        status, *_order_facts(data, style), Heading("Take"),
        Table([Col(""), Col("Place", "1fr"), Col("Item", "2fr"), Col("Lot", is_code=True), Col("Serial", is_code=True),
               Col("Expires"), Col("Quantity", right=True), Col("Taken", "0.8fr")], rows, roomy=True),
        Heading("Lines"),
        Table([Col("Line", right=True), Col("Item", "1fr"), Col("Ordered", right=True), Col("Open", right=True)],
              [(str(each.line), titled(each.item_title, each.item), quantity(each.quantity, each.base_unit, style),
                style.number(each.open)) for each in (missing or data.lines)]),
        Heading("Not to be taken"),
        Table([Col("Place", "1fr"), Col("Item", "1fr"), Col("Lot", is_code=True), Col("Expires"),
               Col("Quantity", right=True), Col("Why", "2fr")], passed, "Nothing is passed over."),
        Signatures(by_hand=("Picked by", "Checked by")),
    ]  # fmt: skip
    return Document("Pick list", f"{data.number} for {titled(data.target.title, data.target.name)}", blocks)


def packing_slip(data: OrderPaper, style: PaperStyle) -> Document:
    """What was shipped, with the transaction information of FD&C Act 581(26), as far as the ledger has it."""
    rows = [
        (
            titled(each.item_title, each.item),
            each.ndc or NOT_ON_FILE,
            each.gtin or NOT_ON_FILE,
            each.lot_number,
            each.serial or "–",
            style.day(each.expires_on),
            quantity(each.quantity, each.base_unit, style),
            style.day(each.at),
        )
        for each in data.goods
    ]
    total = sum(each.quantity for each in data.goods)
    blocks: list[Block] = [
        *([Status("NOTHING WAS SHIPPED YET", "This slip is empty.", Tone.WARN)] if not data.goods else []),
        Facts(
            drop_empty(
                [
                    ("Order", data.number),
                    ("Transaction date", style.day(data.requested_at)),
                    ("Shipped", ", ".join(dict.fromkeys(style.day(each.at) for each in data.goods)) or "not yet"),
                    ("Seller or shipper", titled(data.source.title, data.source.name)),
                    ("Buyer or recipient", titled(data.target.title, data.target.name)),
                    ("Owner of the goods", data.owner),
                    ("For", data.patient_ref),
                    ("Note", data.note),
                ]
            )
        ),
        Heading("Transaction information"),
        Table(
            [
                Col("Product: name, strength, form", "2fr"),
                Col("NDC", is_code=True),
                Col("GTIN", is_code=True),
                Col("Lot", is_code=True),
                Col("Serial", is_code=True),
                Col("Expires"),
                Col("Quantity", right=True),
                Col("Shipped"),
            ],
            rows,
            "Nothing.",
        ),
        Text(
            f"{counted(len(data.goods), 'line')}, {style.number(total)} base units in all. The quantity counts "
            "containers of the size in the product's name. The ledger keeps no street addresses: add them where the "
            "law asks for them."
        ),
        *_still_to_come(data, style),
        Signatures(by_hand=("Packed by", "Received by")),
    ]
    return Document(
        "Packing slip", f"{data.number} to {titled(data.target.title, data.target.name)}", blocks, is_wide=True
    )


def _still_to_come(data: OrderPaper, style: PaperStyle) -> list[Block]:
    rows = [
        (titled(each.item_title, each.item), style.number(each.quantity), style.number(each.open))
        for each in data.lines
        if each.open
    ]
    columns = [Col("Item", "1fr"), Col("Ordered", right=True), Col("Open", right=True)]
    return [Heading("Still to come"), Table(columns, rows)] if rows else []


def destruction_protocol(data: OrderPaper, style: PaperStyle) -> Document:
    """What was destroyed, on whose word and before which witness."""
    taken = {each.step: each for each in data.steps}
    is_done = bool(data.goods) and not any(each.open for each in data.lines)
    by = ", ".join(dict.fromkeys(each.by for each in data.goods if each.by))
    people: list[tuple[str, str | None]] = [("Requested", f"{data.requested_by}, {style.when(data.requested_at)}")]
    people += [
        (label, f"{taken[step].by_whom}, {style.when(taken[step].at)}" if step in taken else "not yet")
        for label, step in (("Approved", "approved"), ("Witnessed", "witnessed"))
    ]
    people += [
        ("Destroyed by", f"{by}, {style.when(data.goods[-1].at)}" if data.goods else "not yet"),
        ("From", titled(data.source.title, data.source.name)),
        ("Owner", data.owner),
        ("Note", data.note),
    ]
    reasons = [(words(each.step), each.by_whom, style.when(each.at), each.reason) for each in data.steps]
    blocks: list[Block] = [
        Status("DESTROYED", "", Tone.OK) if is_done else Status("NOT DESTROYED YET", "", Tone.WARN),
        Facts(drop_empty(people)),
        Heading("To be destroyed"),
        Table([Col("Line", right=True), Col("Item", "1fr"), Col("Lot", is_code=True), Col("Serial", is_code=True),
               Col("Quantity", right=True), Col("Destroyed", right=True)],
              [(str(each.line), titled(each.item_title, each.item), each.lot_number or "any", each.serial,
                quantity(each.quantity, each.base_unit, style), style.number(each.done)) for each in data.lines]),
        Heading("Destroyed"), _goods(data.goods, style),
        Heading("Who decided"),
        Table([Col("What"), Col("By"), Col("When"), Col("Reason", "1fr")], reasons, "Nobody has approved it yet."),
        *signature_blocks(data.signatures, style, by_hand=("Destroyed by", "Witness")),
    ]  # fmt: skip
    return Document("Destruction protocol", f"{data.number}, {titled(data.source.title, data.source.name)}", blocks)


def _order_facts(data: OrderPaper, style: PaperStyle) -> list[Block]:
    return [
        Facts(drop_empty([
            ("Order", f"{data.number} ({data.kind})"), ("State", words(data.state)), ("Owner", data.owner),
            ("From", titled(data.source.title, data.source.name)), ("To", titled(data.target.title, data.target.name)),
            ("Requested", f"{style.when(data.requested_at)} by {data.requested_by}"), ("For", data.patient_ref),
            ("Note", data.note),
        ])),
    ]  # fmt: skip


def _goods(goods: Sequence[GoodsShown], style: PaperStyle) -> Table:
    rows = [
        (style.when(each.at), titled(each.item_title, each.item), each.lot_number, each.serial,
         style.day(each.expires_on), quantity(each.quantity, each.base_unit, style), each.by)
        for each in goods
    ]  # fmt: skip
    return Table(
        [Col("When"), Col("Item", "1fr"), Col("Lot", is_code=True), Col("Serial", is_code=True), Col("Expires"),
         Col("Quantity", right=True), Col("By")], rows, "Nothing yet.",
    )  # fmt: skip
