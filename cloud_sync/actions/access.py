"""Who is asking: tokens, and what their roles may do."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from cloud_sync.domain.roles import TO_LOOK, Actor, Permission, Role, Sites
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound, NotKnown
from cloud_sync.storage.database import Connection, Database, Row, alone
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

CONSOLE = "command line"
"""Actor of what is done with ``cloud-sync`` on the ledger's own machine."""


def create_token(
    database: Database,
    name: str,
    role: Role,
    *,
    person: str | None = None,
    site: str | None = None,
    owner: str | None = None,
    expires_at: datetime | None = None,
    actor: str = CONSOLE,
) -> str:
    """A new token, to be shown once: the ledger keeps only its digest. Raises ``Conflict`` if the name is taken.

    ``person`` is whose it is, as they are called at docks as well; the name of the token if that is not said. ``site``:
    it acts there only. ``owner``: whose stock it sees, for the role owner and no other.
    """
    check_owner((role,), owner)
    token = _new_token()
    with database.transaction() as connection:
        if not queries("access").add_token(
            connection,
            name=name,
            person=person or name,
            role=role,
            site=site_id(connection, site),
            owner=owner,
            expires_at=expires_at,
            token_sha256=_digest(token),
        ):
            raise Conflict(
                f"there is a token {name} already", "Choose another name: names stay in the history, even revoked."
            )
        data = {"role": role, "person": person or name, "site": site, "owner": owner,
                "expires_at": expires_at and expires_at.isoformat()}  # fmt: skip
        add_event(connection, actor=actor, kind="token_created", subject=f"token:{name}", data=data)
    return token


def rotate_token(database: Database, name: str, *, old_until: datetime, actor: str = CONSOLE) -> str:
    """Another secret for a token, to be shown once; the old one is good until then. Raises ``NotFound``."""
    token = _new_token()
    with database.transaction() as connection:
        if not queries("access").rotate_token(
            connection, name=name, token_sha256=_digest(token), previous_until=old_until
        ):
            raise NotFound(f"there is no valid token {name}", "See: cloud-sync token list")
        add_event(connection, actor=actor, kind="token_rotated", subject=f"token:{name}",
                  data={"old_until": old_until.isoformat()})  # fmt: skip
    return token


def revoke_token(database: Database, name: str, *, actor: str = CONSOLE) -> None:
    """End a token at once. Raises ``NotFound`` if there is none by that name that is still good."""
    with database.transaction() as connection:
        revoke_token_in(connection, name, actor=actor)


def revoke_token_in(connection: Connection, name: str, *, actor: str) -> None:
    """:func:`revoke_token` in the caller's transaction."""
    if not queries("access").revoke_token(connection, name=name):
        raise NotFound(f"there is no valid token {name}", "See: cloud-sync token list")
    add_event(connection, actor=actor, kind="token_revoked", subject=f"token:{name}")


def list_tokens(database: Database) -> list[Row]:
    """Every token ever made: name, person, role, site, owner, created_at, expires_at, revoked_at."""
    with database.transaction() as connection:
        return list(queries("access").tokens(connection))


def actor_of(database: Database, token: str) -> Actor:
    """Who holds ``token``. Raises ``NotKnown``."""
    with database.transaction() as connection, alone(connection):
        row = queries("access").token_by_digest(connection, token_sha256=_digest(token))
    if row is None:
        raise NotKnown("this token is unknown, revoked or expired")
    sites = None if row["site"] is None else frozenset({row["site"]})
    permissions: dict[Permission, Sites] = {Permission(each): sites for each in row["permissions"]}
    role = Role(row["role"])
    untrained = {role: row["untrained"]} if row["untrained"] else {}
    if untrained:
        permissions = {each: sites for each, sites in permissions.items() if each in TO_LOOK}
    return Actor(row["person"], (role,), permissions, token=row["name"], owner=row["owner"], untrained=untrained)


def actor_in_roles(database: Database, name: str, *roles: Role) -> Actor:
    """Somebody with these roles everywhere, whom the caller knows."""
    with database.transaction() as connection:
        rows = queries("access").permissions_of_roles(connection, roles=list(roles))
    return Actor(name, roles, {Permission(row["permission"]): None for row in rows})


def who_may(database: Database, permission: Permission) -> str:
    """Whom to ask for what one may not do oneself."""
    with database.transaction() as connection:
        roles = [row["role"] for row in queries("access").roles_that_may(connection, permission=permission)]
    *others, last = roles or [Role.ADMINISTRATOR]
    return f"Ask somebody with the role {', '.join(others)}{' or ' if others else ''}{last}."


def role_table(database: Database) -> list[Row]:
    """Every role: role, meaning, permissions."""
    with database.transaction() as connection:
        return list(queries("access").role_table(connection))


def require(actor: Actor, permission: Permission) -> None:
    """Raise ``NotAllowed`` unless a role of theirs has the permission, at some site."""
    if not actor.may(permission):
        raise NotAllowed(actor.why_not(permission), actor.who_to_ask)


def check_owner(roles: Sequence[Role], owner: str | None) -> None:
    """Raise ``Invalid`` unless an owner is named for the role owner and only there."""
    if (Role.OWNER in roles) != (owner is not None):
        raise Invalid("the role owner goes with the name of an owner", "Give --role owner together with --owner NAME.")
    if Role.OWNER in roles and len(roles) > 1:
        raise Invalid("an owner has no other role", "Make another account or token for the other role.")


def site_id(connection: Connection, name: str | None) -> int | None:
    """The id of a site; None for None. Raises ``NotFound``, ``Invalid`` if that place is none."""
    if name is None:
        return None
    row = queries("accounts").site_by_name(connection, name=name)
    if row is None:
        raise NotFound(f"there is no place {name}", "See GET /v1/places for those there are.")
    if row["kind"] != "site":
        raise Invalid(f"{name} is a {row['kind']}, not a site", "Name the site that it belongs to.")
    return int(row["id"])


def _new_token() -> str:
    return f"lw_{secrets.token_urlsafe(32)}"


def _digest(token: str) -> str:
    # Tokens are 256 random bits: a plain hash cannot be guessed backwards, and can be looked up.
    return hashlib.sha256(token.encode()).hexdigest()
