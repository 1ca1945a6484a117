"""The Drug Supply Chain Security Act: verification, suspect product, and what regulators ask."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from cloud_sync.actions.interop import suspects, tracing_requests, verification
from cloud_sync.api.access import (
    ApiRoute,
    Auditor,
    Decider,
    Holder,
    Ledger,
    Listing,
    Now,
    Reader,
    Resolver,
    Verifier,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, WhyIn
from cloud_sync.api.schemas.dscsa import (
    AnswerOut,
    AskIn,
    ConnectivityOut,
    DeterminationIn,
    FdaIn,
    SuspectIn,
    SuspectOut,
    SuspectRowOut,
    TracingRequestIn,
    TracingRequestOut,
    VerificationOut,
)
from cloud_sync.errors import Invalid

router = APIRouter(tags=["DSCSA"], route_class=ApiRoute, responses=answers(404, 409))

Said = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]


@router.get(
    "/verification/gtin/{gtin}/lot/{lot:path}/ser/{serial:path}", summary="Verify a product identifier",
    response_model=AnswerOut, response_model_exclude_none=True, responses=answers(400),
)  # fmt: skip
def answer_verification(
    gtin: str,
    lot: str,
    serial: str,
    database: Ledger,
    actor: Verifier,
    now: Now,
    exp: Said = "",
    link_type: Annotated[str, Query(alias="linkType", max_length=100, pattern=r"^[^\x00]*$")] = "",
    context: Said = "",
    requester: Annotated[str, Query(alias="reqGLN", max_length=13, pattern=r"^[0-9]*$")] = "",
    correlation: Annotated[str, Query(alias="corrUUID", max_length=100, pattern=r"^[^\x00]*$")] = "",
) -> Any:
    """Whether a package with this GTIN, lot, serial and expiry (``exp``: YYMMDD) is one of ours, after the GS1
    Lightweight
    Messaging Standard for Verification of Product Identifiers. 400 for what is no product identifier."""
    try:
        asked = verification.identifier(gtin, lot, serial, verification.expiry_of(exp, now.date()))
        if link_type not in ("", "verificationService", "gs1:verificationService"):
            raise Invalid(f"linkType {link_type} is not answered here", "Ask with linkType=verificationService.")
    except Invalid as error:
        return JSONResponse({"error": str(error), "what_to_do": error.what_to_do}, 400)
    return verification.answer_verification(
        database, asked, context=context, correlation=correlation, requester_gln=requester, at=now, actor=actor
    )


@router.get("/verification/checkConnectivity", summary="See whether a GTIN is answered", response_model=ConnectivityOut)
def check_connectivity(
    database: Ledger,
    _: Verifier,
    gtin: Annotated[str, Query(pattern=r"^[0-9]{14}$")],
) -> Any:
    """Whether product identifiers with this GTIN are answered here, and by whom."""
    return verification.check_connectivity(database, gtin)


@router.post("/dscsa/verifications", summary="Ask for a verification", status_code=201, response_model=VerificationOut)
def ask_verification(ask: AskIn, request: Request, database: Ledger, actor: Holder, now: Now) -> Any:
    """Ask a partner whether a package is one of its own. What it does not verify is held, and becomes a case."""
    asked = verification.identifier(ask.gtin, ask.lot_number, ask.serial, ask.expires_on)
    hosts: frozenset[str] = request.app.state.connection_settings.private_hosts
    return verification.ask_verification(
        database, ask.partner, asked, context=ask.context, private_hosts=hosts, at=now, actor=actor.name
    )


@router.get("/dscsa/verifications", summary="List verifications", response_model=Listed[VerificationOut])
def list_verifications(
    database: Ledger,
    _: Reader,
    page: Listing,
    direction: Literal["asked", "answered"] | None = None,
    serial: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
) -> Any:
    """Verifications asked and answered, the newest first."""
    return page.of(
        verification.list_verifications(
            database, direction=direction, serial=serial, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.post("/dscsa/suspects", summary="Suspect product", status_code=201, response_model=SuspectOut)
def open_suspect(suspect: SuspectIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Hold product that is suspect, and open its investigation. Its clock of 24 hours runs."""
    return suspects.open_suspect(database, **suspect.model_dump(), at=now, actor=actor.name)


