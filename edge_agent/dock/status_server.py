"""The local page: a read-only HTTP server for the tablet at the dock, for monitoring, and for nothing else.

h11 reads the requests (httpx brings it along anyway), asyncio serves them. No framework: a gateway has 60 MB for all.

========== ===========================================================================================================
address    gives
========== ===========================================================================================================
/          the page; its script listens to /events and needs nothing from outside this machine
/events    the status as server-sent events: when it changes, and every few seconds as a sign of life
/state     the status once, JSON
/healthz   200 while polling and committing make progress and the disk takes records, else 503 and why
/metrics   Prometheus
/downtime  the downtime pack, made now, to be printed
========== ===========================================================================================================
"""

import asyncio
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.resources import files

import h11

from edge_agent.config.model import PageSection, is_loopback
from edge_agent.dock.status_model import MachineStatus, StatusModel

CONNECTIONS_MAX = 32
REQUEST_S = 10.0
"""A client may take so long to ask, or to take an answer."""
SIGN_OF_LIFE_S = 2.0
EVENTS_PAUSE_S = 0.2
"""At most five events a second, however fast the sensors are."""
READ_BYTES = 16_384
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

STATIC = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PACK_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The pack is one file with its style in it, and no script at all."""
HEADERS = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
]  # fmt: skip

_log = logging.getLogger("edge_agent.page")

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


class StatusServer:
    """The server. ``machine`` gives the state of the agent itself; without faults all is well."""

    def __init__(
        self,
        section: PageSection,
        status_model: StatusModel,
        machine: Callable[[], MachineStatus],
        downtime_pack: Callable[[], Awaitable[bytes]] | None = None,
    ) -> None:
        self._downtime_pack = downtime_pack
        self._section = section
        self._status_model = status_model
        self._machine = machine
        self._metrics: Callable[[], bytes] | None = None
        self._static = {
            path: (200, kind, files("edge_agent.dock").joinpath("web", name).read_bytes())
            for path, (name, kind) in STATIC.items()
        }
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = section.port

    async def start(self) -> None:
        """Listen. Raises ``OSError`` if the address cannot be had."""
        self._server = await asyncio.start_server(self._connected, self._section.host, self._section.port)
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("the local page is at %s", self.url)

    @property
    def url(self) -> str:
        """Where it is, once it listens."""
        host = f"[{self._section.host}]" if ":" in self._section.host else self._section.host
        return f"http://{host}:{self.port}/"

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - start_server makes one for each connection
        self._connections.add(task)
        try:
            # Beyond the limit a client is hung up on at once; the page of a tablet tries again by itself.
            if len(self._connections) <= CONNECTIONS_MAX:
                await self._serve(_Exchange(reader, writer))
        except (TimeoutError, OSError, h11.ProtocolError) as error:
            _log.debug("a client of the local page went away: %s", error)
        except asyncio.CancelledError:
            pass  # only close() cancels these tasks
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _serve(self, exchange: "_Exchange") -> None:
        """One request a connection."""
        async with asyncio.timeout(REQUEST_S):
            request = await exchange.request()
        if request is None:
            return
        path = request.target.decode("ascii", "replace").partition("?")[0]
        if path == "/events" and request.method == b"GET" and self._may_ask(request):
            await self._events(exchange)
            return
        if path == "/downtime" and request.method == b"GET" and self._may_ask(request) and self._downtime_pack:
            html = await self._downtime_pack()
            async with asyncio.timeout(REQUEST_S):
                await exchange.answer(200, "text/html; charset=utf-8", html, policy=PACK_POLICY)
            return
        status, kind, body = self._answer(request, path)
        async with asyncio.timeout(REQUEST_S):
            await exchange.answer(status, kind, body, with_body=request.method != b"HEAD")

    def _answer(self, request: h11.Request, path: str) -> Answer:
        if request.method not in (b"GET", b"HEAD"):
            return _text(405, "this page can only be read")
        if not self._may_ask(request):
            return _text(421, "ask for this page by the address of this machine")
        if path in self._static:
            return self._static[path]
        if path == "/state":
            return 200, "application/json", _json(self._status_model.state(self._machine()))
        if path == "/healthz":
            faults = self._machine().faults
            return 503 if faults else 200, "application/json", _json({"ok": not faults, "faults": list(faults)})
        if path == "/metrics":
            return 200, METRICS_TYPE, self._metrics_text()
        return _text(404, "there is /, /state, /events, /downtime, /healthz and /metrics")

    def _metrics_text(self) -> bytes:
        if self._metrics is None:
            # Not at the top: a gateway that nobody scrapes does not pay for the library (about 3 MB).
            from edge_agent.dock.metrics import Metrics

            self._metrics = Metrics(self._status_model, self._machine).text
        return self._metrics()

    def _may_ask(self, request: h11.Request) -> bool:
        """On loopback, only by a name of this machine: a web page elsewhere must not read us through its own name."""
        if not is_loopback(self._section.host):
            return True
        host = next((value for name, value in request.headers if name == b"host"), b"").decode("ascii", "replace")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        return is_loopback(name.strip("[]")) or _is_address(name.strip("[]"))

    async def _events(self, exchange: "_Exchange") -> None:
        async with asyncio.timeout(REQUEST_S):
            await exchange.begin(200, "text/event-stream; charset=utf-8")
        while True:
            async with asyncio.timeout(REQUEST_S):
                await exchange.send(b"data: " + _json(self._status_model.state(self._machine())) + b"\n\n")
            await asyncio.sleep(EVENTS_PAUSE_S)
            await self._status_model.news(SIGN_OF_LIFE_S)


class _Exchange:
    """One request and its answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=READ_BYTES)

    async def request(self) -> h11.Request | None:
        """The request, None if the client hung up. What is no HTTP gets 400. Raises ``h11.ProtocolError``."""
        while True:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError as error:
                await self.answer(error.error_status_hint, "text/plain", b"this is no request\n")
                raise
            if event is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(READ_BYTES))
            elif isinstance(event, h11.Request):
                return event
            else:
                return None

    async def answer(
        self, status: int, kind: str, body: bytes, *, with_body: bool = True, policy: str = POLICY
    ) -> None:
        """The whole answer."""
        await self.begin(status, kind, [("content-length", str(len(body)))], policy=policy)
        if with_body:
            await self.send(body)

    async def begin(
        self, status: int, kind: str, more: list[tuple[str, str]] | None = None, *, policy: str = POLICY
    ) -> None:
        """The head of an answer. ``policy`` says what the page may load (Content-Security-Policy)."""
        headers = [
            *HEADERS,
            ("content-security-policy", policy),
            ("content-type", kind),
            ("connection", "close"),
            *(more or []),
        ]
        await self._write(h11.Response(status_code=status, headers=headers))

    async def send(self, data: bytes) -> None:
        """More of its body."""
        await self._write(h11.Data(data=data))

    async def _write(self, event: h11.Response | h11.Data) -> None:
        self._writer.write(self._connection.send(event) or b"")
        await self._writer.drain()


def _text(status: int, text: str) -> Answer:
    return status, "text/plain; charset=utf-8", text.encode() + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
