"""Somebody waits for the answer to a request: it does not wait for ever for a database that is silent."""

from starlette.types import ASGIApp, Receive, Scope, Send

from cloud_sync.storage.awaited import begin_request


class Awaited:
    """The middleware that marks a request, and all that is done for it in its context, as awaited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; it has a task of its own, and so a context."""
        begin_request()
        await self._app(scope, receive, send)
