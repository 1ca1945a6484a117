"""Security keys and passkeys of people: added, used to sign in, removed."""

from datetime import datetime
from secrets import token_bytes

from webauthn import generate_registration_options, options_to_json, verify_registration_response
from webauthn.helpers import parse_client_data_json, parse_registration_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cloud_sync.actions.access import require
from cloud_sync.actions.people.accounts import account_of
from cloud_sync.actions.people.second_factor import new_recovery_codes
from cloud_sync.actions.people.sessions import Session, begin_session, check_open, prove_password
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.security_keys import ANSWERS_WITHIN, CHALLENGE_BYTES, KEYS_MAX, KeyAnswer, LedgerAddress
from cloud_sync.domain.signatures import Meaning, RecordKind, permission_to_sign
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.security_keys import (
    UNREADABLE,
    ask_key,
    keep_question,
    proven_by_key,
    take_question,
    text_to_sign,
)
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

NAMED = "Open the ledger by its name, as in https://ledger.example.org, and do it there."


def list_keys(database: Database, person: str) -> list[Row]:
    """Keys of a person: id, name, domain, added_at, used_at."""
    with database.transaction() as connection:
        told = ("id", "name", "domain", "added_at", "used_at")
        return [{key: row[key] for key in told} for row in queries("security_keys").keys_of(connection, person=person)]


def offer_key(database: Database, person: str, address: LedgerAddress, *, at: datetime) -> str:
    """The question for ``navigator.credentials.create``, as JSON; the caller has seen the password.

    Raises ``Invalid`` where the browser has an IP address of the ledger, ``Conflict`` for one key too many.
    """
    if not address.domain or address.domain.replace(".", "").isdigit() or ":" in address.domain:
        raise Invalid("browsers keep security keys for names, not for IP addresses", NAMED)
    challenge = token_bytes(CHALLENGE_BYTES)
    with database.transaction() as connection:
        account = account_of(connection, person)
        keys = list(queries("security_keys").keys_of(connection, person=account["person"]))
        if len(keys) >= KEYS_MAX:
            raise Conflict(f"you have {len(keys)} security keys", "Remove one that you use no longer.")
        keep_question(connection, challenge, account["person"], "add", at=at)
    options = generate_registration_options(
        rp_id=address.domain,
        rp_name="Lotwarden",
        user_name=account["person"],
        user_display_name=account["person"],
        user_id=account["person"].encode()[:64],
        challenge=challenge,
        timeout=int(ANSWERS_WITHIN.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(row["credential_id"])) for row in keys],
    )
    return options_to_json(options)


def add_key(database: Database, person: str, answer: KeyAnswer, name: str, *, session: str, at: datetime) -> list[str]:
    """Ask for this key from now on; gives recovery codes, to be shown once, if they are the first (else none).

    ``session``: the hash of the one in which the key is shown.
    Raises ``Invalid`` for what is no answer of a key, ``NotKnown`` for one to no open question, ``Conflict``.
    """
    try:
        credential = parse_registration_credential_json(answer.credential)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
    except UNREADABLE as error:
        raise Invalid("this is no answer of a security key", "Try again.") from error
    with database.transaction() as connection:
        question = take_question(connection, "add", challenge, at)
        account = account_of(connection, person)
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=answer.address.domain,
                expected_origin=answer.address.origin,
            )
        except UNREADABLE as error:
            raise Invalid("the answer of the security key does not verify", "Try again.") from error
        added = question["person"] == account["person"] and queries("security_keys").add_key(
            connection,
            person=account["person"],
            name=name.strip()[:80] or "security key",
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            domain=answer.address.domain,
            sign_count=verified.sign_count,
            at=at,
        )
        if not added:
            raise Conflict("this key belongs to an account already", "Use it, or take another one.")
        queries("accounts").second_factor_shown(connection, id_sha256=session)
        has_codes = account["totp_confirmed_at"] is not None or account["security_keys"]
        codes = [] if has_codes else new_recovery_codes(connection, account["person"])
        add_event(
            connection, actor=person, kind="security_key_added", subject=f"account:{account['person']}",
            data={"domain": answer.address.domain},
        )  # fmt: skip
    return codes


def remove_key(database: Database, person: str, key_id: int) -> None:
    """It counts no longer; the caller has seen the password and the second factor. Raises ``NotFound``."""
    with database.transaction() as connection:
        account = account_of(connection, person)
        if queries("security_keys").remove_key(connection, person=account["person"], id=key_id) is None:
            raise NotFound("you have no such security key", "It may have been removed already.")
        if account["security_keys"] == 1 and account["totp_confirmed_at"] is None:
            queries("accounts").forget_recovery_codes(connection, person=account["person"])
        add_event(connection, actor=person, kind="security_key_removed", subject=f"account:{account['person']}")


def ask_sign_in(
    database: Database, person: str, password: str, address: LedgerAddress, *, from_address: str, at: datetime
) -> str:
    """The question to the keys of whoever has proved the password: answering it signs them in.

    Raises ``NotKnown``, ``TooMany``, ``Conflict`` for somebody without a key.
    """
    account = prove_password(database, person, password, address=from_address, at=at)
    if account["one_time_until"] is not None:
        raise Conflict("this secret is good once", "Sign in with it, and choose a password.")
    with database.transaction() as connection:
        return ask_key(connection, account["person"], "sign in", address, at=at)


def sign_in_with_key(database: Database, answer: KeyAnswer, *, from_address: str, at: datetime) -> Session:
    """Begin a session: the password was proved when it was asked for. Raises ``NotKnown``."""
    with database.transaction() as connection:
        proof = proven_by_key(connection, "sign in", answer, at=at)
        account = account_of(connection, proof.person)
    check_open(account, at)
    return begin_session(database, account, from_address, at)


def ask_signature(
    database: Database,
    kind: RecordKind,
    seen: dict[str, str],
    *,
    meaning: Meaning,
    reason: str,
    address: LedgerAddress,
    at: datetime,
    actor: Actor,
) -> str:
    """The question to the keys of whoever signs: its challenge is the hash of exactly what was shown.

    Raises ``NotAllowed``, ``Invalid`` for a meaning that such records have not, ``Conflict`` without a key.
    """
    permission = permission_to_sign(kind, meaning)
    if permission is None:
        raise Invalid(f"nobody signs a record of this kind as {meaning}: {kind}", "Sign as review or responsibility.")
    require(actor, permission)
    text = text_to_sign(kind, seen, meaning=meaning, reason=reason, person=actor.name)
    with database.transaction() as connection:
        return ask_key(connection, actor.name, "sign", address, shown=text, at=at)
