"""Complaints about goods, their investigation and evidence, claims to suppliers, and trends."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from cloud_sync.actions.quality import claims, complaints
from cloud_sync.api.access import ApiRoute, Holder, Ledger, Listing, Now, Qualifier, Reader, Resolver
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.claim import (
    ClaimEndIn,
    ClaimIn,
    ClaimOut,
    ComplaintIn,
    ComplaintOut,
    ComplaintShownOut,
    CreditIn,
    FindingIn,
    LoggerEvidenceIn,
    ReplacementIn,
    TrendOut,
)
from cloud_sync.api.schemas.common import Id, Line, Listed, Name, WhyIn

router = APIRouter(tags=["complaints and claims"], route_class=ApiRoute, responses=answers(404, 409))
_FILE = {
    media: {"schema": {"type": "string", "format": "binary"}}
    for media in ("image/jpeg", "image/png", "application/pdf")
}


@router.post("/complaints", summary="Complain about goods", status_code=201, response_model=ComplaintShownOut)
def open_complaint(said: ComplaintIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Say what is wrong with goods that a supplier delivered. The third about one lot is a case that holds it."""
    new = complaints.NewComplaint(said.lot, **said.model_dump(exclude={"client_id", "lot"}))
    return complaints.open_complaint(database, new, client_id=said.client_id, at=now, actor=actor.name)


@router.get("/complaints", summary="List complaints", response_model=Listed[ComplaintOut])
def list_complaints(
    database: Ledger,
    _: Reader,
    page: Listing,
    only_open: bool = False,
    lot: Id | None = None,
    supplier: Name | None = None,
) -> Any:
    """Complaints, the newest first."""
    return page.of(
        complaints.list_complaints(
            database, only_open=only_open, lot_id=lot, supplier=supplier, rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )  # fmt: skip


@router.get("/complaints/{complaint_id}", summary="See a complaint", response_model=ComplaintShownOut)
def show_complaint(complaint_id: Id, database: Ledger, _: Reader) -> Any:
    """A complaint with its evidence."""
    return complaints.show_complaint(database, complaint_id)


@router.post("/complaints/{complaint_id}/finding", summary="Say what was found", response_model=ComplaintShownOut)
def investigate(complaint_id: Id, said: FindingIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """What the investigation by somebody else than who complained found."""
    return complaints.investigate(
        database, complaint_id, is_confirmed=said.is_confirmed, text=said.reason, at=now, actor=actor.name
    )


@router.post(
    "/complaints/{complaint_id}/evidence/passport", summary="Attach the passport", response_model=ComplaintShownOut
)
def attach_passport(complaint_id: Id, database: Ledger, actor: Holder, now: Now) -> Any:
    """Attach the thermal passport of the lot as it is known now."""
    return complaints.attach_passport(database, complaint_id, at=now, actor=actor.name)


@router.post(
    "/complaints/{complaint_id}/evidence/logger", summary="Attach a logger's file", response_model=ComplaintShownOut
)
def attach_logger(complaint_id: Id, said: LoggerEvidenceIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Attach a file of a logger that was brought before."""
    return complaints.attach_logger(database, complaint_id, said.logger_file, at=now, actor=actor.name)


@router.post(
    "/complaints/{complaint_id}/evidence/file",
    summary="Attach a photo or document",
    response_model=ComplaintShownOut,
    openapi_extra={"requestBody": {"required": True, "description": "The file as it is.", "content": _FILE}},
)
async def attach_file(
    complaint_id: Id,
    request: Request,
    database: Ledger,
    actor: Holder,
    now: Now,
    title: Annotated[Line, Query(min_length=1, description="What it shows.")],
) -> Any:
    """A JPEG or PNG picture, or a PDF. It is kept byte for byte."""
    content = await request.body()
    return await run_in_threadpool(
        complaints.attach_file, database, complaint_id, content, title, at=now, actor=actor.name
    )


@router.get(
    "/complaints/{complaint_id}/evidence/{evidence_id}",
    summary="Get a piece of evidence",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
def evidence_file(complaint_id: Id, evidence_id: Id, database: Ledger, _: Reader) -> Response:
    """The file as it was attached."""
    row = complaints.evidence_file(database, complaint_id, evidence_id)
    return Response(bytes(row["content"]), media_type=row["media_type"])


@router.post("/complaints/{complaint_id}/claims", summary="Draft a claim", status_code=201, response_model=ClaimOut)
def make_claim(complaint_id: Id, said: ClaimIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """What is asked of the supplier, of a confirmed complaint."""
    return claims.make_claim(database, complaint_id, **said.model_dump(), at=now, actor=actor.name)


@router.get("/claims", summary="List claims", response_model=Listed[ClaimOut])
def list_claims(
    database: Ledger,
    _: Reader,
    page: Listing,
    now: Now,
    only_open: bool = False,
    complaint: Id | None = None,
    supplier: Name | None = None,
) -> Any:
    """Claims with their money and age, the newest first."""
    return page.of(
        claims.list_claims(
            database, only_open=only_open, complaint_id=complaint, supplier=supplier, at=now,
            rows_max=page.rows_max, rows_skipped=page.offset,
        )
    )  # fmt: skip


@router.get("/claims/trends", summary="See trends", response_model=Listed[TrendOut])
def trends(
    database: Ledger,
    _: Reader,
    page: Listing,
    now: Now,
    by: Literal["supplier", "lot"] = "supplier",
    days: Annotated[int, Query(ge=1, le=3660)] = 365,
) -> Any:
    """Complaints of the last days by supplier or lot: what was confirmed, claimed, settled, and how long it took."""
    return page.of(
        claims.trends(
            database, by_lot=by == "lot", since=now - timedelta(days=days), at=now, rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )  # fmt: skip


@router.get("/claims/{claim_id}", summary="See a claim", response_model=ClaimOut)
def show_claim(claim_id: Id, database: Ledger, _: Reader, now: Now) -> Any:
    """A claim and what came of it."""
    return claims.show_claim(database, claim_id, at=now)


@router.post("/claims/{claim_id}/sent", summary="Note a claim as sent", response_model=ClaimOut)
def send_claim(claim_id: Id, how: WhyIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """It went to the supplier with all evidence there is; the digest of it is kept."""
    return claims.send_claim(database, claim_id, how.reason, at=now, actor=actor.name)


@router.post("/claims/{claim_id}/credit", summary="Keep a credit note", response_model=ClaimOut)
def settle_credit(claim_id: Id, said: CreditIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """What the supplier credited; the claim is settled once nothing is open."""
    return claims.settle_credit(database, claim_id, **said.model_dump(), at=now, actor=actor.name)


@router.post("/claims/{claim_id}/replacement", summary="Keep a replacement", response_model=ClaimOut)
def settle_replacement(claim_id: Id, said: ReplacementIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """Goods that the supplier sent instead."""
    return claims.settle_replacement(database, claim_id, **said.model_dump(), at=now, actor=actor.name)


@router.post("/claims/{claim_id}/end", summary="End a claim", response_model=ClaimOut)
def end_claim(claim_id: Id, said: ClaimEndIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """The supplier refuses it, or it is withdrawn."""
    return claims.end_claim(database, claim_id, said.ended, said.reason, at=now, actor=actor.name)
