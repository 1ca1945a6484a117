"""Accounts as an administrator keeps them from a browser or a program: nobody gives access to themselves."""

from collections.abc import Sequence
from datetime import datetime

from cloud_sync.actions.people import accounts, single_sign_on
from cloud_sync.domain.roles import Actor, Role
from cloud_sync.errors import NotAllowed
from cloud_sync.storage.database import Database


def open_account(
    database: Database,
    person: str,
    printed_name: str,
    roles: Sequence[Role],
    *,
    site: str | None = None,
    owner: str | None = None,
    expires_at: datetime | None = None,
    at: datetime,
    actor: Actor,
) -> str:
    """A new account and its one-time secret. Raises what :func:`accounts.add_account` raises."""
    return accounts.add_account(
        database, person, printed_name, roles, at=at, site=site, owner=owner, expires_at=expires_at, actor=actor.name
    )


def lock(database: Database, person: str, *, reason: str, at: datetime, actor: Actor) -> None:
    """Let nobody sign in with it. Raises ``NotFound``, ``NotAllowed`` for one's own."""
    _check_other(person, actor)
    accounts.lock_account(database, person, reason=reason, at=at, actor=actor.name)


def unlock(database: Database, person: str, *, reason: str, actor: Actor) -> None:
    """Let them sign in again. Raises ``NotFound``, ``NotAllowed`` for one's own."""
    _check_other(person, actor)
    accounts.unlock_account(database, person, reason=reason, actor=actor.name)


def reset(database: Database, person: str, *, at: datetime, actor: Actor) -> str:
    """Another one-time secret. Raises ``NotFound``, ``NotAllowed`` for one's own."""
    _check_other(person, actor)
    return accounts.reset_account(database, person, at=at, actor=actor.name)


def grant(database: Database, person: str, role: Role, *, site: str | None, actor: Actor) -> None:
    """Trust a person with a role. Raises ``NotFound``, ``Invalid``, ``Conflict``, ``NotAllowed`` for oneself."""
    _check_other(person, actor)
    accounts.grant_role(database, person, role, site=site, actor=actor.name)


def withdraw(database: Database, person: str, role: Role, *, site: str | None, actor: Actor) -> None:
    """Take a role back. Raises ``NotFound``, ``NotAllowed`` for one's own."""
    _check_other(person, actor)
    accounts.withdraw_role(database, person, role, site=site, actor=actor.name)


def unlink(database: Database, person: str, *, reason: str, actor: Actor) -> None:
    """Let them sign in by password only. Raises ``NotFound``, ``NotAllowed`` for one's own."""
    _check_other(person, actor)
    single_sign_on.unlink(database, person, reason=reason, actor=actor.name)


def _check_other(person: str, actor: Actor) -> None:
    if person.lower() == actor.name.lower():
        raise NotAllowed("nobody changes their own access", "Ask another administrator, or use cloud-sync account.")
