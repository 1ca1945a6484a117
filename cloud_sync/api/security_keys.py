"""Security keys and passkeys: one's own, and signing in with them."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from cloud_sync.actions.people import security_keys
from cloud_sync.api.access import ApiRoute, Ledger, Now, SignedIn
from cloud_sync.api.problems import answers
from cloud_sync.api.same_origin import check_same_origin
from cloud_sync.api.schemas.account import ProofIn, RecoveryCodesOut, SessionOut
from cloud_sync.api.schemas.security_key import KeyOut, KeyQuestionOut, KeySignInIn, NewKeyIn, PasswordProvedIn
from cloud_sync.api.sessions import address_of, begun, ledger_address, prove_again
from cloud_sync.domain.security_keys import KeyAnswer

router = APIRouter(tags=["people"], route_class=ApiRoute, responses=answers())
KeyId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.post(
    "/sessions/security-key/question",
    summary="Ask a security key to sign in",
    response_model=KeyQuestionOut,
    responses=answers(409, 429),
)
def ask_to_sign_in(said: PasswordProvedIn, request: Request, database: Ledger, now: Now) -> Any:
    """The question to the keys of whoever knows the password, good for five minutes."""
    check_same_origin(request)
    asked = security_keys.ask_sign_in(
        database, said.person, said.password, ledger_address(request), from_address=address_of(request), at=now
    )
    return json.loads(asked)


@router.post(
    "/sessions/security-key", summary="Sign in with a security key", status_code=201, response_model=SessionOut
)
def begin_session_with_key(said: KeySignInIn, request: Request, response: Response, database: Ledger, now: Now) -> Any:
    """Begin a session with what the key answered to `POST /v1/sessions/security-key/question`."""
    check_same_origin(request)
    answer = KeyAnswer(said.credential.model_dump_json(), ledger_address(request))
    session = security_keys.sign_in_with_key(database, answer, from_address=address_of(request), at=now)
    return begun(session, response)


@router.get("/me/security-keys", summary="See your security keys", response_model=list[KeyOut])
def list_my_keys(guest: SignedIn, database: Ledger) -> Any:
    """Keys of the person of this session."""
    return security_keys.list_keys(database, guest.actor.name)


@router.post(
    "/me/security-keys/question",
    summary="Begin with a security key",
    response_model=KeyQuestionOut,
    responses=answers(409, 429),
)
def ask_new_key(said: ProofIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> Any:
    """The question to a new key; it counts once it is added."""
    prove_again(said, request, guest, database, now)
    return json.loads(security_keys.offer_key(database, guest.actor.name, ledger_address(request), at=now))


@router.post(
    "/me/security-keys",
    summary="Add a security key",
    status_code=201,
    response_model=RecoveryCodesOut,
    responses=answers(409),
)
def add_key(said: NewKeyIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> Any:
    """From now on it is a second factor, and signs. The first second factor comes with recovery codes, shown once."""
    answer = KeyAnswer(said.credential.model_dump_json(), ledger_address(request))
    codes = security_keys.add_key(database, guest.actor.name, answer, said.name, session=guest.id_sha256, at=now)
    return {"recovery_codes": codes}


@router.post(
    "/me/security-keys/{key_id}/remove",
    summary="Remove a security key",
    status_code=204,
    responses=answers(404, 429),
)
def remove_key(key_id: KeyId, said: ProofIn, request: Request, guest: SignedIn, database: Ledger, now: Now) -> None:
    """It counts no longer."""
    prove_again(said, request, guest, database, now)
    security_keys.remove_key(database, guest.actor.name, key_id)
