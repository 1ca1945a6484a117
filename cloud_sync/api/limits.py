"""No request is larger than its endpoint can need, and there are no more at once than can be served."""

import logging
from collections import Counter

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_sync.api.problems import RETRY_AFTER_S, told
from cloud_sync.api.security_headers import secure

BATCHES_PATH = "/v1/batches"
MESSAGE_BYTES_MAX = 16 << 20
"""Of one message of batches."""
IMPORTS_PATH = "/v1/imports/"
FILE_PATHS = (
    IMPORTS_PATH, "/epcis/capture", "/v1/spreadsheets/", "/v1/erp/", "/v1/logger-files/", "/administration/",
    "/loggers", "/v1/complaints/", "/complaints/",
    "/v1/billing-tables", "/charges/tables",
)  # fmt: skip
LOGGER_FILES = "/logger-files"
FILE_BYTES_MAX = 16 << 20
"""Of a file with master data or of a logger, of a document of events."""
BODY_BYTES_MAX = 1 << 20
"""Of any other request."""
BODIES_BYTES_MAX = 256 << 20
"""Of all bodies that are in memory at once."""
REQUESTS_MAX = 200
RESERVED_FOR_BATCHES = 50
"""Requests at once, and how many of them only gateways may take."""
PER_ADDRESS_MAX = 100
STREAMS_PATH = "/live"
STREAMS_MAX = 500
"""Open pages that follow what happens; they cost next to nothing and count apart."""

log = logging.getLogger(__name__)

PAGES = ("/docs", "/redoc", "/static-offline-docs")
PAGES_POLICY = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'none'"


class LimitBody:
    """Answers 413 to a body that is too large: at once if it says so, else as soon as it shows; 503 while there are
    too many requests, or bytes of them. Whoever hangs up meanwhile gets nothing, and no traceback is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._in_work: Counter[str] = Counter()
        self._bodies_bytes = 0
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        send = _with_security_headers(scope, send)
        address = scope["client"][0] if scope.get("client") else ""
        if scope["path"] == STREAMS_PATH:
            await self._stream(scope, receive, send)
            return
        if not self._has_room(scope["path"], address):
            await _busy(scope, receive, send)
            return
        self._in_work[address] += 1
        body = _Counted(receive, send, self, _bytes_max(scope["path"]))
        try:
            await self._answer(scope, body)
        finally:
            self._bodies_bytes -= body.taken
            self._in_work[address] -= 1
            if not self._in_work[address]:
                del self._in_work[address]

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._streams >= STREAMS_MAX:
            await _busy(scope, receive, send)
            return
        self._streams += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._streams -= 1

    async def _answer(self, scope: Scope, body: "_Counted") -> None:
        bytes_max = body.bytes_max
        reserved = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
        if reserved.isdigit() and int(reserved) > bytes_max:
            await _too_large(scope, body)
            return
        try:
            await self.app(scope, body.receive, body.send)
        except _TooLargeError:
            if not body.has_answered:
                await _too_large(scope, body)
        except _TooManyBytesError:
            if not body.has_answered:
                await _busy(scope, body.receive, body.send)
        except ClientDisconnect:
            log.info("%s hung up in the middle of a request", scope["client"])

    def _has_room(self, path: str, address: str) -> bool:
        most = REQUESTS_MAX if path == BATCHES_PATH else REQUESTS_MAX - RESERVED_FOR_BATCHES
        return self._in_work.total() < most and self._in_work[address] < PER_ADDRESS_MAX

    def take(self, count: int) -> bool:
        """Count bytes of a body; whether there is room for them."""
        self._bodies_bytes += count
        return self._bodies_bytes <= BODIES_BYTES_MAX


def _bytes_max(path: str) -> int:
    if path == BATCHES_PATH:
        return MESSAGE_BYTES_MAX
    return FILE_BYTES_MAX if path.startswith(FILE_PATHS) or path.endswith(LOGGER_FILES) else BODY_BYTES_MAX


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    answer = await told(
        Request(scope), 503, "too many requests at once", "Send the same again in a few seconds.",
        {"Retry-After": str(RETRY_AFTER_S)},
    )  # fmt: skip
    await answer(scope, receive, send)


async def _too_large(scope: Scope, body: "_Counted") -> None:
    error = f"what was sent is larger than {body.bytes_max >> 20} MiB"
    answer = await told(Request(scope), 413, error, "Send less at once.")
    await answer(scope, body.receive, body.send)


def _with_security_headers(scope: Scope, send: Send) -> Send:
    is_page = scope["path"].startswith(PAGES)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {"content_security_policy": PAGES_POLICY} if is_page else {}
            secure(MutableHeaders(scope=message), scope["scheme"], **own)
        await send(message)

    return sending


class _TooLargeError(BaseException):
    """Passes through whoever reads the body; no one below may take it for a fault of its own."""


class _TooManyBytesError(BaseException):
    """The same, where all bodies together are too large."""


class _Counted:
    def __init__(self, receive: Receive, send: Send, limits: LimitBody, bytes_max: int) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self.bytes_max = bytes_max
        self.taken = 0
        self.has_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        count = len(message.get("body", b""))
        self.taken += count
        has_room = self._limits.take(count)
        if self.taken > self.bytes_max:
            raise _TooLargeError
        if not has_room:
            raise _TooManyBytesError
        return message

    async def send(self, message: Message) -> None:
        self.has_answered = True
        await self._send(message)
