"""Signing in, and who one is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from cloud_sync.api.schemas.common import In, Name, Reason, Schema
from cloud_sync.domain.accounts import PASSWORD_CHARACTERS_MAX
from cloud_sync.domain.roles import Permission, Role

Password = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=PASSWORD_CHARACTERS_MAX)]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]*$", min_length=6, max_length=40)]


class SignInIn(In):
    """Who signs in."""

    person: Name
    password: Password
    code: OneTimeCode | None = Field(None, description="Of the second factor, or a recovery code.")
    new_password: Password | None = Field(None, description="In place of a one-time secret.")


class SessionOut(Schema):
    """A session that began. The cookie has its secret."""

    person: str
    csrf_token: str = Field(description="Send it as X-CSRF-Token with every change.")
    ends_at: datetime = Field(description="If nothing is asked until then.")


class RoleOut(Schema):
    """A role, and where."""

    role: Role
    site: str | None = Field(description="Null: everywhere.")


class MeOut(Schema):
    """Who one is."""

    person: str
    printed_name: str
    roles: list[RoleOut]
    has_second_factor: bool
    ends_at: datetime = Field(description="When the session ends if nothing more is asked.")
    csrf_token: str


class ProofIn(In):
    """Proof that it is the person, at this very moment."""

    password: Password
    code: OneTimeCode | None = None


class PasswordIn(ProofIn):
    """Another password."""

    new_password: Password


class CodeIn(In):
    """A code of the authenticator app."""

    code: OneTimeCode


class OfferOut(Schema):
    """What the authenticator app reads from a QR code."""

    uri: str


class RecoveryCodesOut(Schema):
    """Codes for the day the telephone is lost, each good once. They are shown this once."""

    recovery_codes: list[str]


class RolePermissionsOut(Schema):
    """A role and what it may do."""

    role: Role
    meaning: str
    permissions: list[Permission]


class AccountIn(In):
    """A person and what they are trusted with."""

    person: Name = Field(description="How they are called, as on their badge.", examples=["amy"])
    printed_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] = Field(
        description="What stands under what they sign.", examples=["Amy Miller"]
    )
    roles: Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
    site: Name | None = Field(None, description="Their roles count at this site only.")
    owner: Name | None = Field(None, description="Whose stock they see: for the role owner.")
    expires_at: AwareDatetime | None = Field(None, description="Left out: until it is locked.")


class RoleIn(In):
    """A role, at one site or everywhere."""

    role: Role
    site: Name | None = None


class SecretOut(Schema):
    """A one-time secret, shown this once; good for 72 hours."""

    person: str
    one_time_secret: str


class AccountOut(Schema):
    """An account."""

    person: str
    printed_name: str
    roles: list[str]
    owner: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    locked_at: datetime | None
    locked_reason: str
    must_change: bool
    has_second_factor: bool
    seen_at: datetime | None


class ErasureIn(In):
    """Why a person is erased."""

    reason: Reason
    although_signed: bool = Field(False, description="Also if their name belongs to records that must still be kept.")


class ErasureOut(Schema):
    """How far it is."""

    person: str
    state: Literal["waits", "erased"]
    asked_by: str
    values: int = Field(description="Names and addresses that are kept until it is done.")
