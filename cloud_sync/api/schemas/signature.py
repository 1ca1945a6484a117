"""Records that are signed, and signatures."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from cloud_sync.api.schemas.account import OneTimeCode, Password
from cloud_sync.api.schemas.common import In, Reason, Schema
from cloud_sync.domain.signatures import Meaning, RecordKind

RecordId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=120)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", min_length=1, max_length=20_000)]


class KeyResponseIn(In):
    """What a security key signed."""

    clientDataJSON: Base64Url  # noqa: N815 - as WebAuthn spells it
    authenticatorData: Base64Url  # noqa: N815
    signature: Base64Url


class KeyAnswerIn(In):
    """What a security key answered, as `navigator.credentials.get` gives it, in JSON."""

    id: Base64Url
    rawId: Base64Url  # noqa: N815
    type: Literal["public-key"]
    response: KeyResponseIn


class SignatureIn(In):
    """A signature, with the proof who signs: a password (and code), or what a security key answered."""

    password: Password | None = None
    code: OneTimeCode | None = None
    credential: KeyAnswerIn | None = Field(None, description="The answer to `POST /v1/signatures/question`.")

    kind: RecordKind
    id: RecordId
    sha256_seen: Sha256 = Field(description="The hash that was shown with the record.")
    meaning: Meaning
    reason: Reason


class SignatureOut(Schema):
    """Who signed what as what, when."""

    id: int
    record_kind: RecordKind
    record_id: str
    record_sha256: str
    meaning: Meaning
    person: str
    printed_name: str
    proof: Literal["password", "password and code", "security key"]
    reason: str
    signed_at: datetime
    sha256: str
    covers: bool = Field(description="The record is still as it was signed.")
    decided_since: bool = Field(description="It is as it was signed, but for the decision made on it since.")
    intact: bool = Field(description="The signature is of this record, person, meaning and time.")
    erasure: int | None = Field(
        None,
        description="Words were erased from what was signed, with the hashes that were made of them: the erasure.",
    )
    otherwise_as_signed: bool = Field(
        False, description="But for the erased words and the decision made on it since, the record is as it was signed."
    )


class SignableOut(Schema):
    """A record as it is now, and what was signed of it."""

    kind: RecordKind
    id: str
    record: dict[str, Any]
    sha256: str
    signatures: list[SignatureOut]


class SecondSignatureRuleOut(Schema):
    """When a release takes the signatures of two people."""

    name: str
    meaning: str
    from_value: float | None = Field(description="Null: never.")
    changed_by: str
    changed_reason: str
