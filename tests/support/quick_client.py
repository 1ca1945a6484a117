"""A client of an app in this process, as Starlette's ``TestClient`` is, that hands a request over once.

Starlette's starts a loop and a thread for each client, and goes to and fro between the threads eight times for each
request, so that it can stream. Tests send many thousand requests and read each answer whole.
"""

import asyncio
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message


class QuickClient(httpx.Client):
    """Its requests are answered by ``app``. Unless ``raise_server_exceptions``, what breaks in it is a 500."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        raise_server_exceptions: bool = True,
        base_url: str = "http://testserver",
        follow_redirects: bool = True,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.app = app
        super().__init__(
            transport=_InProcess(app, raise_server_exceptions),
            base_url=base_url,
            follow_redirects=follow_redirects,
            headers={"user-agent": "testclient", **(headers or {})},
        )


class _InProcess(httpx.BaseTransport):
    def __init__(self, app: ASGIApp, raise_server_exceptions: bool) -> None:
        self._app = app
        self._raise = raise_server_exceptions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        exchange = _Exchange(request.read())
        try:
            _portal().call(self._app, _scope_of(request), exchange.receive, exchange.send)
        except Exception:
            if self._raise or not exchange.began:
                raise
        assert exchange.began, "the app returned without an answer"
        body = b"" if request.method == "HEAD" else b"".join(exchange.parts)
        return httpx.Response(exchange.status, headers=exchange.headers, stream=httpx.ByteStream(body))


class _Exchange:
    """A request and its answer, as ASGI's two functions see them."""

    def __init__(self, body: bytes) -> None:
        self.began = False
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []
        self._body: bytes | None = body
        self._is_over = asyncio.Event()

    async def receive(self) -> Message:
        if self._body is None:
            await self._is_over.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert not self.began, "the app began a second answer"
            self.began, self.status, self.headers = True, message["status"], list(message.get("headers", ()))
            return
        assert message["type"] == "http.response.body" and self.began and not self._is_over.is_set(), message
        self.parts.append(bytes(message.get("body", b"")))
        if not message.get("more_body", False):
            self._is_over.set()


def _scope_of(request: httpx.Request) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote(url.path),
        "raw_path": url.raw_path.split(b"?", 1)[0],
        "root_path": "",
        "query_string": url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("testclient", 50000),
        "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
        "state": {},
    }


@cache
def _portal() -> BlockingPortal:
    """Into the one loop of this process in which all apps answer; its thread ends with the process."""
    made: Future[BlockingPortal] = Future()

    async def serve() -> None:
        async with BlockingPortal() as portal:
            made.set_result(portal)
            await portal.sleep_until_stopped()

    Thread(target=lambda: anyio.run(serve), daemon=True).start()
    return made.result()
