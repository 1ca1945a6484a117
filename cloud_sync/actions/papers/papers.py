"""Every kind of paper: what it takes, how it is made, and whether one that was made before still says what is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from cloud_sync.actions.papers import (
    compounding,
    controlled,
    counts,
    downtime,
    lots,
    months,
    orders,
    pedigrees,
    quality,
    theft,
    tracing,
    validation,
)
from cloud_sync.actions.papers.sites import style_of
from cloud_sync.domain.roles import Permission
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.papers.document import Document
from cloud_sync.papers.envelope import Envelope, PaperData, data_of, differences
from cloud_sync.papers.kinds.audit_extract import AuditExtract, audit_extract
from cloud_sync.papers.kinds.batch_record import BatchRecordData, batch_record, certificate_of_release
from cloud_sync.papers.kinds.controlled_inventory import ControlledInventory, controlled_inventory
from cloud_sync.papers.kinds.count_sheet import CountSheet, count_sheet
from cloud_sync.papers.kinds.downtime_pack import DowntimePack, downtime_pack
from cloud_sync.papers.kinds.excursion_report import ExcursionReport, excursion_report
from cloud_sync.papers.kinds.kpi_report import KpiReport, kpi_report
from cloud_sync.papers.kinds.lot_history import LotHistory, lot_history
from cloud_sync.papers.kinds.monitoring_papers import CalibrationStatus, RoomReport, calibration_status, room_report
from cloud_sync.papers.kinds.order_papers import (
    OrderPaper,
    destruction_protocol,
    packing_slip,
    pick_list,
    receiving_discrepancy,
)
from cloud_sync.papers.kinds.pedigree import Pedigree, pedigree
from cloud_sync.papers.kinds.recall_report import RecallReport, recall_report
from cloud_sync.papers.kinds.theft_report import TheftReport, theft_report
from cloud_sync.papers.kinds.thermal_passport import ThermalPassport, thermal_passport
from cloud_sync.papers.kinds.tracing_answer import TracingAnswer, tracing_answer
from cloud_sync.papers.kinds.validation_protocol import ValidationProtocol, validation_protocol
from cloud_sync.papers.reading import envelope_of
from cloud_sync.papers.render import made_with, pdf_of
from cloud_sync.papers.style import PaperStyle
from cloud_sync.storage.database import Database

ID_CHARACTERS_MAX = 300
CHANGES_MAX = 200


class PaperName(StrEnum):
    """The papers that there are."""

    EXCURSION = "excursion-report"
    HISTORY = "lot-history"
    PASSPORT = "thermal-passport"
    RECALL = "recall-report"
    BATCH = "batch-record"
    RELEASE = "certificate-of-release"
    DISCREPANCY = "receiving-discrepancy"
    COUNT = "count-sheet"
    CONTROLLED = "controlled-inventory"
    PICK = "pick-list"
    PACKING = "packing-slip"
    ROOM = "room-report"
    DESTRUCTION = "destruction-protocol"
    AUDIT = "audit-extract"
    CALIBRATION = "calibration-status"
    MONTH = "monthly-report"
    DOWNTIME = "downtime-pack"
    VALIDATION = "validation-protocol"
    PEDIGREE = "pedigree"
    THEFT = "theft-report"
    TRACING = "tracing-answer"


@dataclass(frozen=True, slots=True)
class PaperKind:
    """How a paper is made. ``id_help`` says what its id is; ``path``: the page of its record; ``title``: in a list."""

    title: str
    id_help: str
    collect: Callable[[Database, str, datetime], PaperData]
    compose: Callable[[Any, PaperStyle], Document]
    path: Callable[[str], str]
    data: type[PaperData]
    permission: Permission = Permission.READ


def _page(before: str, after: str = "") -> Callable[[str], str]:
    return lambda paper_id: f"{before}{quote(paper_id, safe='')}{after}"


def _page_of_first(before: str) -> Callable[[str], str]:
    return lambda paper_id: f"{before}{quote(paper_id.partition(':')[0], safe='')}"


def _audit_page(paper_id: str) -> str:
    subject = paper_id.rpartition("@")[0] if "@" in paper_id else paper_id
    return f"/audit?about={quote(subject, safe='')}" if subject else "/audit"


ORDER, BATCH = _page("/orders/"), _page("/production-batches/")
KINDS: Mapping[PaperName, PaperKind] = {
    PaperName.EXCURSION: PaperKind(
        "Excursion report",
        "the number of the excursion",
        quality.excursion_of,
        excursion_report,
        _page("/quarantine/"),
        ExcursionReport,
    ),
    PaperName.HISTORY: PaperKind(
        "Lot history", "the number of the lot", lots.history_of, lot_history, _page("/lots/"), LotHistory
    ),
    PaperName.PASSPORT: PaperKind(
        "Thermal passport",
        "the number of the lot, or LOT:SERIAL",
        lots.passport_of,
        thermal_passport,
        _page_of_first("/lots/"),
        ThermalPassport,
    ),
    PaperName.RECALL: PaperKind(
        "Recall report with reconciliation",
        "the number of the recall",
        quality.recall_of,
        recall_report,
        _page("/recalls/"),
        RecallReport,
    ),
    PaperName.BATCH: PaperKind(
        "Batch record", "the number of the production batch", compounding.batch_of, batch_record, BATCH, BatchRecordData
    ),
    PaperName.RELEASE: PaperKind(
        "Certificate of release",
        "the number of the production batch",
        compounding.release_of,
        certificate_of_release,
        BATCH,
        BatchRecordData,
    ),
    PaperName.DISCREPANCY: PaperKind(
        "Receiving discrepancy", "the number of the order", orders.receipt_of, receiving_discrepancy, ORDER, OrderPaper
    ),
    PaperName.COUNT: PaperKind(
        "Count sheet", "the number of the count", counts.count_of, count_sheet, _page("/counts/"), CountSheet
    ),
    PaperName.CONTROLLED: PaperKind(
        "Inventory of controlled items",
        "the number of the inventory",
        controlled.inventory_of,
        controlled_inventory,
        lambda _: "/controlled",
        ControlledInventory,
    ),
    PaperName.PICK: PaperKind("Pick list", "the number of the order", orders.pick_of, pick_list, ORDER, OrderPaper),
    PaperName.PACKING: PaperKind(
        "Packing slip with transaction information",
        "the number of the order",
        orders.shipment_of,
        packing_slip,
        ORDER,
        OrderPaper,
    ),
    PaperName.ROOM: PaperKind(
        "Room report of a month",
        "PLACE:MONTH, as fridge-a:2026-11",
        months.room_month_of,
        room_report,
        lambda paper_id: f"/rooms/{quote(paper_id.rpartition(':')[0], safe='')}",
        RoomReport,
    ),
    PaperName.DESTRUCTION: PaperKind(
        "Destruction protocol",
        "the number of the order",
        orders.destruction_of,
        destruction_protocol,
        ORDER,
        OrderPaper,
    ),
    PaperName.AUDIT: PaperKind(
        "Audit extract",
        "SUBJECT, @MONTH or SUBJECT@MONTH, as lot:12@2026-11",
        months.audit_of,
        audit_extract,
        _audit_page,
        AuditExtract,
        Permission.AUDIT,
    ),
    PaperName.CALIBRATION: PaperKind(
        "Calibration status",
        "a site, or house",
        months.calibration_of,
        calibration_status,
        lambda _: "/gateways",
        CalibrationStatus,
    ),
    PaperName.MONTH: PaperKind(
        "Monthly report of key figures",
        "SITE:MONTH or house:MONTH",
        months.figures_of,
        kpi_report,
        lambda _: "/reports",
        KpiReport,
    ),
    PaperName.DOWNTIME: PaperKind(
        "Downtime pack", "a site", downtime.pack_of, downtime_pack, lambda _: "/downtime", DowntimePack
    ),
    PaperName.VALIDATION: PaperKind(
        "Validation protocol",
        "the number of the run",
        validation.run_of,
        validation_protocol,
        lambda _: "/records",
        ValidationProtocol,
    ),
    PaperName.PEDIGREE: PaperKind(
        "Pedigree",
        "the number of the lot, or LOT:SERIAL",
        pedigrees.pedigree_of,
        pedigree,
        _page_of_first("/lots/"),
        Pedigree,
    ),
    PaperName.THEFT: PaperKind(
        "Report of a suspicious unit",
        "the number of the case",
        theft.report_of,
        theft_report,
        _page("/cases/"),
        TheftReport,
    ),
    PaperName.TRACING: PaperKind(
        "Answer to a regulator",
        "the number of the tracing request",
        tracing.answer_paper_of,
        tracing_answer,
        lambda _: "/tracing-requests",
        TracingAnswer,
        Permission.AUDIT,
    ),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as a file."""

    envelope: Envelope
    title: str
    pdf: bytes

    @property
    def file_name(self) -> str:
        """For whoever saves it: letters, digits and dashes."""
        plain = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in self.envelope.id)
        return f"{self.envelope.kind}-{plain}.pdf"


