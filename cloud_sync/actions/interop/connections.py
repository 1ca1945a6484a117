"""Connections to other systems: set up by an administrator, each with a key, scopes and a rate of its own."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes

from cloud_sync.domain.connections import (
    EVENT_KIND,
    EVERY_KIND,
    REQUESTS_PER_MINUTE,
    SECRET_OVERLAP,
    ConnectionSettings,
    Scope,
)
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.standard_webhooks import SECRET_BYTES, secret_text
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound, NotKnown, TooMany
from cloud_sync.notify.exchange import SETTING, pause_in
from cloud_sync.notify.outside import check_url, refuse_private
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

KEY_PREFIX = "lwc_"  # how the keys of connections begin
PRUNED_AT_ONCE = 5000
FEED_LEAVES_MAX = 256 * 256
"""Of the seal's tree that one request looks through: most leaves are no events."""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """A connection to be. ``url`` '': it only asks. ``event_kinds``: what is sent to it; ``*`` is every kind."""

    name: str
    url: str = ""
    scopes: tuple[Scope, ...] = ()
    event_kinds: tuple[str, ...] = ()
    requests_per_minute: int = REQUESTS_PER_MINUTE


def put_connection(
    database: Database, new: NewConnection, settings: ConnectionSettings, *, from_start: bool = False, actor: str
) -> str:
    """Keep a connection, or another content of it; gives the secret of its webhooks where it is new, else ''.

    Events are sent to it from now on, or all there ever were (``from_start``). Raises ``Invalid`` for a URL to which
    nothing may go: without TLS, or at a private address that the configuration does not allow.
    """
    if new.url:
        refuse_private(check_url(new.url, settings.private_hosts, setting=SETTING), settings.private_hosts, SETTING)
    if new.event_kinds and not new.url:
        raise Invalid("there is no URL to send events to", "Give a URL, or leave out the kinds: GET /v1/feed has all.")
    for kind in new.event_kinds:
        if kind != EVERY_KIND and not EVENT_KIND.fullmatch(kind):
            raise Invalid(f"{kind!r} is no kind of event", "Write e.g. hold_placed, or * for every kind.")
    secret = secret_text(token_bytes(SECRET_BYTES)) if new.url else ""
    with database.transaction() as connection:
        before = queries("connections").connection(connection, name=new.name)
        size = 0 if from_start else queries("connections").tree_size(connection)
        is_new = queries("connections").put_connection(
            connection, name=new.name, url=new.url, shown=shown_url(new.url), secret=secret,
            scopes=[str(each) for each in new.scopes], event_kinds=list(new.event_kinds),
            requests_per_minute=new.requests_per_minute, followed_to=size, created_by=actor,
        )  # fmt: skip
        data = {"url": shown_url(new.url), "scopes": list(new.scopes), "event_kinds": list(new.event_kinds),
                "requests_per_minute": new.requests_per_minute}  # fmt: skip
        subject = f"connection:{new.name}"
        add_event(connection, actor=actor, kind="connection_put", subject=subject, data=data)
    had_secret = not is_new and bool(before and before["secret"])
    return "" if had_secret else secret


def shown_url(url: str) -> str:
    """What may be shown of a URL: a path may hold a password.

    >>> shown_url("https://amy:secret@erp.example.org/hook/0815")
    'https://erp.example.org/…'
    """
    if not url:
        return ""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}/…"


def new_key(database: Database, name: str, at: datetime, *, actor: str) -> str:
    """Another key for a connection, to be shown once; the one before is good for a day. Raises ``NotFound``."""
    key = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
    with database.transaction() as connection:
        changed = queries("connections").change_key(
            connection, name=name, key_sha256=_digest(key), previous_until=at + SECRET_OVERLAP
        )
        _check(changed, name)
        add_event(connection, actor=actor, kind="connection_key_made", subject=f"connection:{name}")
    return key


def new_secret(database: Database, name: str, at: datetime, *, actor: str) -> str:
    """Another secret for its webhooks; they carry signatures of both for a day. Raises ``NotFound``."""
    secret = secret_text(token_bytes(SECRET_BYTES))
    with database.transaction() as connection:
        changed = queries("connections").change_secret(
            connection, name=name, secret=secret, previous_until=at + SECRET_OVERLAP
        )
        _check(changed, name)
        add_event(connection, actor=actor, kind="connection_secret_made", subject=f"connection:{name}")
    return secret


def switch_off(database: Database, name: str, reason: str, at: datetime, *, actor: str) -> None:
    """Send nothing there any more, and let its keys be worth nothing at once. Raises ``NotFound``."""
    with database.transaction() as connection:
        _check(queries("connections").switch_connection_off(connection, name=name), name)
        queries("connections").withdraw_deliveries(connection, connection=name, at=at)
        subject = f"connection:{name}"
        add_event(connection, actor=actor, kind="connection_off", subject=subject, reason=reason)


