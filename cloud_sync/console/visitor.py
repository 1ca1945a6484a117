"""Who looks at a page."""

from fastapi import Request, Response

from cloud_sync.actions.access import actor_of
from cloud_sync.domain.roles import Actor
from cloud_sync.errors import NotKnown
from cloud_sync.storage.database import Database

COOKIE = "lotwarden"


def actor_who_looks(request: Request, database: Database) -> Actor:
    """Raises ``NotKnown`` if nobody has logged in."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise NotKnown("not logged in")
    return actor_of(database, token[:200])


def remember(response: Response, token: str, *, is_secure: bool) -> None:
    """Until the browser is closed."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_secure)


def forget(response: Response) -> None:
    """After logging out."""
    response.delete_cookie(COOKIE)
