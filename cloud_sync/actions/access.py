"""Who is asking: tokens, and what their roles may do."""

import hashlib
import secrets

from cloud_sync.domain.roles import Actor, Duty, Role
from cloud_sync.errors import Conflict, NotAllowed, NotFound, NotKnown
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

CONSOLE = "command line"
"""Actor of what is done with ``cloud-sync`` on the ledger's own machine."""


def create_token(database: Database, name: str, role: Role, *, person: str | None = None, actor: str = CONSOLE) -> str:
    """A new token, to be shown once: the ledger keeps only its digest. Raises ``Conflict`` if the name is taken.

    ``person`` is whose it is, as they are called at docks as well; the name of the token if that is not said.
    """
    token = f"lw_{secrets.token_urlsafe(32)}"
    with database.transaction() as connection:
        if not queries("access").add_token(
            connection, name=name, person=person or name, role=role, token_sha256=_digest(token)
        ):
            raise Conflict(
                f"there is a token {name} already", "Choose another name: names stay in the history, even revoked."
            )
        add_event(
            connection,
            actor=actor,
            kind="token_created",
            subject=f"token:{name}",
            data={"role": role, "person": person or name},
        )
    return token


def revoke_token(database: Database, name: str, *, actor: str = CONSOLE) -> None:
    """End a token at once. Raises ``NotFound`` if there is none by that name that is still good."""
    with database.transaction() as connection:
        if not queries("access").revoke_token(connection, name=name):
            raise NotFound(f"there is no valid token {name}", "See: cloud-sync token list")
        add_event(connection, actor=actor, kind="token_revoked", subject=f"token:{name}")


def list_tokens(database: Database) -> list[Row]:
    """Every token ever made: name, role, created_at, revoked_at."""
    with database.transaction() as connection:
        return list(queries("access").tokens(connection))


def actor_of(database: Database, token: str) -> Actor:
    """Who holds ``token``. Raises ``NotKnown``."""
    with database.transaction() as connection:
        row = queries("access").token_by_digest(connection, token_sha256=_digest(token))
    if row is None:
        raise NotKnown("this token is unknown or revoked")
    return Actor(row["person"], Role(row["role"]), token=row["name"])


def require(actor: Actor, duty: Duty) -> None:
    """Raise ``NotAllowed`` unless the actor's role covers ``duty``."""
    if not actor.may(duty):
        raise NotAllowed(f"{actor.name} has the role {actor.role}, which may not {duty}")


def _digest(token: str) -> str:
    # Tokens are 256 random bits: a plain hash cannot be guessed backwards, and can be looked up.
    return hashlib.sha256(token.encode()).hexdigest()
