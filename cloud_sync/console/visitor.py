"""Who looks at a page: a person who signed in, or whoever holds a token."""

from contextlib import suppress
from datetime import datetime

from fastapi import Request, Response

from cloud_sync.actions.access import actor_of
from cloud_sync.actions.people.sessions import Session, guest_of, sign_out
from cloud_sync.api.access import SESSION_COOKIE, TOKEN_CHARACTERS_MAX
from cloud_sync.domain.accounts import SESSION_MAX
from cloud_sync.domain.roles import Actor
from cloud_sync.errors import NotKnown
from cloud_sync.storage.database import Database

TOKEN_COOKIE = "lotwarden_token"  # noqa: S105 - the name of a cookie


def actor_who_looks(request: Request, database: Database, at: datetime) -> Actor:
    """Raises ``NotKnown`` if there is no session, or it is over."""
    if secret := request.cookies.get(SESSION_COOKIE):
        return guest_of(database, secret[:TOKEN_CHARACTERS_MAX], at).actor
    if token := request.cookies.get(TOKEN_COOKIE):
        return actor_of(database, token[:TOKEN_CHARACTERS_MAX])
    raise NotKnown("not signed in")


def remember_session(request: Request, response: Response, session: Session) -> None:
    """As long as the session may last. Over plain HTTP only where a browser takes the ledger's address for its own."""
    _set(request, response, SESSION_COOKIE, session.secret, int(SESSION_MAX.total_seconds()))


def remember_token(request: Request, response: Response, token: str) -> None:
    """Until the browser is closed."""
    _set(request, response, TOKEN_COOKIE, token, None)


def forget(request: Request, response: Response, database: Database, at: datetime) -> None:
    """End the session, on both sides."""
    if secret := request.cookies.get(SESSION_COOKIE):
        with suppress(NotKnown):  # it may be over already
            sign_out(database, guest_of(database, secret[:TOKEN_CHARACTERS_MAX], at), at)
    for name in (SESSION_COOKIE, TOKEN_COOKIE):
        response.delete_cookie(name)


def _set(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    is_secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=is_secure, path="/")
