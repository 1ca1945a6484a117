"""Changes that come with a cookie come from our own pages: a browser sends the cookie for others', too."""

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from cloud_sync.actions.people.sessions import csrf_of
from cloud_sync.errors import NotAllowed

CSRF_HEADER = "x-csrf-token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
RELOAD = "Open the ledger's own page again, and do it there."


def check_came_from_here(request: Request, secret: str) -> None:
    """Raise ``NotAllowed`` for a change without the token of its session, or from another site's page."""
    if request.method in READING:
        return
    check_same_origin(request)
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), csrf_of(secret).encode()):
        raise NotAllowed("the header X-CSRF-Token is missing or not of this session", RELOAD)


def check_same_origin(request: Request) -> None:
    """Raise ``NotAllowed`` if a browser says that another site's page sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise NotAllowed("another site's page sent this", RELOAD)
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotAllowed("another site's page sent this", RELOAD)
