"""Security keys: questions to them, and their answers (WebAuthn level 3, sections 5.1 and 5.4 in JSON)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from cloud_sync.api.schemas.account import Password
from cloud_sync.api.schemas.common import In, Name, Reason, Schema
from cloud_sync.api.schemas.signature import Base64Url, KeyAnswerIn, RecordId, Sha256
from cloud_sync.domain.signatures import Meaning, RecordKind


class KeyQuestionOut(Schema):
    """What `navigator.credentials` is asked with, in JSON; binary values in base64url."""

    model_config = ConfigDict(extra="allow")

    challenge: str


class PasswordProvedIn(In):
    """Who signs in, before their key is asked."""

    person: Name
    password: Password


class KeySignInIn(In):
    """What the key answered."""

    credential: KeyAnswerIn


class NewKeyResponseIn(In):
    """What a new key gives."""

    clientDataJSON: Base64Url  # noqa: N815 - as WebAuthn spells it
    attestationObject: Base64Url  # noqa: N815


class NewKeyCredentialIn(In):
    """A new key, as `navigator.credentials.create` gives it."""

    id: Base64Url
    rawId: Base64Url  # noqa: N815
    type: Literal["public-key"]
    response: NewKeyResponseIn


class NewKeyIn(In):
    """A new key, and how its owner calls it."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=80)] = Field(
        examples=["blue key"]
    )
    credential: NewKeyCredentialIn


class KeyOut(Schema):
    """A security key of the person who asks."""

    id: int
    name: str
    domain: str = Field(description="The name of the ledger for which it signs.")
    added_at: datetime
    used_at: datetime | None


class SignatureQuestionIn(In):
    """What somebody is about to sign with a security key."""

    kind: RecordKind
    id: RecordId
    sha256_seen: Sha256 = Field(description="The hash that was shown with the record.")
    meaning: Meaning
    reason: Reason
