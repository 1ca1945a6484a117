"""No request is larger than its endpoint can need."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_sync.api.problems import problem

BATCHES_PATH = "/v1/batches"
MESSAGE_BYTES_MAX = 16 << 20
"""Of one message of batches."""
IMPORTS_PATH = "/v1/imports/"
FILE_BYTES_MAX = 16 << 20
"""Of a file with master data."""
BODY_BYTES_MAX = 1 << 20
"""Of any other request."""


class LimitBody:
    """Answers 413 to a body that is too large: at once if it says so, else as soon as it shows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bytes_max = MESSAGE_BYTES_MAX if scope["path"] == BATCHES_PATH else BODY_BYTES_MAX
        if scope["path"].startswith(IMPORTS_PATH):
            bytes_max = FILE_BYTES_MAX
        refuse = problem(413, f"the body is larger than {bytes_max} bytes", "Send less at once.")
        reserved = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
        if reserved.isdigit() and int(reserved) > bytes_max:
            await refuse(scope, receive, send)
            return
        body = _Counted(receive, send, bytes_max)
        try:
            await self.app(scope, body.receive, body.send)
        except _TooLargeError:
            if not body.has_answered:
                await refuse(scope, receive, send)


class _TooLargeError(BaseException):
    """Passes through whoever reads the body; no one below may take it for a fault of its own."""


class _Counted:
    def __init__(self, receive: Receive, send: Send, bytes_max: int) -> None:
        self._receive = receive
        self._send = send
        self._left = bytes_max
        self.has_answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        self.has_answered = True
        await self._send(message)
