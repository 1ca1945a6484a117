"""Each request has an id: in its answer, in every line of the log that it causes, and in a line of its own."""

import logging
import re
import secrets
from collections.abc import MutableMapping
from contextvars import ContextVar
from time import monotonic
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: ContextVar[str] = ContextVar("id of the request under way", default="")
"""Set for each request; also in the threads that work for it."""
REQUESTS = "cloud_sync.requests"
"""The logger of one line a request; it says nothing where the log is plain."""
HEADER = b"x-request-id"
SCOPE_ID = "lotwarden.request_id"
"""Where a request's scope has its id, also for what answers when all else broke."""
API = "/v1"
QUIET = frozenset({"/healthz"})
"""Asked every few seconds by whoever watches: no line of the log."""

_GOOD = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(REQUESTS)


class RequestLog:
    """The middleware. An id that a proxy gave is kept, if it is a plain one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or secrets.token_hex(8)
        token = REQUEST_ID.set(request_id)
        scope[SCOPE_ID] = request_id
        began_s, status = monotonic(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if scope["path"] not in QUIET and _log.isEnabledFor(logging.INFO):
                self._tell(scope, status, monotonic() - began_s)
            REQUEST_ID.reset(token)

    def _tell(self, scope: MutableMapping[str, Any], status: int, took_s: float) -> None:
        # The address as the ledger knows it, not as it was asked for: some have secrets in them.
        route = getattr(scope.get("route"), "path", "(no such address)")
        if scope["path"].startswith(f"{API}/") and route.startswith("/") and not route.startswith(f"{API}/"):
            route = f"{API}{route}"
        figures = {"method": scope["method"], "route": route, "status": status, "took_ms": round(took_s * 1000, 1)}
        _log.info("%s %s %d", scope["method"], route, status, extra={"figures": figures})


def _given(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == HEADER and _GOOD.fullmatch(value):
            return str(value.decode())
    return ""
