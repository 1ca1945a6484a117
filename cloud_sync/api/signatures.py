"""Signing records, and seeing what was signed."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from cloud_sync.actions.people import security_keys, signatures
from cloud_sync.api.access import ApiRoute, Ledger, Now, Reader, Signer
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.security_key import KeyQuestionOut, SignatureQuestionIn
from cloud_sync.api.schemas.signature import (
    RecordId,
    SecondSignatureRuleOut,
    SignableOut,
    SignatureIn,
    SignatureOut,
)
from cloud_sync.api.sessions import address_of, ledger_address
from cloud_sync.domain.security_keys import KeyAnswer
from cloud_sync.domain.signatures import RecordKind

router = APIRouter(tags=["people"], route_class=ApiRoute, responses=answers(404))


@router.get("/signatures/{kind}/{record_id}", summary="See a record and its signatures", response_model=SignableOut)
def see_signatures(kind: RecordKind, record_id: Annotated[RecordId, Path()], database: Ledger, _: Reader) -> Any:
    """A record as it is now with its hash, and who signed it as what and when; whether each still covers it."""
    return signatures.shown(database, kind, record_id)


@router.post(
    "/signatures",
    summary="Sign a record",
    status_code=201,
    response_model=SignatureOut,
    responses=answers(409, 429),
)
def sign(said: SignatureIn, request: Request, database: Ledger, actor: Signer, now: Now) -> Any:
    """Sign exactly what was shown, with your password and the code of your second factor if you have one, or with what
    your security key answered to `POST /v1/signatures/question`.

    It cannot be moved to another record, and shows when the record is another one than was signed.
    """
    return signatures.sign(
        database,
        said.kind,
        said.id,
        sha256_seen=said.sha256_seen,
        meaning=said.meaning,
        reason=said.reason,
        password=said.password,
        code=said.code,
        key=KeyAnswer(said.credential.model_dump_json(), ledger_address(request)) if said.credential else None,
        address=address_of(request),
        at=now,
        actor=actor,
    )


@router.post(
    "/signatures/question",
    summary="Ask a security key to sign",
    response_model=KeyQuestionOut,
    responses=answers(409),
)
def ask_key_to_sign(said: SignatureQuestionIn, request: Request, database: Ledger, actor: Signer, now: Now) -> Any:
    """The question to your security key: its challenge is the hash of exactly what was shown, good for five minutes."""
    asked = security_keys.ask_signature(
        database, said.kind, {said.id: said.sha256_seen}, meaning=said.meaning, reason=said.reason,
        address=ledger_address(request), at=now, actor=actor,
    )  # fmt: skip
    return json.loads(asked)


@router.get(
    "/second-signature-rules", summary="See when a release takes two", response_model=list[SecondSignatureRuleOut]
)
def list_second_signature_rules(database: Ledger, _: Reader) -> Any:
    """Thresholds from which a release takes the signatures of two people."""
    return signatures.list_rules(database)
