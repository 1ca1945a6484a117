"""Questions to security keys and their answers (WebAuthn level 3), inside the caller's transaction."""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import Any

from cbor2 import CBORError
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import (
    generate_authentication_options,
    options_to_json,
    verify_authentication_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    verify_signature,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import ClientDataType, PublicKeyCredentialDescriptor, UserVerificationRequirement

from cloud_sync.domain.security_keys import (
    ANSWERS_WITHIN,
    CHALLENGE_BYTES,
    KeyAnswer,
    LedgerAddress,
    challenge_of,
    signed_text,
    signs,
)
from cloud_sync.errors import Conflict, NotKnown
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

UNREADABLE = (
    WebAuthnException, InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, TypeError, AttributeError,
    IndexError, EOFError, CBORError, struct.error,
)  # fmt: skip
"""What the libraries raise for bytes that no key of ours made."""
AGAIN = "Try again, with the key that you added to this account."


@dataclass(frozen=True, slots=True)
class KeyProof:
    """An answer that was right: whose, what was ``shown``, and what proves it."""

    person: str
    shown: str
    public_key: bytes
    client_data: bytes
    authenticator_data: bytes
    key_signature: bytes


def ask_key(
    connection: Connection, person: str, purpose: str, address: LedgerAddress, *, shown: str = "", at: datetime
) -> str:
    """The question for ``navigator.credentials.get``, as JSON. Raises ``Conflict`` for somebody without a key here."""
    keys = list(queries("security_keys").keys_of(connection, person=person))
    here = [row for row in keys if row["domain"] == address.domain]
    if not here:
        where = f" for {address.domain}" if keys else ""
        raise Conflict(f"{person} has no security key{where}", "Add one on your account's page, or type your password.")
    challenge = challenge_of(shown) if shown else token_bytes(CHALLENGE_BYTES)
    keep_question(connection, challenge, person, purpose, shown=shown, at=at)
    options = generate_authentication_options(
        rp_id=address.domain,
        challenge=challenge,
        timeout=int(ANSWERS_WITHIN.total_seconds() * 1000),
        allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(row["credential_id"])) for row in here],
        user_verification=(
            UserVerificationRequirement.REQUIRED if purpose == "sign" else UserVerificationRequirement.PREFERRED
        ),
    )
    return options_to_json(options)


def keep_question(
    connection: Connection, challenge: bytes, person: str, purpose: str, *, shown: str = "", at: datetime
) -> None:
    """Remember what was asked, for some minutes."""
    queries("security_keys").forget_questions(connection, before=at - ANSWERS_WITHIN)
    queries("security_keys").ask(connection, challenge=challenge, person=person, purpose=purpose, shown=shown, at=at)


def text_to_sign(kind: str, seen: Mapping[str, str], *, meaning: str, reason: str, person: str) -> str:
    """What a person is asked to sign, made so that no answer fits twice."""
    return signed_text(kind, seen, meaning=meaning, reason=reason, person=person, nonce=token_hex(CHALLENGE_BYTES))


def take_question(connection: Connection, purpose: str, challenge: bytes, at: datetime) -> Row:
    """The question that is answered, which is then none any longer. Raises ``NotKnown``."""
    row: Row | None = queries("security_keys").take_question(connection, challenge=challenge, purpose=purpose)
    if row is None or row["asked_at"] + ANSWERS_WITHIN <= at:
        raise NotKnown("this answer of a security key comes too late, or was used before", AGAIN)
    return row


def proven_by_key(connection: Connection, purpose: str, answer: KeyAnswer, *, at: datetime) -> KeyProof:
    """Whose key answered a question of this purpose. Raises ``NotKnown`` unless the answer is genuine and new.

    To sign, the key must have verified its person (by a PIN or a finger): it stands for the password, too.
    """
    try:
        credential = parse_authentication_credential_json(answer.credential)
        client_data = parse_client_data_json(credential.response.client_data_json)
    except UNREADABLE as error:
        raise NotKnown("this is no answer of a security key", AGAIN) from error
    question = take_question(connection, purpose, client_data.challenge, at)
    key: Row | None = queries("security_keys").key_of_credential(connection, credential_id=credential.raw_id)
    if key is None or key["person"] != question["person"] or key["domain"] != answer.address.domain:
        raise NotKnown("this security key does not belong to this account", AGAIN)
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=client_data.challenge,
            expected_rp_id=key["domain"],
            expected_origin=answer.address.origin,
            credential_public_key=bytes(key["public_key"]),
            credential_current_sign_count=key["sign_count"],
            require_user_verification=purpose == "sign",
        )
    except UNREADABLE as error:
        raise NotKnown("the answer of the security key does not verify", AGAIN) from error
    queries("security_keys").key_used(connection, id=key["id"], sign_count=verified.new_sign_count, at=at)
    return KeyProof(
        key["person"], question["shown"], bytes(key["public_key"]), credential.response.client_data_json,
        credential.response.authenticator_data, credential.response.signature,
    )  # fmt: skip


def is_signed_by_key(row: Row) -> bool:
    """Whether what a key answered proves this signature: it signed the hash of what was shown, and that names the
    record as it was signed. Where that text went with erased words, only that the key signed something is left."""
    if row["shown"] is None:
        return False
    is_erased = row["erasure_id"] is not None and row["shown"] == "erased"
    about = {name: row[name] for name in ("record_id", "record_sha256", "meaning", "reason", "person")}
    client_data, authenticator_data = bytes(row["client_data"]), bytes(row["authenticator_data"])
    try:
        asked = parse_client_data_json(client_data)
        cose = decode_credential_public_key(bytes(row["public_key"]))
        is_verified = parse_authenticator_data(authenticator_data).flags.uv
        is_about = is_erased or signs(row["shown"], kind=row["record_kind"], **about)
        verify_signature(
            public_key=decoded_public_key_to_cryptography(cose), signature_alg=cose.alg,
            signature=bytes(row["key_signature"]), data=authenticator_data + sha256(client_data).digest(),
        )  # fmt: skip
    except UNREADABLE:
        return False
    is_get = asked.type == ClientDataType.WEBAUTHN_GET
    is_asked = is_erased or asked.challenge == challenge_of(row["shown"])
    return is_get and is_verified and is_about and is_asked


def same_text(shown: str, **said: Any) -> bool:
    """Whether what was shown to the key is what is signed now."""
    return shown == signed_text(**said, nonce=json.loads(shown)["nonce"])
