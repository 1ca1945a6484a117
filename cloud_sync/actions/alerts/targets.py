"""To whom alerts may go: mail addresses, webhooks, and what apprise reaches. What is secret of them is never shown."""

import re
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes

from cloud_sync.domain.personal_data import PersonalField
from cloud_sync.domain.standard_webhooks import SECRET_BYTES, secret_text
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.notify.channels.apprise_urls import check_apprise_url
from cloud_sync.posting.personal_data import keep_apart
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

MAIL = re.compile(r"[^\s@<>,;\"()\\]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}")
CHANNELS = ("mail", "webhook", "apprise")


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target to be. ``address``: a mail address, the URL of a webhook, or one of apprise."""

    name: str
    channel: str
    address: str


def put_target(database: Database, new: NewTarget, *, actor: str) -> str:
    """Keep a target, or another address for it; gives the secret with which a webhook is signed, else ''.

    Raises ``Invalid``. A webhook gets a new secret each time.
    """
    shown = shown_of(new)
    secret = secret_text(token_bytes(SECRET_BYTES)) if new.channel == "webhook" else ""
    with database.transaction() as connection:
        queries("alerts").put_target(
            connection, name=new.name, channel=new.channel, address=new.address, shown=shown, secret=secret,
            created_by=actor,
        )  # fmt: skip
        data = {"channel": new.channel, "address": _told_in_log(connection, new, shown)}
        add_event(connection, actor=actor, kind="alert_target_put", subject=f"alert_target:{new.name}", data=data)
    return secret


def _told_in_log(connection: Connection, new: NewTarget, shown: str) -> str:
    """A mail address is somebody's: in the log a token stands for it, so that it can be erased."""
    if new.channel != "mail":
        return shown
    account = queries("accounts").account(connection, person=new.name)
    return keep_apart(connection, account["person"] if account else new.name, PersonalField.ADDRESS, shown)


def shown_of(new: NewTarget) -> str:
    """What may be shown of an address. Raises ``Invalid`` if it is none."""
    if new.channel == "mail":
        if not MAIL.fullmatch(new.address):
            raise Invalid("this is not a mail address", "Write one address, such as amy@example.org.")
        return new.address
    if new.channel == "apprise":
        return check_apprise_url(new.address)
    found = re.fullmatch(r"(https?)://(?:[^/@\s]*@)?([A-Za-z0-9.:\[\]-]+)(/\S*)?", new.address)
    if found is None:
        raise Invalid("this is not a web address", "Write it as https://example.org/path.")
    return f"{found[1]}://{found[2]}/…"


def list_targets(database: Database) -> list[Row]:
    """All targets, with whether they work, without their secrets."""
    with database.transaction() as connection:
        return list(queries("alerts").targets(connection))


def switch_off(database: Database, name: str, reason: str, at: datetime, *, actor: str) -> None:
    """Send nothing there any more. Raises ``NotFound``, and ``Conflict`` while a subscription or rota leads to it."""
    with database.transaction() as connection:
        check_unused(connection, name)
        if not queries("alerts").switch_target_off(connection, name=name):
            raise NotFound(f"there is no target {name} in use", "See GET /v1/alert-targets for those there are.")
        queries("alerts").withdraw_messages(connection, target=name, at=at)
        subject = f"alert_target:{name}"
        add_event(connection, actor=actor, kind="alert_target_off", subject=subject, reason=reason)


def check_unused(connection: Connection, name: str, *, as_rota: bool = False) -> None:
    """Raise ``Conflict`` while something leads to a target, or to a rota (``rota:`` and its name)."""
    uses = [row["what"] for row in queries("alerts").uses_of_target(connection, name=name, as_rota=as_rota)]
    if uses:
        raise Conflict(f"{uses[0]} leads to {name}", "Let it lead to somebody else first, or delete it.")


def check_leads_somewhere(connection: Connection, goes_to: str) -> None:
    """Raise ``NotFound`` unless this is a target in use, or ``rota:`` and a rota."""
    if goes_to.startswith("rota:"):
        known = {f"rota:{row['name']}" for row in queries("alerts").rotas(connection)}
    else:
        known = {row["name"] for row in queries("alerts").targets(connection) if row["active"]}
    if goes_to not in known:
        raise NotFound(f"there is no target {goes_to} in use", "See GET /v1/alert-targets for those there are.")


def queue_test(database: Database, name: str, at: datetime, *, actor: str) -> int:
    """Put a test message for a target into the outbox and give its id. Raises ``NotFound``."""
    with database.transaction() as connection:
        check_leads_somewhere(connection, name)
        message_id: int = queries("alerts").add_message(
            connection, target=name, bundle=f"test:{at.timestamp()}", reason="test", made_at=at, due_at=at
        )
        queries("alerts").leave_target_alone(connection, name=name, until=at)  # a person waits for it
        subject, data = f"alert_target:{name}", {"message": message_id}
        add_event(connection, actor=actor, kind="alert_test_sent", subject=subject, data=data)
        return message_id


def message_state(database: Database, message_id: int) -> Row:
    """How far a message has come. Raises ``NotFound``."""
    with database.transaction() as connection:
        row: Row | None = queries("alerts").message_state(connection, id=message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id}", "See GET /v1/alert-messages for those there are.")
    return row


def list_messages(database: Database, *, only_unsent: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Messages, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("alerts").messages(
                connection, only_unsent=only_unsent, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
