"""Signing a record from the page that shows it."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.forms import Credential, Reason, Word
from cloud_sync.console.page_route import PageRoute, Signer
from cloud_sync.console.signing import Proof, key_question, sign_as
from cloud_sync.domain.signatures import Meaning, RecordKind

router = APIRouter(route_class=PageRoute)

PAGE_OF: dict[RecordKind, str] = {
    RecordKind.ORDER: "/orders/{}",
    RecordKind.COUNT: "/counts/{}",
    RecordKind.BATCH: "/production-batches/{}",
    RecordKind.FORMULATION: "/master-formulation-records/{}",
    RecordKind.EXPOSURE: "/quarantine/{}",
    RecordKind.SOP: "/training/{}",
    RecordKind.SAMPLE: "/quality/samples/{}",
    RecordKind.CASE: "/cases/{}",
    RecordKind.HOLD: "/holds/{}",
}


@router.post("/signatures")
def sign_page(
    request: Request,
    database: Ledger,
    actor: Signer,
    now: Now,
    kind: Annotated[RecordKind, Form()],
    id: Word,  # noqa: A002 - as it stands in the form
    sha256_seen: Word,
    meaning: Annotated[Meaning, Form()],
    reason: Reason = "",
    password: Word = "",
    code: Word = "",
    credential: Credential = "",
) -> Any:
    """Sign exactly what was shown, and go back to it."""
    sign_as(
        request, database, kind, {id: sha256_seen}, meaning=meaning, reason=reason,
        proof=Proof(password, code.strip() or None, credential), at=now, actor=actor,
    )  # fmt: skip
    first, _, second = id.partition(":")
    shown = f"{first}/{second}" if kind in (RecordKind.FORMULATION, RecordKind.SOP) else first
    return RedirectResponse(PAGE_OF.get(kind, "/").format(shown), 303)


@router.post("/signatures/question")
def ask_key_page(
    request: Request,
    database: Ledger,
    actor: Signer,
    now: Now,
    kind: Annotated[RecordKind, Form()],
    id: Word,  # noqa: A002 - as it stands in the form
    sha256_seen: Word,
    meaning: Annotated[Meaning, Form()],
    reason: Reason = "",
) -> Any:
    """What the security key of whoever signs is asked."""
    return key_question(request, database, kind, {id: sha256_seen}, meaning=meaning, reason=reason, at=now, actor=actor)
