"""Signing in by an identity provider: it says who somebody is; accounts, second factors and roles stay the ledger's.

An identity (issuer and subject) belongs to an account once its person has shown the account's own password after coming
back from the provider. Signatures ask for that password, too: a session of the provider signs nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.actions.people.accounts import account_of
from cloud_sync.actions.people.identity_provider import authorization_url, endpoints_of, subject_of
from cloud_sync.actions.people.sessions import (
    Session,
    begin_session,
    check_open,
    digest_of,
    has_second_factor,
    prove,
    prove_code,
)
from cloud_sync.domain.oidc import RETURNS_WITHIN, OidcSettings
from cloud_sync.domain.security_keys import KeyAnswer, LedgerAddress
from cloud_sync.errors import Conflict, Invalid, NotKnown
from cloud_sync.posting.security_keys import ask_key, proven_by_key
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

AGAIN = "Begin again: sign in."


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a browser is sent, and the secret that it keeps as a cookie."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody came back. ``session`` is None until they have shown a ``code``, or an account of theirs (``links``)."""

    next: str
    session: Session | None = None
    asks_code: bool = False
    links: bool = False


def begin(database: Database, settings: OidcSettings, next_page: str, *, at: datetime) -> Sent:
    """Send a browser to the provider. Raises ``Conflict`` if that does not answer."""
    endpoint = endpoints_of(settings)["authorization_endpoint"]
    state, nonce, verifier, secret = (secrets.token_urlsafe(32) for _ in range(4))
    with database.transaction() as connection:
        queries("identities").forget_old(connection, before=at - RETURNS_WITHIN)
        queries("identities").begin_request(
            connection, state_digest=digest_of(state), browser_digest=digest_of(secret), nonce=nonce,
            verifier=verifier, next=next_page, at=at,
        )  # fmt: skip
    return Sent(authorization_url(endpoint, settings, state=state, nonce=nonce, verifier=verifier), secret)


def arrive(
    database: Database, settings: OidcSettings, *, state: str, code: str, secret: str, address: str, at: datetime
) -> Arrived:
    """A browser came back. Raises ``NotKnown`` unless it is the one that was sent, and the provider says who it is."""
    with database.transaction() as connection:
        row = queries("identities").take_request(connection, state_digest=digest_of(state))
    is_ours = row is not None and row["browser_sha256"] == digest_of(secret) and row["begun_at"] + RETURNS_WITHIN > at
    if row is None or not is_ours:
        raise NotKnown("this answer is not to a question of this browser, or comes too late", AGAIN)
    subject = subject_of(settings, code, verifier=row["verifier"], nonce=row["nonce"], at=at)
    with database.transaction() as connection:
        person = queries("identities").person_of_identity(connection, issuer=settings.issuer, subject=subject)
        account = account_of(connection, person) if person else None
        if account is not None:
            check_open(account, at)
        if account is None or has_second_factor(account):
            queries("identities").note_arrival(
                connection, browser_digest=row["browser_sha256"], issuer=settings.issuer, subject=subject,
                next=row["next"], at=at,
            )  # fmt: skip
            return Arrived(row["next"], asks_code=account is not None, links=account is None)
    return Arrived(row["next"], begin_session(database, account, address, at, by=settings.issuer))


def show_code(database: Database, *, secret: str, code: str, address: str, at: datetime) -> Arrived:
    """The second factor of whoever came back. Raises ``NotKnown``, ``TooMany``."""
    arrival = _arrival(database, secret, at)
    with database.transaction() as connection:
        person = _person_of(connection, arrival)
    account = prove_code(database, person, code, address=address, at=at)
    return _signed_in(database, account, arrival, secret, address, at)


def ask_key_of(database: Database, *, secret: str, address: LedgerAddress, at: datetime) -> str:
    """The question to the security keys of whoever came back. Raises ``NotKnown``, ``Conflict`` without a key here."""
    arrival = _arrival(database, secret, at)
    with database.transaction() as connection:
        return ask_key(connection, _person_of(connection, arrival), "sign in", address, at=at)


def show_key(database: Database, *, secret: str, answer: KeyAnswer, from_address: str, at: datetime) -> Arrived:
    """What the key of whoever came back answered. Raises ``NotKnown``."""
    arrival = _arrival(database, secret, at)
    with database.transaction() as connection:
        person = _person_of(connection, arrival)
        if proven_by_key(connection, "sign in", answer, at=at).person != person:
            raise NotKnown("this security key is somebody else's", AGAIN)
        account = account_of(connection, person)
    check_open(account, at)
    return _signed_in(database, account, arrival, secret, from_address, at)


def link(
    database: Database, *, secret: str, person: str, password: str, code: str | None, address: str, at: datetime
) -> Arrived:
    """Whoever came back shows which account is theirs, by its own password (and code): from now on it is linked.

    Raises ``NotKnown``, ``TooMany``, ``Conflict`` if the identity is somebody's, ``Invalid`` for a one-time secret.
    """
    arrival = _arrival(database, secret, at)
    account = prove(database, person, password=password, code=code, address=address, at=at)
    if account["one_time_until"] is not None:
        raise Invalid("this secret is good once", "Sign in with it and choose a password first, then link.")
    with database.transaction() as connection:
        _link(connection, arrival, account["person"], at)
    return _signed_in(database, account, arrival, secret, address, at)


def unlink(database: Database, person: str, *, reason: str, actor: str) -> int:
    """Let somebody sign in by password only; gives how many identities that were. Raises ``NotFound``."""
    with database.transaction() as connection:
        name = account_of(connection, person)["person"]
        count: int = queries("identities").unlink_identities(connection, person=name)
        if count:
            add_event(connection, actor=actor, kind="identity_unlinked", subject=f"account:{name}", reason=reason)
        return count


def _person_of(connection: Connection, arrival: Row) -> str:
    person: str | None = queries("identities").person_of_identity(
        connection, issuer=arrival["issuer"], subject=arrival["subject"]
    )
    if person is None:
        raise NotKnown("this identity belongs to no account", AGAIN)
    return person


def _link(connection: Connection, arrival: Row, person: str, at: datetime) -> None:
    issuer, subject = arrival["issuer"], arrival["subject"]
    if not queries("identities").link_identity(connection, issuer=issuer, subject=subject, person=person, at=at):
        if queries("identities").person_of_identity(connection, issuer=issuer, subject=subject) == person:
            return
        raise Conflict("this identity belongs to another account", "Ask an administrator to unlink it there.")
    # Which subject it is stands in the table alone, so that it can be erased.
    add_event(connection, actor=person, kind="identity_linked", subject=f"account:{person}", data={"issuer": issuer})


def _signed_in(database: Database, account: Row, arrival: Row, secret: str, address: str, at: datetime) -> Arrived:
    with database.transaction() as connection:
        queries("identities").end_arrival(connection, browser_digest=digest_of(secret))
    return Arrived(arrival["next"], begin_session(database, account, address, at, by=arrival["issuer"]))


def _arrival(database: Database, secret: str, at: datetime) -> Row:
    with database.transaction() as connection:
        row: Row | None = queries("identities").arrival(
            connection, browser_digest=digest_of(secret), after=at - RETURNS_WITHIN
        )
    if row is None:
        raise NotKnown("this browser has not come back from the identity provider, or too long ago", AGAIN)
    return row
