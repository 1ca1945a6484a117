"""A client of an app in this process, as Starlette's ``TestClient`` is, that stays in the thread that asks.

Starlette's starts a loop and a thread for each client, and goes to and fro between the threads eight times for each
request, so that it can stream; what is not asynchronous in the app goes to a third thread and back. Tests send many
thousand requests and read each answer whole. Here the app answers in the thread that waits for it anyway, in a loop
that serves this request alone, and what would go to another thread meanwhile is done at once. Threads that ask at the
same time are answered at the same time.
"""

import asyncio
import atexit
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import cache
from threading import Thread
from typing import Any
from urllib.parse import unquote

import anyio
import httpx
from anyio._backends._asyncio import AsyncIOBackend
from anyio._core._eventloop import loaded_backends
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
            _answer(self._app, _scope_of(request), exchange)
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


def _answer(app: ASGIApp, scope: dict[str, Any], exchange: _Exchange) -> None:
    if _is_asynchronous():  # an asynchronous test: the loop of its thread runs
        _portal().call(app, scope, exchange.receive, exchange.send)
        return
    loop = _free.pop() if _free else _OfOneRequest()
    try:
        loop.run_until_complete(app(scope, exchange.receive, exchange.send))
    finally:
        _free.append(loop)


def _is_asynchronous() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _OfOneRequest(asyncio.SelectorEventLoop):
    """A loop of which the thread has nothing else to do."""


_free: list[_OfOneRequest] = []
"""Loops that wait for the next request, of whatever thread."""


@atexit.register
def _close() -> None:
    while _free:
        _free.pop().close()


class _AtOnce(AsyncIOBackend):
    """How anyio works with asyncio; in a loop of one request nothing is gained by another thread."""

    @classmethod
    async def run_sync_in_worker_thread(
        cls, func: Callable[..., Any], args: tuple[Any, ...], *more: Any, **rest: Any
    ) -> Any:
        """Call it; as in a thread of its own, it sees no running loop and changes no variables of the context."""
        loop = asyncio.get_running_loop()
        if not isinstance(loop, _OfOneRequest):
            return await super().run_sync_in_worker_thread(func, args, *more, **rest)
        asyncio._set_running_loop(None)
        try:
            return copy_context().run(func, *args)
        finally:
            asyncio._set_running_loop(loop)


loaded_backends["asyncio"] = _AtOnce


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
