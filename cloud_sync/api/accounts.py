"""Accounts of people, as administrators keep them."""

from typing import Any

from fastapi import APIRouter

from cloud_sync.actions.people import administration, erasure
from cloud_sync.api.access import AccessGiver, ApiRoute, Ledger, Now
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.account import AccountIn, ErasureIn, ErasureOut, RoleIn, SecretOut
from cloud_sync.api.schemas.common import Name
from cloud_sync.api.schemas.gateway import RevokeIn

router = APIRouter(tags=["people"], route_class=ApiRoute, responses=answers(404, 409))


@router.post("/accounts", summary="Open an account", status_code=201, response_model=SecretOut)
def open_account(said: AccountIn, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """An account for one person. The one-time secret is shown this once; they choose a password when they sign in."""
    secret = administration.open_account(
        database,
        said.person,
        said.printed_name,
        said.roles,
        site=said.site,
        owner=said.owner,
        expires_at=said.expires_at,
        at=now,
        actor=actor,
    )
    return {"person": said.person, "one_time_secret": secret}


@router.post("/accounts/{person}/lock", summary="Lock an account", status_code=204)
def lock_account(person: Name, why: RevokeIn, database: Ledger, now: Now, actor: AccessGiver) -> None:
    """End its sessions, and let nobody sign in with it."""
    administration.lock(database, person, reason=why.reason, at=now, actor=actor)


@router.post("/accounts/{person}/unlock", summary="Unlock an account", status_code=204)
def unlock_account(person: Name, why: RevokeIn, database: Ledger, actor: AccessGiver) -> None:
    """Let them sign in again."""
    administration.unlock(database, person, reason=why.reason, actor=actor)


@router.post("/accounts/{person}/reset", summary="Give another one-time secret", response_model=SecretOut)
def reset_account(person: Name, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """Their password, second factor and sessions end."""
    return {"person": person, "one_time_secret": administration.reset(database, person, at=now, actor=actor)}


@router.post("/accounts/{person}/roles", summary="Give a role", status_code=204)
def grant_role(person: Name, said: RoleIn, database: Ledger, actor: AccessGiver) -> None:
    """Trust a person with a role, at one site or everywhere. Nobody gives one to themselves."""
    administration.grant(database, person, said.role, site=said.site, actor=actor)


@router.post("/accounts/{person}/roles/withdraw", summary="Take a role back", status_code=204)
def withdraw_role(person: Name, said: RoleIn, database: Ledger, actor: AccessGiver) -> None:
    """Take it back where it was given: at one site, or everywhere."""
    administration.withdraw(database, person, said.role, site=said.site, actor=actor)


@router.post("/accounts/{person}/identities/unlink", summary="Unlink an identity", status_code=204)
def unlink_identities(person: Name, why: RevokeIn, database: Ledger, actor: AccessGiver) -> None:
    """They sign in by password only, until they link an identity of the provider again."""
    administration.unlink(database, person, reason=why.reason, actor=actor)


@router.post("/accounts/{person}/erase", summary="Erase a person", response_model=ErasureOut)
def erase_person(person: Name, said: ErasureIn, database: Ledger, now: Now, actor: AccessGiver) -> Any:
    """Ask for it, or do what another one asked for: two people erase.

    Their full name and the addresses they signed in from go, with their account's password, roles, sessions and tokens.
    What was sealed still fits: it holds salted hashes of these. Their short name stays in the events.
    """
    return erasure.erase(
        database, person, reason=said.reason, although_signed=said.although_signed, at=now, actor=actor.name
    )
