"""Accounts: opened, locked and reset at the ledger's own machine; the person alone knows the password."""

from collections.abc import Sequence
from datetime import datetime

from cloud_sync.actions.access import CONSOLE, check_owner, site_id
from cloud_sync.actions.people.passwords import fits, hash_of, one_time_secret
from cloud_sync.domain.accounts import (
    NOT_A_PERSON,
    ONE_TIME_VALID,
    PASSWORD_CHARACTERS_MIN,
    PERSON,
    fault_of_password,
)
from cloud_sync.domain.personal_data import PersonalField
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.personal_data import keep_apart
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

CHOOSE_PASSWORD = (
    f"Choose one of at least {PASSWORD_CHARACTERS_MIN} characters that you use nowhere else: "
    "a few words that do not belong together are good."
)


def add_account(
    database: Database,
    person: str,
    printed_name: str,
    roles: Sequence[Role],
    *,
    at: datetime,
    site: str | None = None,
    owner: str | None = None,
    expires_at: datetime | None = None,
    actor: str = CONSOLE,
) -> str:
    """Open an account and give its one-time secret, to be shown once and changed at the first sign-in.

    ``person`` is how they are called in every event and on their badge, ``printed_name`` what stands under what they
    sign. Raises ``Invalid`` for a name under which several would sign in, ``Conflict`` if there is one already.
    """
    with database.transaction() as connection:
        return _add(connection, person, printed_name, roles, at, site, owner, expires_at, actor)


def init(database: Database, person: str, printed_name: str, *, at: datetime, actor: str = CONSOLE) -> str:
    """The first administrator and their one-time secret. Raises ``Conflict`` if there is an administrator."""
    with database.transaction() as connection:
        queries("accounts").lock_sign_in(connection, person="")  # one first administrator
        if queries("accounts").has_administrator(connection):
            raise Conflict(
                "this ledger has an administrator already",
                "Let them add accounts: cloud-sync account add. If nobody can sign in: cloud-sync account reset NAME.",
            )
        return _add(connection, person, printed_name, (Role.ADMINISTRATOR,), at, None, None, None, actor)


def _add(
    connection: Connection,
    person: str,
    printed_name: str,
    roles: Sequence[Role],
    at: datetime,
    site: str | None,
    owner: str | None,
    expires_at: datetime | None,
    actor: str,
) -> str:
    if person.lower() in NOT_A_PERSON | {role.value for role in Role}:
        raise Invalid(f"{person} is nobody in particular", "An account belongs to one person: use their own name.")
    if not PERSON.fullmatch(person):
        raise Invalid(f"{person!r} is not a name", "Use letters, digits, dot, dash and underscore.")
    if not printed_name.strip():
        raise Invalid("the printed name is empty", "Give the full name, as it is to stand under what they sign.")
    check_owner(roles, owner)
    secret = one_time_secret()
    if not queries("accounts").add_account(
        connection,
        person=person,
        printed_name=printed_name.strip(),
        password_hash=hash_of(secret),
        one_time_until=at + ONE_TIME_VALID,
        expires_at=expires_at,
        owner=owner,
        created_by=actor,
    ):
        raise Conflict(
            f"there is an account {person} already", "A person has one account. Two people of one name need two names."
        )
    place = site_id(connection, site)
    for role in roles:
        queries("accounts").grant_role(connection, person=person, role=role, site=place, granted_by=actor)
    name = keep_apart(connection, person, PersonalField.PRINTED_NAME, printed_name.strip())
    data = {"printed_name": name, "roles": list(roles), "site": site, "owner": owner,
            "expires_at": expires_at and expires_at.isoformat()}  # fmt: skip
    add_event(connection, actor=actor, kind="account_added", subject=f"account:{person}", data=data)
    return secret


def list_accounts(database: Database) -> list[Row]:
    """Every account with its roles, without secrets."""
    with database.transaction() as connection:
        return list(queries("accounts").accounts(connection))


