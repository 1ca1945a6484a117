"""The answer to a regulator about a product: who sold it to whom, what came and left, what was verified, suspected."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import (
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
from cloud_sync.papers.parts import counted, words
from cloud_sync.papers.style import PaperStyle

SERIALS_SHOWN = 40
"""Of one line; the file beside the paper has all."""


class TracedLine(Shown):
    """A line of transaction information."""

    product_name: str
    ndc: str
    gtin: str
    lot_number: str
    expires_on: date | None
    containers: int
    serials: tuple[str, ...]


class TracedTransaction(Shown):
    """Transaction information and statement. ``statement``: complete, not complete, or none."""

    id: int
    direction: str
    seller: str
    buyer: str
    reference: str
    order: str
    transaction_on: date
    told_at: AwareDatetime
    statement: str
    faults: tuple[str, ...]
    voided_reason: str | None
    lines: tuple[TracedLine, ...]


class TracedMovement(Shown):
    """Goods that came from a partner or went to one."""

    occurred_at: AwareDatetime
    action: str
    lot_number: str
    serial: str
    quantity: int
    from_place: str
    to_place: str
    order_ref: str


class TracedInvestigation(Shown):
    """A suspicion and what came of it."""

    lot_number: str
    serial: str
    classification: str
    opened_at: AwareDatetime
    determination: str | None
    determined_at: AwareDatetime | None
    fda_incident: str | None


class TracedVerification(Shown):
    """A verification that was asked or answered. ``verified`` None: no answer."""

    at: AwareDatetime
    direction: str
    partner: str | None
    lot_number: str
    serial: str
    verified: bool | None
    reason: str | None


class TracedDocument(Shown):
    """A document as it came; ``sha256`` in hex."""

    id: int
    kind: str
    told_by: str
    received_at: AwareDatetime
    sha256: str


class TracingAnswer(PaperData):
    """All of it. ``is_cut``: of something there is more than the paper shows."""

    id: int
    asked_by: str
    reference: str
    asked_at: AwareDatetime
    due_at: AwareDatetime
    gtin: str
    item: str
    lot_number: str
    serial: str
    transactions: tuple[TracedTransaction, ...]
    movements: tuple[TracedMovement, ...]
    investigations: tuple[TracedInvestigation, ...]
    verifications: tuple[TracedVerification, ...]
    documents: tuple[TracedDocument, ...]
    is_cut: bool


def tracing_answer(data: TracingAnswer, style: PaperStyle) -> Document:
    """The paper."""
    cut = [Text("There is more than this paper shows; the file of the answer has all of it.", Tone.WARN)]
    return Document(
        "Answer to a tracing request", f"{data.item}, GTIN {data.gtin}",
        [
            _status(data), _facts(data, style), *(cut if data.is_cut else ()),
            *_transactions(data.transactions, style), *_movements(data.movements, style),
            *_investigations(data.investigations, style), *_verifications(data.verifications, style),
            *_documents(data.documents, style), Heading("Signatures"), Signatures(by_hand=("For the pharmacy",)),
        ],
        is_wide=True,
    )  # fmt: skip


def _status(data: TracingAnswer) -> Status:
    came = sum(each.direction == "in" for each in data.transactions)
    text = (
        f"{counted(came, 'transaction')} received, {counted(len(data.transactions) - came, 'transaction')} made, "
        f"{counted(len(data.movements), 'movement')} between this house and its partners."
    )
    illegitimate = any(each.determination == "illegitimate" for each in data.investigations)
    if illegitimate:
        return Status("ILLEGITIMATE PRODUCT", text, Tone.BAD)
    if any(each.determination is None for each in data.investigations):
        return Status("SUSPECT PRODUCT", text, Tone.WARN)
    return Status("NO OPEN SUSPICION", text, Tone.OK)


def _facts(data: TracingAnswer, style: PaperStyle) -> Facts:
    return Facts(drop_empty([
        ("Request", str(data.id)), ("Asked by", data.asked_by), ("Their reference", data.reference),
        ("Asked", style.when(data.asked_at)), ("To be answered by", style.when(data.due_at)), ("Product", data.item),
        ("GTIN", data.gtin), ("Lot", data.lot_number or "all"), ("Serial", data.serial or "all"),
    ]))  # fmt: skip


def _transactions(told: Sequence[TracedTransaction], style: PaperStyle) -> list[Block]:
    columns = [
        Col("Date"), Col("Seller", "1.2fr"), Col("Buyer", "1.2fr"), Col("Reference", is_code=True),
        Col("Product", "1fr"), Col("NDC", is_code=True), Col("Lot", is_code=True), Col("Expires"),
        Col("Containers", right=True), Col("Serials", "1.4fr", is_code=True), Col("Statement"),
    ]  # fmt: skip
    rows = [
        (
            style.day(each.transaction_on), each.seller, each.buyer, each.reference, line.product_name, line.ndc,
            line.lot_number, style.day(line.expires_on), style.number(line.containers), _serials(line.serials),
            f"VOIDED: {each.voided_reason}" if each.voided_reason else "; ".join((each.statement, *each.faults)),
        )
        for each in told
        for line in each.lines
    ]  # fmt: skip
    return [Heading("Transaction information and statements"), Table(columns, rows, "Nothing was told or made.")]


def _serials(serials: Sequence[str]) -> str:
    more = len(serials) - SERIALS_SHOWN
    return " ".join(serials[:SERIALS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _movements(moved: Sequence[TracedMovement], style: PaperStyle) -> list[Block]:
    columns = [
        Col("When"), Col("What"), Col("Lot", is_code=True), Col("Serial", is_code=True), Col("Quantity", right=True),
        Col("From", "1fr"), Col("To", "1fr"), Col("Order", is_code=True),
    ]  # fmt: skip
    rows = [
        (
            style.when(each.occurred_at), words(each.action), each.lot_number, each.serial,
            style.number(each.quantity), each.from_place, each.to_place, each.order_ref,
        )
        for each in moved
    ]  # fmt: skip
    return [Heading("What came and left"), Table(columns, rows, "Nothing of it came or left.")]


def _investigations(found: Sequence[TracedInvestigation], style: PaperStyle) -> list[Block]:
    columns = [
        Col("Opened"), Col("Lot", is_code=True), Col("Serial", is_code=True), Col("Suspected", "1fr"),
        Col("Determined", "1fr"), Col("FDA incident", is_code=True),
    ]  # fmt: skip
    rows = [
        (
            style.when(each.opened_at), each.lot_number, each.serial or "all", words(each.classification),
            f"{each.determination}, {style.when(each.determined_at)}" if each.determination else "not yet",
            each.fda_incident or "",
        )
        for each in found
    ]  # fmt: skip
    return [Heading("Investigations"), Table(columns, rows, "Nobody suspected it.")]


def _verifications(found: Sequence[TracedVerification], style: PaperStyle) -> list[Block]:
    columns = [
        Col("When"), Col("Direction"), Col("Partner", "1fr"), Col("Lot", is_code=True), Col("Serial", is_code=True),
        Col("Verified"), Col("Why not", "1fr"),
    ]  # fmt: skip
    rows = [
        (
            style.when(each.at), each.direction, each.partner or "", each.lot_number, each.serial,
            {True: "yes", False: "no", None: "no answer"}[each.verified], words(each.reason or ""),
        )
        for each in found
    ]  # fmt: skip
    return [Heading("Verifications"), Table(columns, rows, "No product identifier was verified.")]


def _documents(kept: Sequence[TracedDocument], style: PaperStyle) -> list[Block]:
    columns = [
        Col("No.", right=True),
        Col("Kind"),
        Col("Sent by", "1fr"),
        Col("Received"),
        Col("SHA-256", "2fr", is_code=True),
    ]
    rows = [
        (str(each.id), words(each.kind), each.told_by, style.when(each.received_at), each.sha256) for each in kept
    ]  # fmt: skip
    return [Heading("Documents as they came, kept byte for byte"), Table(columns, rows, "None.")]
