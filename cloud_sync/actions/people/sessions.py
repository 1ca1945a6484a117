"""Signing in: a password, a code where the person has a second factor, and a session that ends by itself."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.actions.people.accounts import CHOOSE_PASSWORD, change_password
from cloud_sync.actions.people.passwords import fits
from cloud_sync.domain.accounts import (
    ADDRESS_WINDOW,
    ATTEMPTS_OF_ADDRESS_MAX,
    ATTEMPTS_REMEMBERED,
    SESSION_IDLE_MAX,
    SESSION_MAX,
    SESSIONS_MAX,
    wait_after,
)
from cloud_sync.domain.personal_data import PersonalField
from cloud_sync.domain.roles import TO_LOOK, Actor, Permission, Role, Sites
from cloud_sync.domain.totp import step_of_code
from cloud_sync.errors import Invalid, NotKnown, SecondFactorMissing, TooMany
from cloud_sync.posting.personal_data import keep_apart
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

SIGN_IN = "Sign in again: POST /v1/sessions."
IS_ONE_TIME = "this secret is good once"
WRONG = "the name or the password is wrong"
TRY_AGAIN = "Check both. If you forgot the password, ask an administrator for: cloud-sync account reset NAME."
NOTED_EVERY = timedelta(seconds=60)
"""How often a session in use is written down."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has just begun. ``secret`` goes into the cookie and nowhere else."""

    secret: str
    person: str
    ends_at: datetime

    @property
    def csrf_token(self) -> str:
        """See :func:`csrf_of`."""
        return csrf_of(self.secret)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who signed in, as a request shows them."""

    actor: Actor
    printed_name: str
    has_second_factor: bool
    ends_at: datetime
    id_sha256: str
    csrf_token: str
    roles: tuple[Row, ...]
    """``role``, and ``site_name`` where it is bound to one."""


def sign_in(
    database: Database,
    person: str,
    password: str,
    *,
    code: str | None = None,
    new_password: str | None = None,
    address: str,
    at: datetime,
) -> Session:
    """Begin a session. ``code``: of the second factor, or a recovery code. ``new_password`` replaces a one-time secret.

    Raises ``NotKnown`` for a wrong name, password or code, or an account that is locked or over; ``TooMany`` while the
    wrong ones before make it wait; ``Invalid`` where a one-time secret has to be changed.
    """
    account = prove(database, person, password=password, code=code, address=address, at=at)
    if account["one_time_until"] is not None:
        if account["one_time_until"] <= at:
            raise NotKnown(
                "this one-time secret is too old", "Ask an administrator for: cloud-sync account reset NAME."
            )
        if new_password is None:
            raise Invalid(IS_ONE_TIME, f"Send new_password with it. {CHOOSE_PASSWORD}")
    if new_password is not None:
        change_password(database, account["person"], new_password, at=at)
    return begin_session(database, account, address, at)


def prove(
    database: Database,
    person: str,
    *,
    password: str | None = None,
    code: str | None = None,
    key_was_shown: bool = False,
    address: str,
    at: datetime,
) -> Row:
    """The account of somebody who proves to be that person: by the password, and the code if they have a second factor.

    With ``key_was_shown`` (when this session began) whoever has security keys only needs no code. The attempt counts
    before it is looked at, and is forgotten if it was right. Raises ``NotKnown``, ``SecondFactorMissing``, ``TooMany``.
    """
    account, attempt = _proved_password(database, person, password, address, at)
    asks_code = account["totp_confirmed_at"] is not None or (account["security_keys"] and not key_was_shown)
    if asks_code and code is None:
        with database.transaction() as connection:
            queries("accounts").forget_attempt(connection, id=attempt)
        raise _missing(account)
    with database.transaction() as connection:
        if asks_code and not uses_code(connection, account, code or "", at):
            raise NotKnown("this code is wrong, or was used before", "Wait for the next one, and try again.")
        queries("accounts").forget_attempts(connection, person=person.lower())
    return account


def prove_password(database: Database, person: str, password: str, *, address: str, at: datetime) -> Row:
    """The account of somebody who knows the password, before they show their second factor. Raises as ``prove``."""
    account, attempt = _proved_password(database, person, password, address, at)
    with database.transaction() as connection:
        queries("accounts").forget_attempt(connection, id=attempt)
    return account


def has_second_factor(account: Row) -> bool:
    """Whether the password alone does not do."""
    return account["totp_confirmed_at"] is not None or account["security_keys"] > 0


def _proved_password(
    database: Database, person: str, password: str | None, address: str, at: datetime
) -> tuple[Row, int]:
    attempt = _count_attempt(database, person, address, at)
    with database.transaction() as connection:
        account: Row | None = queries("accounts").account(connection, person=person)
    is_right = fits(password or "", account["password_hash"] if account else None)
    if account is None or not is_right:
        raise NotKnown(WRONG, TRY_AGAIN)
    check_open(account, at)
    return account, attempt


def _missing(account: Row) -> SecondFactorMissing:
    if account["totp_confirmed_at"] is None:
        return SecondFactorMissing(
            "your security key is missing", "Use it, or send code: a recovery code.", has_key=True
        )
    return SecondFactorMissing(
        "the code of your second factor is missing", "Send code: the six digits, or a recovery code.",
        has_key=account["security_keys"] > 0,
    )  # fmt: skip


def prove_code(database: Database, person: str, code: str, *, address: str, at: datetime) -> Row:
    """The account of somebody whom an identity provider has proved, once the code of their second factor is right.

    Raises ``NotKnown``, ``TooMany``.
    """
    _count_attempt(database, person, address, at)
    with database.transaction() as connection:
        account: Row | None = queries("accounts").account(connection, person=person)
        if account is None:
            raise NotKnown(WRONG, TRY_AGAIN)
        check_open(account, at)
        if not has_second_factor(account) or not uses_code(connection, account, code, at):
            raise NotKnown("this code is wrong, or was used before", "Wait for the next one, and try again.")
        queries("accounts").forget_attempts(connection, person=person.lower())
    return account


def guest_of(database: Database, secret: str, at: datetime) -> Guest:
    """Whose session this is. Raises ``NotKnown`` if it is unknown or over, or its account is."""
    digest = digest_of(secret)
    with database.transaction() as connection:
        accounts = queries("accounts")
        row = accounts.session(
            connection, id_sha256=digest, used_after=at - SESSION_IDLE_MAX, began_after=at - SESSION_MAX, at=at
        )
        if row is None:
            raise NotKnown("your session is over", SIGN_IN)
        roles = tuple(accounts.roles_of(connection, person=row["person"]))
        waiting = queries("training").untrained(connection, person=row["person"], at=at)
        untrained = {Role(each["role"]): each["procedures"] for each in waiting}
        permissions = permissions_of(connection, row["person"], untrained)
        if at - row["used_at"] > NOTED_EVERY:
            accounts.use_session(connection, id_sha256=digest, at=at)
    named = tuple(dict.fromkeys(Role(each["role"]) for each in roles))
    actor = Actor(row["person"], named, permissions, owner=row["owner"], untrained=untrained)
    ends_at = min(at + SESSION_IDLE_MAX, row["began_at"] + SESSION_MAX)
    return Guest(actor, row["printed_name"], row["has_second_factor"], ends_at, digest, csrf_of(secret), roles)


def permissions_of(connection: Connection, person: str, untrained: Collection[Role] = ()) -> dict[Permission, Sites]:
    """What a person with an account may do, and at which sites; of ``untrained`` roles only what it takes to look."""
    found: dict[Permission, Sites] = {}
    for row in queries("access").permissions_of(connection, person=person):
        permission, site = Permission(row["permission"]), row["site"]
        if row["role"] in untrained and permission not in TO_LOOK:
            continue
        before = found.get(permission, frozenset())
        found[permission] = None if site is None or before is None else before | {site}
    return found


def sign_out(database: Database, guest: Guest, at: datetime) -> None:
    """End a session."""
    with database.transaction() as connection:
        queries("accounts").end_session(connection, id_sha256=guest.id_sha256, at=at)
        add_event(connection, actor=guest.actor.name, kind="signed_out", subject=f"account:{guest.actor.name}")


def csrf_of(secret: str) -> str:
    """What a page of ours sends along with a change (``X-CSRF-Token``). Others cannot make it without the cookie."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def digest_of(secret: str) -> str:
    """What the ledger keeps of a session's secret: 256 random bits cannot be guessed backwards."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin_session(database: Database, account: Row, address: str, at: datetime, *, by: str = "") -> Session:
    """Begin a session of somebody who has proved who they are; ``by``: the identity provider that said so."""
    secret = secrets.token_urlsafe(32)
    person = account["person"]
    with database.transaction() as connection:
        accounts = queries("accounts")
        accounts.end_oldest_sessions(connection, person=person, kept=SESSIONS_MAX - 1, at=at)
        accounts.begin_session(
            connection,
            id_sha256=digest_of(secret),
            person=person,
            has_second_factor=has_second_factor(account),
            address=address,
            at=at,
        )
        accounts.forget_old_sessions(connection, before=at - 2 * SESSION_MAX)
        data = {"address": keep_apart(connection, person, PersonalField.ADDRESS, address)} | ({"by": by} if by else {})
        add_event(connection, actor=person, kind="signed_in", subject=f"account:{person}", data=data)
    return Session(secret, person, at + SESSION_IDLE_MAX)


def _count_attempt(database: Database, person: str, address: str, at: datetime) -> int:
    name = person.lower()
    with database.transaction() as connection:
        accounts = queries("accounts")
        accounts.lock_sign_in(connection, person=name)
        accounts.forget_old_attempts(connection, before=at - ATTEMPTS_REMEMBERED)
        before = accounts.attempts(
            connection,
            person=name,
            address=address,
            since=at - ATTEMPTS_REMEMBERED,
            since_of_address=at - ADDRESS_WINDOW,
        )
        if before["of_address"] >= ATTEMPTS_OF_ADDRESS_MAX:
            raise TooMany("too many wrong attempts from here", "Wait ten minutes and try again.")
        if before["of_person"]:
            left = before["latest"] + wait_after(before["of_person"]) - at
            if left > timedelta(0):
                raise TooMany(
                    f"too many wrong attempts for {person}",
                    f"Wait {_told(left)} and try again, or ask an administrator for: cloud-sync account unlock NAME.",
                )
        return int(accounts.add_attempt(connection, person=name, address=address, at=at))


def check_open(account: Row, at: datetime) -> None:
    """Raise ``NotKnown`` for an account that is locked or over."""
    if account["locked_at"] is not None:
        raise NotKnown("this account is locked", "Ask an administrator why: cloud-sync account list.")
    if account["expires_at"] is not None and account["expires_at"] <= at:
        raise NotKnown("this account has expired", "Ask an administrator for a new one.")


def uses_code(connection: Connection, account: Row, code: str, at: datetime) -> bool:
    """Whether it is a good code of the second factor, or a recovery code; from now on it is none."""
    accounts, person = queries("accounts"), account["person"]
    plain = code.replace(" ", "").replace("-", "").lower()
    is_confirmed = account["totp_confirmed_at"] is not None
    step = step_of_code(bytes(account["totp_secret"]), plain, at, after=account["totp_step"]) if is_confirmed else None
    if step is not None:
        return bool(accounts.use_totp_step(connection, person=person, totp_step=step))
    digest = hashlib.sha256(plain.encode()).hexdigest()
    if accounts.use_recovery_code(connection, person=person, code_digest=digest, at=at):
        add_event(connection, actor=person, kind="recovery_code_used", subject=f"account:{person}")
        return True
    return False


def _told(left: timedelta) -> str:
    seconds = -(-left // timedelta(seconds=1))
    return f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} min"
