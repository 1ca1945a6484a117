"""Enrolment: an invitation with a one-time code, and a gateway that comes with it."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.actions.gateways.gateways import key_of, refuse_key_of_another
from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from cloud_sync.posting.cases import Case, count_case
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.enrolment import ALPHABET, CODE_CHARACTERS, enrolment_words, plain_code, shown_code

VALID_MAX = timedelta(days=30)
LIMIT_WINDOW = timedelta(minutes=1)
FAILURES_OF_ADDRESS_MAX = 5
FAILURES_MAX = 50
"""Wrong codes in a window, from one address and in all; further ones are told to wait. A right code is always taken: it
has 100 bits, and nobody can keep a gateway out by guessing in its name."""

ASK_AGAIN = "Ask the ledger's administrator for a new code: cloud-sync gateway invite NAME"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a gateway sends. ``public_key`` and ``proof`` are base64; ``proof`` signs ``enrolment_words``."""

    gateway: str
    public_key: str
    code: str
    proof: str


class _WrongCode(NotAllowed):
    """Counted, and told to people as a case."""


def invite(
    database: Database,
    gateway: str,
    *,
    place: str | None,
    valid: timedelta,
    replaces: bool,
    actor: str,
    now: datetime,
) -> tuple[str, datetime]:
    """A code for ``gateway``, to be shown once, and when it ends. Earlier codes for it that were not used end now.

    Raises ``NotFound`` for an unknown place, ``Conflict`` if the name is taken and ``replaces`` is not said,
    ``Invalid`` for a time that makes no sense.
    """
    if not timedelta(0) < valid <= VALID_MAX:
        raise Invalid("a code is good for at least a minute and at most 30 days", "Write e.g. --valid 24h.")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = now + valid
    with database.transaction() as connection:
        place_id = _place_id(connection, place)
        known = queries("enrolment").lock_gateway(connection, name=gateway)
        if known is not None and not replaces:
            state = "was revoked" if known["revoked_at"] else "is registered already"
            raise Conflict(
                f"gateway {gateway} {state}",
                "Choose another name; or, if this is new hardware or a new key for the same post, say --replace.",
            )
        queries("enrolment").end_open_invites(connection, gateway=gateway)
        queries("enrolment").add_invite(
            connection,
            gateway=gateway,
            place_id=place_id,
            replaces=replaces,
            code_sha256=_digest(code),
            invited_by=actor,
            expires_at=expires_at,
        )
        add_event(
            connection,
            actor=actor,
            kind="gateway_invited",
            subject=f"gateway:{gateway}",
            data={"place": place, "replaces": replaces, "expires_at": expires_at.isoformat()},
        )
    return shown_code(code), expires_at


def enrol(database: Database, request: Enrolment, *, now: datetime, address: str = "") -> Row:
    """Believe the gateway from now on; gives its ``name``, its ``public_key`` and the ``ledger_key``.

    ``address`` is from where it was asked: wrong codes count for it. Asking twice with one key is harmless.

    Raises ``Invalid`` for what is no key or no proof, ``NotAllowed`` for a wrong code, ``Conflict`` for one that was
    used or has ended, or whose name is taken, ``TooMany`` after too many wrong ones.
    """
    key = key_of(request.public_key)
    _check_proof(request, key)
    try:
        with database.transaction() as connection:
            return _enrol(connection, request, key, now)
    except _WrongCode:
        with database.transaction() as connection:
            _check_rate(connection, address, now)
            queries("enrolment").forget_failures(connection, before=now - 10 * LIMIT_WINDOW)
            queries("enrolment").add_failure(connection, gateway=request.gateway, at=now, address=address)
            count_case(connection, _wrong_code_case(request.gateway))
        raise


