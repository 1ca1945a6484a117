"""Complaints about goods of suppliers: what is wrong, what shows it, and what an investigation found."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import place_named, place_of_kind
from cloud_sync.actions.quality.thermal_passports import passport
from cloud_sync.domain.claims import ComplaintKind, EvidenceKind, media_type_of
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.complaints import watch_lot
from cloud_sync.posting.idempotency import answer, answered_before
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_lots, share_holds
from cloud_sync.storage.queries import queries

DOCUMENT = "claim_evidence"
PASSPORT_GAP_S = 1800.0
"""A stay without a reading for longer than this counts as not measured."""


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What is wrong with ``quantity`` base units of a lot. ``supplier`` None: who delivered the lot first."""

    lot_id: int
    kind: ComplaintKind
    quantity: int
    description: str
    observed_at: datetime
    supplier: str | None = None
    place: str | None = None
    serial: str = ""
    order: str = ""


def open_complaint(database: Database, new: NewComplaint, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Keep a complaint and give it. The third about one lot opens a case that holds the lot.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` where the supplier did not deliver so much of the lot.
    """
    if new.observed_at > at + CLOCKS_MAY_DIFFER:
        raise Invalid(f"observed_at {new.observed_at:%Y-%m-%d %H:%M} UTC is in the future", "Check the time.")
    request = {
        "lot": new.lot_id, "kind": new.kind.value, "quantity": new.quantity, "description": new.description,
        "observed_at": new.observed_at.isoformat(), "supplier": new.supplier, "place": new.place,
        "serial": new.serial, "order": new.order,
    }  # fmt: skip
    with database.transaction() as connection:
        if before := answered_before(connection, "complaint_opened", client_id, request):
            return _shown(connection, before)
        lot_of(connection, new.lot_id)
        share_holds(connection)
        lock_lots(connection, [new.lot_id])
        supplier_id = _supplier_of(connection, new)
        place_id = place_named(connection, new.place)["id"] if new.place else None
        complaint_id: int = queries("claims").add_complaint(
            connection, lot_id=new.lot_id, serial=new.serial, supplier_id=supplier_id, place_id=place_id,
            order_number=new.order, kind=new.kind.value, quantity=new.quantity, description=new.description,
            observed_at=new.observed_at, opened_by=actor, opened_at=at,
        )  # fmt: skip
        _tell(connection, complaint_id, "complaint_about_lot", new.description, actor, {"lot": new.lot_id})
        answer(connection, "complaint_opened", client_id, request, complaint_id, actor=actor)
        watch_lot(connection, new.lot_id)
        return _shown(connection, complaint_id)


def _supplier_of(connection: Connection, new: NewComplaint) -> int:
    delivered = {row["supplier"]: row for row in queries("claims").delivered_by(connection, lot_id=new.lot_id)}
    if new.supplier is None:
        if not delivered:
            raise Conflict(f"no supplier delivered lot {new.lot_id}", "Name the supplier that the complaint is about.")
        row = next(iter(delivered.values()))
    else:
        supplier_id = place_of_kind(connection, new.supplier, "supplier")
        row = delivered.get(new.supplier) or {"supplier_id": supplier_id, "supplier": new.supplier, "quantity": 0}
    if new.kind is not ComplaintKind.SHORT_DELIVERY and new.quantity > row["quantity"]:
        raise Conflict(
            f"{row['supplier']} delivered {row['quantity']} of this lot, not {new.quantity}",
            "Check lot, supplier and quantity; what never came is a short delivery.",
        )
    return int(row["supplier_id"])


def investigate(
    database: Database, complaint_id: int, *, is_confirmed: bool, text: str, at: datetime, actor: str
) -> Row:
    """Say what the investigation found. Somebody else than who complained does. Gives the complaint.

    Raises ``NotFound``, ``NotAllowed``, ``Conflict``.
    """
    with database.transaction() as connection:
        row = lock_complaint(connection, complaint_id)
        if row["finding"] is not None:
            raise Conflict(f"complaint {complaint_id} was investigated before: {row['finding'].replace('_', ' ')}")
        if row["opened_by"] == actor:
            raise NotAllowed(f"{actor} made this complaint", "Somebody else with the role quality investigates it.")
        finding = "confirmed" if is_confirmed else "not_confirmed"
        queries("claims").find(
            connection, complaint_id=complaint_id, finding=finding, finding_text=text, investigated_by=actor,
            investigated_at=at,
        )  # fmt: skip
        _tell(connection, complaint_id, "complaint_investigated", text, actor, {"finding": finding})
        return _shown(connection, complaint_id)


def attach_passport(database: Database, complaint_id: int, *, at: datetime, actor: str) -> Row:
    """Attach the thermal passport of the lot as it is known now; gives the complaint. Raises ``NotFound``."""
    complaint = show_complaint(database, complaint_id)
    told = passport(
        database, complaint["lot_id"], serial=complaint["serial"], gap_s=PASSPORT_GAP_S, allowance_s=None, at=at
    )
    content = json.dumps(told, default=str, sort_keys=True, separators=(",", ":")).encode()
    title = f"Thermal passport of lot {complaint['lot_number']} up to {at:%Y-%m-%d %H:%M} UTC"
    with database.transaction() as connection:
        lock_complaint(connection, complaint_id)
        document = keep_document(connection, DOCUMENT, content, "application/json", told_by=actor)
        return _attach(connection, complaint_id, EvidenceKind.PASSPORT, document.id, None, title, at, actor)


def attach_logger(database: Database, complaint_id: int, file_id: int, *, at: datetime, actor: str) -> Row:
    """Attach a logger's file that was brought for a shipment or room; gives the complaint. Raises ``NotFound``."""
    with database.transaction() as connection:
        lock_complaint(connection, complaint_id)
        row = queries("loggers").logger_file(connection, id=file_id)
        if row is None:
            raise NotFound(f"there is no file {file_id} of a logger", "See GET /v1/logger-files for those there are.")
        title = f"{row['device']} {row['serial']}: {row['lowest']:g} to {row['highest']:g} °C, {row['verdict']}"
        return _attach(connection, complaint_id, EvidenceKind.LOGGER, row["document_id"], file_id, title, at, actor)


def attach_file(database: Database, complaint_id: int, content: bytes, title: str, *, at: datetime, actor: str) -> Row:
    """Attach a photograph (JPEG, PNG) or a document (PDF), byte for byte; gives the complaint.

    Raises ``NotFound``, and ``Invalid`` for any other kind of file.
    """
    media_type = media_type_of(content)
    if media_type is None:
        raise Invalid("this is neither a JPEG or PNG picture nor a PDF", "Save it as one of these and attach it again.")
    kind = EvidenceKind.PHOTO if media_type.startswith("image/") else EvidenceKind.DOCUMENT
    with database.transaction() as connection:
        lock_complaint(connection, complaint_id)
        document = keep_document(connection, DOCUMENT, content, media_type, told_by=actor)
        return _attach(connection, complaint_id, kind, document.id, None, title, at, actor)


def _attach(
    connection: Connection,
    complaint_id: int,
    kind: EvidenceKind,
    document_id: int,
    logger_file_id: int | None,
    title: str,
    at: datetime,
    actor: str,
) -> Row:
    evidence_id = queries("claims").add_evidence(
        connection, complaint_id=complaint_id, kind=kind.value, document_id=document_id,
        logger_file_id=logger_file_id, title=title, added_by=actor, added_at=at,
    )  # fmt: skip
    if evidence_id is not None:
        data = {"evidence": evidence_id, "kind": kind.value, "document": document_id}
        _tell(connection, complaint_id, "complaint_evidence_added", title, actor, data)
    return _shown(connection, complaint_id)


def evidence_file(database: Database, complaint_id: int, evidence_id: int) -> Row:
    """A piece of evidence with its ``content`` and ``media_type``. Raises ``NotFound``."""
    with database.transaction() as connection:
        row: Row | None = queries("claims").evidence_file(
            connection, complaint_id=complaint_id, evidence_id=evidence_id
        )
        if row is None or row["content"] is None:
            raise NotFound(f"complaint {complaint_id} has no evidence {evidence_id}")
        return row


def show_complaint(database: Database, complaint_id: int) -> Row:
    """A complaint with its evidence and claims. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, complaint_id)


def list_complaints(
    database: Database,
    *,
    only_open: bool = False,
    lot_id: int | None = None,
    supplier: str | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Complaints, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("claims").complaints(
                connection, complaint_id=None, lot_id=lot_id, supplier=supplier, only_open=only_open,
                rows_max=rows_max, rows_skipped=rows_skipped,
            )
        )  # fmt: skip


def lock_complaint(connection: Connection, complaint_id: int) -> Row:
    """A complaint that is nobody else's until the end of the transaction. Raises ``NotFound``."""
    row: Row | None = queries("claims").lock_complaint(connection, complaint_id=complaint_id)
    if row is None:
        raise NotFound(f"there is no complaint {complaint_id}", "See GET /v1/complaints for those there are.")
    return row


def _shown(connection: Connection, complaint_id: int) -> Row:
    rows = list(
        queries("claims").complaints(
            connection, complaint_id=complaint_id, lot_id=None, supplier=None, only_open=False, rows_max=1,
            rows_skipped=0,
        )
    )  # fmt: skip
    if not rows:
        raise NotFound(f"there is no complaint {complaint_id}", "See GET /v1/complaints for those there are.")
    return {**rows[0], "evidence": list(queries("claims").evidence_of(connection, complaint_id=complaint_id))}


def _tell(connection: Connection, complaint_id: int, kind: str, reason: str, actor: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"complaint:{complaint_id}", reason=reason, data=data)
