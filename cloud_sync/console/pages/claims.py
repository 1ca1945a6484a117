"""Complaints about goods and claims to suppliers: what is wrong, what shows it, what was asked and what came of it."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from cloud_sync.actions.master_data.choices import places_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.actions.quality import claims, complaints
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.claim import ClaimEndIn, ClaimIn, ComplaintIn, CreditIn, ReplacementIn
from cloud_sync.console.forms import ClientId, Field, Reason, checked, reason_of, whole
from cloud_sync.console.lot_field import label_of_lot, lot_entered
from cloud_sync.console.page_route import Holder, PageRoute, Qualifier, Resolver, Visitor
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.claims import ComplaintKind
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.errors import Invalid
from cloud_sync.storage.database import Row

ROWS_MAX = 500
TRENDS_OVER = timedelta(days=365)

router = APIRouter(route_class=PageRoute)
ComplaintId = Annotated[int, Path(ge=1, le=2**63 - 1)]
ClaimId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _money(row: Row) -> list[str]:
    return [f"{each['settled']:.2f} of {each['claimed']:.2f} {each['currency']}" for each in row["money"]]


def _open_money(row: Row) -> list[str]:
    return [f"{each['open']:.2f} {each['currency']}" for each in row["money"] if each["open"]]


COMPLAINTS = (
    Column("id", "Complaint", Show.NUMBER, link=lambda row: f"/complaints/{row['id']}"),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("supplier", "Supplier", filters=True),
    Column("kind", "What is wrong", Show.WORDS, filters=True),
    Column("quantity", "Quantity", Show.NUMBER),
    Column("opened_by", "Reported by"),
    Column("opened_at", "Since", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True),
)
CLAIMS = (
    Column("id", "Claim", Show.NUMBER, link=lambda row: f"/complaints/{row['complaint_id']}#claims"),
    Column("supplier", "Supplier", filters=True),
    Column("item", "Item", value=lambda row: row["item_title"] or row["item"]),
    Column("lot_number", "Lot", link=lambda row: f"/lots/{row['lot_id']}"),
    Column("wants", "Remedy", Show.WORDS),
    Column("amount", "Claimed", Show.NUMBER, value=lambda row: f"{row['amount']:.2f}"),
    Column("open_amount", "Open", Show.NUMBER, value=lambda row: f"{row['open_amount']:.2f}"),
    Column("currency", "Currency", filters=True),
    Column("age_days", "Age, days", Show.NUMBER),
    Column("state", "State", Show.TAG, filters=True),
)
TRENDS = (
    Column("supplier", "Supplier"),
    Column("item", "Item", optional=True),
    Column("lot_number", "Lot", link=lambda row: row["lot_id"] and f"/lots/{row['lot_id']}", optional=True),
    Column("complaints", "Complaints", Show.NUMBER),
    Column("deliveries", "Deliveries", Show.NUMBER),
    Column("confirmed", "Confirmed", Show.NUMBER),
    Column("claims", "Claims", Show.NUMBER),
    Column("money", "Settled", value=_money),
    Column("open", "Open", value=_open_money),
    Column("oldest_days", "Oldest open, days", Show.NUMBER),
    Column("mean_days", "Days to settle", Show.NUMBER,
           value=lambda row: None if row["mean_days"] is None else round(row["mean_days"], 1)),
)  # fmt: skip
EVIDENCE = (
    Column("title", "What it shows", link=lambda row: row["href"]),
    Column("kind", "Kind", Show.WORDS),
    Column("bytes", "Bytes", Show.NUMBER),
    Column("added_by", "Attached by"),
    Column("added_at", "Attached", Show.WHEN),
    Column("sha256", "SHA-256", value=lambda row: f"{row['sha256'][:16]}…"),
)
SETTLEMENTS = (
    Column("claim_id", "Claim", Show.NUMBER),
    Column("kind", "Kind", Show.WORDS),
    Column("reference", "Reference"),
    Column("quantity", "Units", Show.NUMBER, optional=True),
    Column("amount", "Amount", Show.NUMBER, value=lambda row: f"{row['amount']:.2f}"),
    Column("settled_by", "Recorded by"),
    Column("settled_at", "When", Show.WHEN),
)


@router.get("/claims")
def claims_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """Claims with their money and age, complaints, trends, and a form to complain."""
    zone = house_zone(database)
    since = now - TRENDS_OVER

    def found(wanted: ListRequest) -> list[Row]:
        return complaints.list_complaints(database, rows_max=wanted.rows_max, rows_skipped=wanted.rows_skipped)

    return list_page(
        request, "claims.html", zone=zone,
        claims=table(request, "claims", CLAIMS, claims.list_claims(database, at=now, rows_max=ROWS_MAX), zone=zone,
                     prefix="claim-"),
        complaints=table(request, "complaints", COMPLAINTS, source=found, searches=False, zone=zone),
        by_supplier=table(request, "by-supplier", TRENDS, claims.trends(
            database, by_lot=False, since=since, at=now, rows_max=ROWS_MAX), zone=zone, prefix="supplier-"),
        by_lot=table(request, "by-lot", TRENDS, claims.trends(
            database, by_lot=True, since=since, at=now, rows_max=ROWS_MAX), zone=zone, prefix="lot-"),
    )  # fmt: skip


@router.get("/new-complaint")
def new_complaint_page(
    request: Request, database: Ledger, _: Visitor, lot: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Any:
    """The form; the lot that the address names is chosen."""
    return list_page(
        request, "new_complaint.html", lot="" if lot is None else label_of_lot(database, str(lot)),
        kinds=list(ComplaintKind),
        suppliers=places_to_choose(database, ["supplier"]), places=places_to_choose(database, INTERNAL),
    )  # fmt: skip


@router.post("/claims/complaints")
def open_complaint(
    database: Ledger,
    actor: Holder,
    now: Now,
    client_id: ClientId,
    lot: Field = "",
    kind: Field = "",
    quantity: Field = "",
    description: Reason = "",
    supplier: Field = "",
    place: Field = "",
    serial: Field = "",
    order: Field = "",
) -> Any:
    """Complain about goods."""
    said = checked(
        ComplaintIn, client_id=client_id, lot=lot_entered(database, lot, now.date()), kind=kind or None,
        quantity=whole(quantity, "the quantity"), description=reason_of(description, "a complaint"), observed_at=now,
        supplier=supplier or None, place=place or None, serial=serial.strip(), order=order.strip(),
    )  # fmt: skip
    new = complaints.NewComplaint(said.lot, **said.model_dump(exclude={"client_id", "lot"}))
    made = complaints.open_complaint(database, new, client_id=said.client_id, at=now, actor=actor.name)
    return RedirectResponse(f"/complaints/{made['id']}", 303)


@router.get("/complaints/{complaint_id}")
def complaint_page(complaint_id: ComplaintId, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """One complaint: evidence, the finding, and what was claimed for it."""
    row = complaints.show_complaint(database, complaint_id)
    evidence = [{**each, "href": f"/complaints/{complaint_id}/evidence/{each['id']}"} for each in row["evidence"]]
    made = claims.list_claims(database, complaint_id=complaint_id, at=now, rows_max=ROWS_MAX)
    zone = house_zone(database)
    return list_page(
        request, "complaint.html", row=row, zone=zone, made=made, open_claims=[c for c in made if not c["closed_at"]],
        left=row["quantity"] - sum(c["quantity"] for c in made if c["closed_as"] not in ("refused", "withdrawn")),
        evidence=table(request, "evidence", EVIDENCE, evidence, zone=zone, prefix="evidence-"),
        claims=table(request, "claims", CLAIMS, made, zone=zone, prefix="claim-"),
        settled=table(request, "settled", SETTLEMENTS,
                      [each for claim in made for each in claim["settlements"]], zone=zone, prefix="settled-"),
    )  # fmt: skip


@router.get("/complaints/{complaint_id}/evidence/{evidence_id}")
def evidence_file(complaint_id: ComplaintId, evidence_id: ClaimId, database: Ledger, _: Visitor) -> Response:
    """A piece of evidence as it was attached."""
    row = complaints.evidence_file(database, complaint_id, evidence_id)
    name = f"complaint-{complaint_id}-{evidence_id}"
    shown = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(bytes(row["content"]), media_type=row["media_type"], headers=shown)


@router.post("/complaints/{complaint_id}/finding")
def investigate(
    complaint_id: ComplaintId, database: Ledger, actor: Resolver, now: Now, reason: Reason = "",
    finding: Annotated[str, Form(pattern="^(confirmed|not_confirmed)$")] = "confirmed",
) -> Any:  # fmt: skip
    """Say what the investigation found."""
    complaints.investigate(
        database, complaint_id, is_confirmed=finding == "confirmed", text=reason_of(reason, "a finding"), at=now,
        actor=actor.name,
    )  # fmt: skip
    return _back(complaint_id)


@router.post("/complaints/{complaint_id}/evidence/passport")
def attach_passport(complaint_id: ComplaintId, database: Ledger, actor: Holder, now: Now) -> Any:
    """Attach the thermal passport as it is known now."""
    complaints.attach_passport(database, complaint_id, at=now, actor=actor.name)
    return _back(complaint_id)


@router.post("/complaints/{complaint_id}/evidence/logger")
def attach_logger(complaint_id: ComplaintId, database: Ledger, actor: Holder, now: Now, logger_file: Field = "") -> Any:
    """Attach a file of a logger that was brought before."""
    complaints.attach_logger(
        database, complaint_id, whole(logger_file, "the number of the file"), at=now, actor=actor.name
    )
    return _back(complaint_id)


@router.post("/complaints/{complaint_id}/evidence/file")
async def attach_file(
    complaint_id: ComplaintId,
    database: Ledger,
    actor: Holder,
    now: Now,
    file: Annotated[UploadFile, File()],
    title: Field = "",
) -> Any:
    """Attach a photograph or a PDF."""
    content = await file.read()
    if not title.strip() or not content:
        raise Invalid("a file and what it shows are needed", "Go back, choose the file and say what it shows.")
    await run_in_threadpool(
        complaints.attach_file, database, complaint_id, content, title.strip(), at=now, actor=actor.name
    )
    return _back(complaint_id)


@router.post("/complaints/{complaint_id}/claims")
def make_claim(
    complaint_id: ComplaintId,
    database: Ledger,
    actor: Qualifier,
    now: Now,
    client_id: ClientId,
    wants: Field = "",
    quantity: Field = "",
    amount: Field = "",
    currency: Field = "",
    note: Field = "",
) -> Any:
    """Draft a claim."""
    said = checked(
        ClaimIn, client_id=client_id, wants=wants, quantity=whole(quantity, "the quantity"),
        amount=amount.strip() or None, currency=currency.strip().upper() or None, note=note,
    )  # fmt: skip
    claims.make_claim(database, complaint_id, **said.model_dump(), at=now, actor=actor.name)
    return _back(complaint_id)


@router.post("/claims/{claim_id}/sent")
def send_claim(claim_id: ClaimId, database: Ledger, actor: Qualifier, now: Now, reason: Reason = "") -> Any:
    """Note that it went to the supplier."""
    row = claims.send_claim(database, claim_id, reason_of(reason, "sending"), at=now, actor=actor.name)
    return _back(row["complaint_id"])


@router.post("/claims/{claim_id}/credit")
def settle_credit(
    claim_id: ClaimId, database: Ledger, actor: Qualifier, now: Now, amount: Field = "", currency: Field = "",
    reference: Field = "",
) -> Any:  # fmt: skip
    """Keep a credit note."""
    said = checked(CreditIn, amount=amount, currency=currency.strip().upper(), reference=reference)
    row = claims.settle_credit(database, claim_id, **said.model_dump(), at=now, actor=actor.name)
    return _back(row["complaint_id"])


@router.post("/claims/{claim_id}/replacement")
def settle_replacement(
    claim_id: ClaimId, database: Ledger, actor: Qualifier, now: Now, quantity: Field = "", reference: Field = ""
) -> Any:
    """Keep that goods came instead."""
    said = checked(ReplacementIn, quantity=whole(quantity, "the quantity"), reference=reference)
    row = claims.settle_replacement(database, claim_id, **said.model_dump(), at=now, actor=actor.name)
    return _back(row["complaint_id"])


@router.post("/claims/{claim_id}/end")
def end_claim(
    claim_id: ClaimId, database: Ledger, actor: Qualifier, now: Now, ended: Field = "", reason: Reason = ""
) -> Any:
    """The supplier refuses it, or it is withdrawn."""
    said = checked(ClaimEndIn, ended=ended, reason=reason_of(reason, "the end of a claim"))
    row = claims.end_claim(database, claim_id, said.ended, said.reason, at=now, actor=actor.name)
    return _back(row["complaint_id"])


def _back(complaint_id: int) -> RedirectResponse:
    return RedirectResponse(f"/complaints/{complaint_id}", 303)