def _enrol(connection: Connection, request: Enrolment, key: bytes, now: datetime) -> Row:
    found = queries("enrolment").lock_invite(connection, code_sha256=_digest(request.code))
    if found is None or found["gateway"] != request.gateway:
        raise _WrongCode(f"this code is not one for gateway {request.gateway}", f"Check name and code. {ASK_AGAIN}")
    if found["used_at"] is not None:
        if bytes(found["public_key"]) == key:
            return _enrolled(connection, request)
        raise Conflict(f"this code was used at {found['used_at']:%Y-%m-%d %H:%M} UTC", f"{ASK_AGAIN} --replace")
    if found["expires_at"] <= now:
        raise Conflict(f"this code expired at {found['expires_at']:%Y-%m-%d %H:%M} UTC", ASK_AGAIN)
    gateway_id = _keep_key(connection, request, key, found)
    if found["place_id"] is not None:
        queries("enrolment").put_gateway(connection, id=gateway_id, place_id=found["place_id"])
    queries("enrolment").use_invite(connection, id=found["id"], public_key=key)
    return _enrolled(connection, request)


def _enrolled(connection: Connection, request: Enrolment) -> Row:
    return {
        "name": request.gateway,
        "public_key": request.public_key,
        "ledger_key": keys_in(connection).public_key,
    }


def _keep_key(connection: Connection, request: Enrolment, key: bytes, invitation: Row) -> int:
    refuse_key_of_another(connection, request.gateway, key)
    is_new = bool(queries("gateways").add_gateway(connection, name=request.gateway, public_key=key))
    gateway: Row = queries("enrolment").lock_gateway(connection, name=request.gateway)
    old = bytes(gateway["public_key"])
    if not is_new and (old != key or gateway["revoked_at"] is not None):
        if not invitation["replaces"]:
            raise Conflict(f"gateway {request.gateway} is registered with another key", f"{ASK_AGAIN} --replace")
        queries("enrolment").replace_key(connection, id=gateway["id"], public_key=key)
    add_event(
        connection,
        actor=f"gateway:{request.gateway}",
        kind="gateway_enrolled" if is_new else "gateway_key_replaced",
        subject=f"gateway:{request.gateway}",
        reason=f"invited by {invitation['invited_by']}",
        data={
            "public_key": request.public_key,
            **({} if is_new else {"revoked_public_key": base64.b64encode(old).decode()}),
        },
    )
    return int(gateway["id"])


def _check_proof(request: Enrolment, key: bytes) -> None:
    what_to_do = "Use edge-agent enroll: it signs with the gateway's own key."
    try:
        proof = base64.b64decode(request.proof, validate=True)
        words = enrolment_words(request.gateway, request.public_key, request.code)
        Ed25519PublicKey.from_public_bytes(key).verify(proof, words)
    except (ValueError, InvalidSignature) as error:
        raise Invalid("the proof is not a signature by this key", what_to_do) from error


def _check_rate(connection: Connection, address: str, now: datetime) -> None:
    failures = queries("enrolment").failures(connection, address=address, since=now - LIMIT_WINDOW)
    if failures["of_address"] >= FAILURES_OF_ADDRESS_MAX or failures["of_all"] >= FAILURES_MAX:
        raise TooMany("too many wrong codes were tried", "Wait a minute, check the code, and try again.")


def _wrong_code_case(gateway: str) -> Case:
    # All that strangers try is one case: they could make up names without end.
    return Case("enrolment_wrong_code", "enrolment", f"somebody tried a wrong code for gateway {gateway}",
                data={"gateway": gateway})  # fmt: skip


def _place_id(connection: Connection, place: str | None) -> int | None:
    if place is None:
        return None
    found: int | None = queries("enrolment").place_of_name(connection, name=place)
    if found is None:
        raise NotFound(f"there is no place {place}", "See GET /v1/places for those there are, or leave --place out.")
    return found


def _digest(code: str) -> bytes:
    # 100 random bits: a plain hash cannot be guessed backwards, and can be looked up.
    return hashlib.sha256(plain_code(code).encode()).digest()
