"""The second factor of a person: an authenticator app, and codes on paper for the day it is lost."""

import hashlib
import secrets
from datetime import datetime

from cloud_sync.actions.people.accounts import account_of
from cloud_sync.actions.people.passwords import one_time_secret
from cloud_sync.domain.totp import SECRET_BYTES, step_of_code, uri_of
from cloud_sync.errors import Conflict, Invalid
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

RECOVERY_CODES = 10


def has_app(database: Database, person: str) -> bool:
    """Whether somebody has an authenticator app."""
    with database.transaction() as connection:
        return account_of(connection, person)["totp_confirmed_at"] is not None


def offer(database: Database, person: str) -> str:
    """The URI of a new secret, for the QR code that the app reads. It counts once it is confirmed.

    Raises ``Conflict`` if there is a second factor already.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    with database.transaction() as connection:
        account = account_of(connection, person)
        if account["totp_confirmed_at"] is not None:
            raise Conflict("you have a second factor already", "Remove it first: DELETE /v1/me/second-factor.")
        queries("accounts").offer_totp(connection, person=account["person"], secret=secret)
    return uri_of(secret, person)


def confirm(database: Database, person: str, code: str, *, at: datetime) -> list[str]:
    """Ask for it from now on; gives recovery codes, to be shown once. Raises ``Conflict``, ``Invalid``."""
    with database.transaction() as connection:
        account = account_of(connection, person)
        if account["totp_secret"] is None or account["totp_confirmed_at"] is not None:
            raise Conflict("there is no second factor to confirm", "Begin with POST /v1/me/second-factor.")
        step = step_of_code(bytes(account["totp_secret"]), code.replace(" ", ""), at)
        if step is None:
            raise Invalid("this code is wrong", "Check the clock of the telephone, and send the code it shows now.")
        accounts = queries("accounts")
        accounts.confirm_totp(connection, person=account["person"], at=at)
        accounts.use_totp_step(connection, person=account["person"], totp_step=step)
        codes = new_recovery_codes(connection, account["person"])
        add_event(connection, actor=person, kind="second_factor_set", subject=f"account:{person}")
    return codes


def new_recovery_codes(connection: Connection, person: str) -> list[str]:
    """Codes for the day the telephone or the key is lost, to be shown once; those from before count no longer."""
    codes = [one_time_secret() for _ in range(RECOVERY_CODES)]
    queries("accounts").forget_recovery_codes(connection, person=person)
    for each in codes:
        digest = hashlib.sha256(each.replace("-", "").encode()).hexdigest()
        queries("accounts").add_recovery_code(connection, person=person, code_digest=digest)
    return codes


def remove(database: Database, person: str) -> None:
    """No authenticator app any longer; the caller has seen the password and a code."""
    with database.transaction() as connection:
        queries("accounts").remove_totp(connection, person=person)
        if not account_of(connection, person)["security_keys"]:
            queries("accounts").forget_recovery_codes(connection, person=person)
        add_event(connection, actor=person, kind="second_factor_removed", subject=f"account:{person}")