def grant_role(database: Database, person: str, role: Role, *, site: str | None = None, actor: str = CONSOLE) -> None:
    """Trust a person with a role, at one site or everywhere. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    with database.transaction() as connection:
        account = account_of(connection, person)
        held = [Role(row["role"]) for row in queries("accounts").roles_of(connection, person=account["person"])]
        check_owner(list({*held, role}), account["owner"])
        if not queries("accounts").grant_role(
            connection, person=account["person"], role=role, site=site_id(connection, site), granted_by=actor
        ):
            raise Conflict(f"{person} has this role already")
        add_event(connection, actor=actor, kind="role_granted", subject=f"account:{account['person']}",
                  data={"role": role, "site": site})  # fmt: skip


def withdraw_role(
    database: Database, person: str, role: Role, *, site: str | None = None, actor: str = CONSOLE
) -> None:
    """Take a role back. Raises ``NotFound``."""
    with database.transaction() as connection:
        account = account_of(connection, person)
        if not queries("accounts").withdraw_role(
            connection, person=account["person"], role=role, site=site_id(connection, site)
        ):
            raise NotFound(f"{person} has no role {role} there", "See: cloud-sync account list")
        add_event(connection, actor=actor, kind="role_withdrawn", subject=f"account:{account['person']}",
                  data={"role": role, "site": site})  # fmt: skip


def lock_account(database: Database, person: str, *, reason: str, at: datetime, actor: str = CONSOLE) -> None:
    """End an account's sessions and let nobody sign in with it. Raises ``NotFound``."""
    with database.transaction() as connection:
        lock_in(connection, person, reason=reason, at=at, actor=actor)


def lock_in(connection: Connection, person: str, *, reason: str, at: datetime, actor: str) -> None:
    """:func:`lock_account` in the caller's transaction."""
    name = account_of(connection, person)["person"]
    queries("accounts").lock_account(connection, person=name, at=at, reason=reason)
    queries("accounts").end_sessions(connection, person=name, but="", at=at)
    add_event(connection, actor=actor, kind="account_locked", subject=f"account:{name}", reason=reason)


def unlock_account(database: Database, person: str, *, reason: str, actor: str = CONSOLE) -> None:
    """Let them sign in again; wrong attempts are forgotten. Raises ``NotFound``."""
    with database.transaction() as connection:
        name = account_of(connection, person)["person"]
        queries("accounts").unlock_account(connection, person=name)
        queries("accounts").forget_attempts(connection, person=name.lower())
        add_event(connection, actor=actor, kind="account_unlocked", subject=f"account:{name}", reason=reason)


def reset_account(database: Database, person: str, *, at: datetime, actor: str = CONSOLE) -> str:
    """Another one-time secret: password, second factor and sessions end. Raises ``NotFound``."""
    secret = one_time_secret()
    with database.transaction() as connection:
        name = account_of(connection, person)["person"]
        accounts = queries("accounts")
        accounts.set_password(
            connection, person=name, password_hash=hash_of(secret), one_time_until=at + ONE_TIME_VALID
        )
        accounts.remove_totp(connection, person=name)
        queries("security_keys").remove_keys(connection, person=name)
        accounts.forget_recovery_codes(connection, person=name)
        accounts.forget_attempts(connection, person=name.lower())
        accounts.end_sessions(connection, person=name, but="", at=at)
        add_event(connection, actor=actor, kind="account_reset", subject=f"account:{name}")
    return secret


def change_password(database: Database, person: str, new: str, *, at: datetime, keeps_session: str = "") -> None:
    """Set the password that a person chose, who proved to be it; their other sessions end. Raises ``Invalid``."""
    with database.transaction() as connection:
        account = account_of(connection, person)
        _check_new(new, account)
        queries("accounts").set_password(
            connection, person=account["person"], password_hash=hash_of(new), one_time_until=None
        )
        queries("accounts").end_sessions(connection, person=account["person"], but=keeps_session, at=at)
        add_event(connection, actor=account["person"], kind="password_changed", subject=f"account:{account['person']}")


def account_of(connection: Connection, person: str) -> Row:
    """An account. Raises ``NotFound``."""
    row: Row | None = queries("accounts").account(connection, person=person)
    if row is None:
        raise NotFound(f"there is no account {person}", "See: cloud-sync account list")
    return row


def _check_new(password: str, account: Row) -> None:
    if fault := fault_of_password(password, account["person"]):
        raise Invalid(f"this password is too easy to guess: {fault}", CHOOSE_PASSWORD)
    if fits(password, account["password_hash"]):
        raise Invalid("this is the password you have", CHOOSE_PASSWORD)