def pause(database: Database, name: str, reason: str, at: datetime, *, actor: str) -> None:
    """Send nothing there until somebody resumes it; nothing is lost meanwhile. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        _known(connection, name)
        if not pause_in(connection, name, reason, at, actor=actor):
            raise Conflict(f"connection {name} is paused already", "Resume it to send again.")


def resume(database: Database, name: str, reason: str, *, actor: str) -> None:
    """Send again what waited, at once. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        _known(connection, name)
        if not queries("connections").resume_connection(connection, name=name):
            raise Conflict(f"connection {name} is not paused", "See GET /v1/connections for those that are.")
        subject = f"connection:{name}"
        add_event(connection, actor=actor, kind="connection_resumed", subject=subject, reason=reason)


def replay(database: Database, name: str, after: int, reason: str, *, actor: str) -> int:
    """Send all events of its kinds after a position again, with the ids they had; gives how many were sent before.

    Raises ``NotFound``.
    """
    with database.transaction() as connection:
        row = _known(connection, name)
        again: int = queries("connections").send_again(connection, connection=name, after=after)
        if after < row["followed_to"]:
            queries("connections").follow_connection(connection, name=name, followed_to=after)
        data = {"after": after}
        subject = f"connection:{name}"
        add_event(connection, actor=actor, kind="connection_replayed", subject=subject, reason=reason, data=data)
        return again


def send_again(database: Database, name: str, delivery_id: int, *, actor: str) -> None:
    """Send one delivery once more. Raises ``NotFound``."""
    with database.transaction() as connection:
        _known(connection, name)
        if not queries("connections").send_delivery_again(connection, connection=name, id=delivery_id):
            raise NotFound(f"{name} has no delivery {delivery_id} that was sent", "What waits is sent anyway.")
        data = {"delivery": delivery_id}
        add_event(connection, actor=actor, kind="delivery_repeated", subject=f"connection:{name}", data=data)


def list_connections(database: Database) -> list[Row]:
    """All connections, with whether they work, without what is secret of them."""
    with database.transaction() as connection:
        return list(queries("connections").connections(connection))


def list_deliveries(
    database: Database, name: str | None, *, only_unsent: bool, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Deliveries, the newest first. Raises ``NotFound``."""
    with database.transaction() as connection:
        if name is not None:
            _known(connection, name)
        return list(
            queries("connections").deliveries(
                connection, connection=name, only_unsent=only_unsent, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def prune_deliveries(database: Database, before: datetime) -> int:
    """Take away what is known of deliveries that ended before then; gives how many. What was sent can be replayed."""
    pruned = 0
    while True:
        with database.transaction() as connection:
            gone: int = queries("connections").prune_deliveries(connection, before=before, rows_max=PRUNED_AT_ONCE)
        pruned += gone
        if gone < PRUNED_AT_ONCE:
            return pruned


def feed(database: Database, after: int, kinds: Sequence[str], rows_max: int) -> Row:
    """Events after a position in the order in which they were committed: ``rows``, ``next`` and ``more``.

    ``next`` is the ``after`` of the next request; it moves on also where no event is of ``kinds``. ``more``: there is
    something behind it already.
    """
    with database.transaction() as connection:
        size: int = queries("connections").tree_size(connection)
        until = min(size, after + FEED_LEAVES_MAX)
        rows = list(
            queries("connections").feed(
                connection, after=after, until=until, kinds=list(kinds) or None, rows_max=rows_max
            )
        )
    reached = rows[-1]["position"] if len(rows) == rows_max else max(after, until)
    return {"rows": rows, "next": reached, "more": reached < size}


def actor_of_key(database: Database, key: str, at: datetime) -> Actor:
    """The connection that holds ``key``, and one request less of its rate. Raises ``NotKnown``, ``TooMany``."""
    with database.transaction() as connection:
        row = queries("connections").connection_by_key(connection, key_sha256=_digest(key), at=at)
        if row is None:
            raise NotKnown("this key is unknown or was replaced", "Make another one: cloud-sync connection key NAME.")
        name, most = row["name"], row["requests_per_minute"]
        if queries("connections").take_request(connection, connection=name, per_minute=most, at=at) is None:
            raise TooMany(f"{name} made more than {most} requests in a minute", "Wait, and ask less often.")
    return Actor(f"connection {name}", (), scopes=frozenset(row["scopes"]), connection=name)


def require_scope(actor: Actor, scope: Scope | None) -> None:
    """Raise ``NotAllowed`` unless a connection has this scope; None is closed to all of them."""
    if scope is None:
        ask = "Use a token: cloud-sync token create NAME."
        raise NotAllowed(f"{actor.name} may not use this: it is for people", ask)
    if scope not in actor.scopes:
        raise NotAllowed(
            f"{actor.name} may not use this: it has no scope {scope}",
            f"Give it the scope: cloud-sync connection put {actor.connection} --scope {scope}.",
        )


def _known(connection: Connection, name: str) -> Row:
    row: Row | None = queries("connections").connection(connection, name=name)
    if row is None or not row["active"]:
        _check(0, name)
    assert row is not None  # noqa: S101 - else it was raised
    return row


def _check(found: int, name: str) -> None:
    if not found:
        raise NotFound(f"there is no connection {name} in use", "See GET /v1/connections for those there are.")


def _digest(key: str) -> str:
    # Keys are 256 random bits, as tokens are (actions/access.py).
    return hashlib.sha256(key.encode()).hexdigest()