def make_paper(
    database: Database, kind: PaperName, paper_id: str, *, at: datetime, actor: str, public_url: str
) -> Paper:
    """A paper as the ledger knows its record at ``at``; ``public_url`` is where people reach the console.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    data = _collected(database, kind, paper_id, at)
    with database.transaction() as connection:
        style = style_of(connection, data.site.name)
    envelope = Envelope(
        kind=kind,
        id=paper_id,
        made_at=at,
        made_by=actor,
        made_with=made_with(),
        url=f"{public_url.rstrip('/')}{KINDS[kind].path(paper_id)}",
        house=data.site.title or data.site.name or "All sites",
        style=style,
        data=data_of(data),
    )
    document = _composed(kind, envelope)
    return Paper(envelope, f"{document.title}: {document.subject}", pdf_of(document, envelope))


def _collected(database: Database, kind: PaperName, paper_id: str, at: datetime) -> PaperData:
    if not paper_id or len(paper_id) > ID_CHARACTERS_MAX or not paper_id.isprintable():
        raise Invalid("this is no id of a paper", f"Give {KINDS[kind].id_help}.")
    return KINDS[kind].collect(database, paper_id, at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a paper is worth. ``is_intact``: its hash is that of its data. ``is_as_drawn``: its pages are what its data
    make (None: it was drawn by another version, so that cannot be told). ``changes``: where the ledger now knows
    otherwise than was printed: (where, printed, now); ``more_changes`` were left out. ``gone``: why the record is not
    there any longer.
    """

    envelope: Envelope
    is_intact: bool
    is_as_drawn: bool | None
    changes: tuple[tuple[str, str, str], ...] = field(default=())
    more_changes: int = 0
    gone: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is a paper of ours that still says what is known."""
        return self.is_intact and self.is_as_drawn is not False and not self.changes and not self.gone


def verify_paper(database: Database, pdf: bytes) -> Verdict:
    """Whether a paper is what was made, and whether the ledger still knows the same.

    Raises ``Invalid`` for what is no paper of ours.
    """
    envelope, sha256_said = envelope_of(pdf)
    try:
        kind = PaperName(envelope.kind)
    except ValueError as error:
        raise Invalid(
            f"a paper of a kind that this ledger does not know: {envelope.kind}", "Check it with a newer version."
        ) from error
    is_intact = envelope.sha256 == sha256_said
    try:
        known = data_of(_collected(database, kind, envelope.id, envelope.made_at))
    except (NotFound, Invalid, Conflict) as error:
        return Verdict(envelope, is_intact, _is_as_drawn(kind, envelope, pdf), gone=str(error))
    found = list(differences(envelope.data, known))
    return Verdict(
        envelope,
        is_intact,
        _is_as_drawn(kind, envelope, pdf),
        tuple(found[:CHANGES_MAX]),
        max(len(found) - CHANGES_MAX, 0),
    )


def _is_as_drawn(kind: PaperName, envelope: Envelope, pdf: bytes) -> bool | None:
    if envelope.made_with != made_with():
        return None
    try:
        return pdf_of(_composed(kind, envelope), envelope) == pdf
    except ValueError:  # data that this paper cannot have
        return False


def _composed(kind: PaperName, envelope: Envelope) -> Document:
    """Of the data as they go with the paper, so that whoever has it alone makes the same of it."""
    shown = KINDS[kind]
    return shown.compose(shown.data.model_validate(envelope.data), envelope.style)