@router.get("/dscsa/suspects", summary="List investigations", response_model=Listed[SuspectRowOut])
def list_suspects(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """Suspect and illegitimate product, the newest first."""
    return page.of(
        suspects.list_suspects(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.get("/dscsa/suspects/{suspect_id}", summary="See an investigation", response_model=SuspectOut)
def show_suspect(suspect_id: Id, database: Ledger, _: Reader) -> Any:
    """How far it has come, which clock runs, who has to be told."""
    return suspects.show_suspect(database, suspect_id)


@router.get("/dscsa/suspects/{suspect_id}/form-3911", summary="Fill in Form FDA 3911", response_model=dict[str, str])
def form_3911(suspect_id: Id, database: Ledger, _: Reader) -> Any:
    """The fields of Form FDA 3911 (Drug Notification), with what the ledger knows."""
    return suspects.form_of(database, suspect_id)


@router.post("/dscsa/suspects/{suspect_id}/determine", summary="Determine", response_model=SuspectOut)
def determine(suspect_id: Id, found: DeterminationIn, database: Ledger, actor: Decider, now: Now) -> Any:
    """Clear a suspicion, or find the product illegitimate: then the FDA and partners are told within 24 hours."""
    return suspects.determine(database, suspect_id, found.determination, found.reason, at=now, actor=actor)


@router.post(
    "/dscsa/suspects/{suspect_id}/fda-notified", summary="Note that the FDA was told", response_model=SuspectOut
)
def notify_fda(suspect_id: Id, told: FdaIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Note how Form FDA 3911 was sent, and the incident number."""
    return suspects.notify_fda(database, suspect_id, told.reason, told.incident, at=now, actor=actor.name)


@router.post("/dscsa/suspects/{suspect_id}/terminate", summary="Terminate a notification", response_model=SuspectOut)
def terminate(suspect_id: Id, why: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """End a notification in agreement with the FDA; what is illegitimate stays held until its case is resolved."""
    return suspects.terminate(database, suspect_id, why.reason, at=now, actor=actor.name)


@router.post(
    "/dscsa/requests", summary="Record a regulator's request", status_code=201, response_model=TracingRequestOut
)
def record_request(asked: TracingRequestIn, database: Ledger, actor: Auditor, now: Now) -> Any:
    """Keep what the FDA or a state asks about a product. Its clock of 48 hours runs from when they asked."""
    told = asked.model_dump(exclude={"asked_at"})
    at = tracing_requests.when_asked(asked.asked_at, now)
    return tracing_requests.record_request(database, **told, asked_at=at, actor=actor.name)


@router.get("/dscsa/requests", summary="List regulators' requests", response_model=Listed[TracingRequestOut])
def list_requests(database: Ledger, _: Reader, page: Listing, only_open: bool = False) -> Any:
    """What regulators asked, the newest first."""
    return page.of(
        tracing_requests.list_requests(database, only_open=only_open, rows_max=page.rows_max, rows_skipped=page.offset)
    )


@router.post(
    "/dscsa/requests/{request_id}/answer", summary="Answer a regulator's request",
    responses={200: {"content": {"application/zip": {}}}}, response_class=Response,
)  # fmt: skip
def answer_request(request_id: Id, database: Ledger, actor: Auditor, now: Now) -> Response:
    """Everything that was told of the product, in and out, with the documents as they came, as a zip."""
    content, request = tracing_requests.answer_request(database, request_id, at=now, actor=actor.name)
    name = f'attachment; filename="dscsa-{request["id"]}.zip"'
    return Response(content, media_type="application/zip", headers={"Content-Disposition": name})
