"""Signatures on pages: what was signed of a record, and whoever signs proves again who they are (21 CFR 11.200)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from cloud_sync.actions.people.security_keys import ask_signature, list_keys
from cloud_sync.actions.people.signatures import shown, sign_all
from cloud_sync.api.sessions import address_of, ledger_address
from cloud_sync.console.forms import reason_of
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.security_keys import KeyAnswer
from cloud_sync.domain.signatures import Meaning, RecordKind, permission_to_sign
from cloud_sync.errors import Invalid, NotKnown
from cloud_sync.storage.database import Database

MEANINGS: Mapping[Meaning, str] = {
    Meaning.REVIEW: "I have reviewed it",
    Meaning.APPROVAL: "I approve it",
    Meaning.RELEASE: "I release it",
    Meaning.REJECTION: "I reject it",
    Meaning.RESPONSIBILITY: "I am responsible for it",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody who signs types again."""

    password: str
    code: str | None
    credential: str = ""
    """What a security key answered, in place of both."""


def signable(database: Database, kind: RecordKind, record_id: str, actor: Actor) -> dict[str, Any]:
    """A record with its hash and ``signatures``, and the ``meanings`` as which this visitor may sign it."""
    found = shown(database, kind, record_id)
    may = {meaning: permission_to_sign(kind, meaning) for meaning in Meaning}
    meanings = {m: MEANINGS[m] for m, permission in may.items() if permission and actor.may(permission)}
    has_key = not actor.token and bool(list_keys(database, actor.name))
    return {**found, "meanings": {} if actor.token else meanings, "has_key": has_key}


def sign_as(
    request: Request,
    database: Database,
    kind: RecordKind,
    seen: Mapping[str, str],
    *,
    meaning: Meaning,
    reason: str,
    proof: Proof,
    at: datetime,
    actor: Actor,
) -> None:
    """Sign what was shown: by id, the hash of each record. Raises ``Invalid`` for a wrong password: the visitor stays
    signed in, and tries again."""
    if actor.token:
        raise Invalid("whoever signs has an account with a password", "Sign in with your name, not with a token.")
    if not (proof.password or proof.credential):
        raise Invalid("a signature needs your password", "Go back and type it again.")
    try:
        sign_all(
            database, kind, seen, meaning=meaning, reason=reason_of(reason, "a signature"), password=proof.password,
            code=proof.code, key=KeyAnswer(proof.credential, ledger_address(request)) if proof.credential else None,
            address=address_of(request), at=at, actor=actor,
        )  # fmt: skip
    except NotKnown as error:
        raise Invalid(f"this was not signed: {error}", "Go back and type it again.") from error


def key_question(
    request: Request,
    database: Database,
    kind: RecordKind,
    seen: Mapping[str, str],
    *,
    meaning: Meaning,
    reason: str,
    at: datetime,
    actor: Actor,
) -> Response:
    """What a security key is asked, for the browser: the same records, meaning and reason come back with the answer."""
    asked = ask_signature(
        database, kind, dict(seen), meaning=meaning, reason=reason_of(reason, "a signature"),
        address=ledger_address(request), at=at, actor=actor,
    )  # fmt: skip
    return Response(asked, media_type="application/json")
