"""Signing in, and who one is."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from cloud_sync.api.schemas.common import In, Name
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


class SessionOut(BaseModel):
    """A session that began. The cookie has its secret."""

    person: str
    csrf_token: str = Field(description="Send it as X-CSRF-Token with every change.")
    ends_at: datetime = Field(description="If nothing is asked until then.")


class RoleOut(BaseModel):
    """A role, and where."""

    role: Role
    site: str | None = Field(description="Null: everywhere.")


class MeOut(BaseModel):
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


class OfferOut(BaseModel):
    """What the authenticator app reads from a QR code."""

    uri: str


class RecoveryCodesOut(BaseModel):
    """Codes for the day the telephone is lost, each good once. They are shown this once."""

    recovery_codes: list[str]


class RolePermissionsOut(BaseModel):
    """A role and what it may do."""

    role: Role
    meaning: str
    permissions: list[Permission]


class AccountOut(BaseModel):
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
