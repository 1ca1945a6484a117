"""The pedigree: the chain of custody of a lot or a unit from its maker to here, with transaction documents, signed."""

from collections.abc import Sequence
from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Signatures, Status, Table, Text, Tone
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.kinds.lot_history import EndShown, LotShown, lot_facts
from cloud_sync.papers.parts import titled, words
from cloud_sync.papers.style import PaperStyle


class ToldShown(Shown):
    """An event of a partner about it, or about the units of its lot."""

    at: AwareDatetime
    step: str
    place: str
    told_by: str
    event_id: str


class CustodyShown(Shown):
    """It went from one to another."""

    at: AwareDatetime
    action: str
    serial: str
    quantity: int
    from_place: str
    from_title: str
    to_place: str
    to_title: str
    operator: str
    order_ref: str


class TransactionShown(Shown):
    """Transaction data: direction ``in`` or ``out``; ``fault`` says why it does not count."""

    direction: str
    partner: str
    partner_title: str
    reference: str
    transaction_on: date
    sha256: str
    has_statement: bool
    fault: str | None = None


class PedigreeDocument(Shown):
    """A document on file."""

    kind: str
    reference: str
    sha256: str


class Pedigree(PaperData):
    """``key`` and ``signature``: of the ledger, base64, over the SHA-256 ``digest`` of everything else."""

    lot: LotShown
    serial: str
    maker: tuple[ToldShown, ...]
    custody: tuple[CustodyShown, ...]
    sources: tuple[EndShown, ...]
    transactions: tuple[TransactionShown, ...]
    documents: tuple[PedigreeDocument, ...]
    is_cut: bool
    is_held: bool
    digest: str = ""
    key: str = ""
    signature: str = ""


def pedigree(data: Pedigree, style: PaperStyle) -> Document:
    """The paper."""
    lot = data.lot
    unit = f", serial {data.serial}" if data.serial else ""
    return Document(
        "Pedigree", f"{lot.item_title or lot.item}, lot {lot.lot_number}{unit}",
        [
            _status(data), *lot_facts(lot, style), *_maker(data.maker, style), *_custody(data.custody, style),
            *_sources(data, style), *_transactions(data.transactions, style), *_documents(data.documents),
            Heading("Signature of the ledger"),
            Facts([("SHA-256", _grouped(data.digest)), ("Key (Ed25519)", _grouped(data.key)),
                   ("Signature", _grouped(data.signature))], columns=1),
            Text("The key is that of the ledger's receipts and checkpoints; cloud-sync verify-paper checks all of it.",
                 Tone.SOFT),
            Signatures((), ("Quality",)),
        ],
        is_wide=True,
    )  # fmt: skip


def _status(data: Pedigree) -> Status:
    if data.is_cut:
        return Status("INCOMPLETE", "More was recorded than fits on this paper; the console has all of it.", Tone.WARN)
    known = bool(data.custody) and bool(data.maker or data.transactions)
    if not known:
        return Status("IN PART", "No maker's event and no transaction data is on file for it.", Tone.WARN)
    held = " It is on hold." if data.is_held else ""
    return Status("CHAIN ON FILE", f"From its maker or supplier to here, as recorded.{held}", Tone.OK)


def _grouped(text: str) -> str:
    """In groups of eight, to be compared by eye; words without an end would be broken anywhere."""
    return " ".join(text[at : at + 8] for at in range(0, len(text), 8))


def _maker(told: Sequence[ToldShown], style: PaperStyle) -> list[Block]:
    rows = [
        (style.when(each.at), words(each.step), each.place, each.told_by, each.event_id.removeprefix("urn:uuid:"))
        for each in told
    ]
    columns = [Col("When"), Col("What"), Col("Where", "1fr"), Col("Told by"), Col("Event", "1fr", is_code=True)]
    return [Heading("What makers and partners told (EPCIS)"), Table(columns, rows, "Nobody has sent events about it.")]


def _custody(custody: Sequence[CustodyShown], style: PaperStyle) -> list[Block]:
    rows = [
        (style.when(each.at), words(each.action), titled(each.from_title, each.from_place),
         titled(each.to_title, each.to_place), style.number(each.quantity), each.serial, each.order_ref, each.operator)
        for each in custody
    ]  # fmt: skip
    columns = [
        Col("When"), Col("What"), Col("From", "1fr"), Col("To", "1fr"), Col("Quantity", right=True),
        Col("Serial", is_code=True), Col("For"), Col("Who"),
    ]  # fmt: skip
    return [Heading("Chain of custody"), Table(columns, rows, "It never changed hands here.")]


def _sources(data: Pedigree, style: PaperStyle) -> list[Block]:
    made_of = [each for each in data.sources if (each.item, each.lot_number) != (data.lot.item, data.lot.lot_number)]
    if not made_of:
        return []
    rows = [(each.place, each.item, each.lot_number, style.number(each.quantity)) for each in made_of]
    columns = [Col("Supplier", "1fr"), Col("Item", "1fr"), Col("Lot", is_code=True), Col("Quantity", right=True)]
    return [Heading("What it was made of"), Table(columns, rows)]


def _transactions(told: Sequence[TransactionShown], style: PaperStyle) -> list[Block]:
    rows = [
        (
            "from" if each.direction == "in" else "to", titled(each.partner_title, each.partner), each.reference,
            style.day(each.transaction_on), "yes" if each.has_statement else "no", words(each.fault or "counts"),
            _grouped(each.sha256[:32]),
        )
        for each in told
    ]  # fmt: skip
    columns = [
        Col("Way"), Col("Partner", "1fr"), Col("Reference"), Col("Of"), Col("Statement"), Col("State"),
        Col("SHA-256", is_code=True),
    ]  # fmt: skip
    return [Heading("Transaction documents"), Table(columns, rows, "None is on file.")]


def _documents(documents: Sequence[PedigreeDocument]) -> list[Block]:
    rows = [(words(each.kind), each.reference, _grouped(each.sha256[:32])) for each in documents]
    return [
        Heading("Documents on file"),
        Table([Col("Kind"), Col("Reference", "1fr"), Col("SHA-256", is_code=True)], rows, "None."),
    ]
