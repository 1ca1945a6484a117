"""Fetches the desk from the ledger: now and then, and as soon as something was acknowledged. Whatever goes wrong, the
desk that is there stays.

The gateway's signature is the credential; there is no token that could be copied off the machine.
"""

import asyncio
import base64
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from urllib.parse import quote

import httpx

from edge_agent.buffer.desk_store import CONFIRM_ON_DISK_S, Desk
from edge_agent.config.model import UplinkSection
from edge_agent.domain.stock.desk import DESK_BYTES_MAX, TAKEN_AT_HEADER, DeskFault, desk_etag, desk_of
from edge_agent.domain.wire.request_signing import (
    GATEWAY_HEADER,
    NONCE_HEADER,
    NOW_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    TOLERANCE_S,
    signed_words,
    written,
)
from edge_agent.domain.wire.wire import Sign
from edge_agent.errors import LinkDown, Refused, UplinkError
from edge_agent.timekeeping.clock import Clock
from edge_agent.uplink.https import WHOLE_EXCHANGE_FACTOR
from edge_agent.uplink.tls import tls_context

PATH = "/v1/desk"
SOON_S = 1.0
"""How long a fetch that was asked for waits for others that are asked for at the same time."""

T = TypeVar("T")

_log = logging.getLogger("edge_agent.desk")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class DeskClient:
    """Asks ``{url}/v1/desk``. One request at a time, a connection for each: they are seldom."""

    def __init__(
        self, section: UplinkSection, gateway: str, sign: Sign, clock: Clock, *, url: str | None = None
    ) -> None:
        """``url`` is the ledger's address, if it is not ``section.url``."""
        self._base = (url or section.url).rstrip("/")
        self._address = f"{self._base}{PATH}?gateway={quote(gateway)}"
        self._section = section
        self._trust = tls_context(section)
        self._gateway = gateway
        self._sign = sign
        self._clock = clock
        self._ledger_is_ahead = timedelta(0)

    async def fetch(self, known: Desk | None) -> Desk:
        """The desk as it is now; ``known`` with a new age if the ledger says that nothing has changed.

        Raises ``LinkDown`` for what may pass (no connection, 5xx, something that is no desk), ``Refused`` otherwise.
        """
        asked_at, asked_mono_s = self._clock.now(), self._clock.mono_s()
        answer = await self._ask(known)
        if answer.status == 401 and self._learn_time(answer.headers.get(NOW_HEADER)):
            answer = await self._ask(known)
        taken_at = _time(answer.headers.get(TAKEN_AT_HEADER))
        if answer.status == 304 and known is not None and taken_at is not None:
            return known.confirmed(taken_at, self._clock)
        if answer.status != 200:
            raise _error(answer, self._address)
        try:
            # Parsing a large desk takes a while: not on the loop that has to beep.
            snapshot = await asyncio.to_thread(desk_of, answer.body)
        except DeskFault as fault:
            raise LinkDown(f"{self._address}: this is no desk: {fault.reason}") from fault
        if taken_at is None or snapshot.gateway != self._gateway:
            raise LinkDown(f"{self._address}: this is no desk of {self._gateway}")
        etag = desk_etag(answer.body)
        return Desk(snapshot, etag, taken_at, asked_at, asked_mono_s, str(self._clock.boot))

    async def signed_get(self, path: str, query: str) -> bytes | None:
        """What the ledger answers to this gateway at another path; None if it has no such thing yet.

        Raises ``UplinkError`` as :meth:`fetch` does.
        """
        address = f"{self._base}{path}?gateway={quote(self._gateway)}&{query}"
        answer = await self._exchange_in_time("GET", address, self._credentials(path))
        if answer.status not in (200, 404):
            raise _error(answer, address)
        return answer.body if answer.status == 200 else None

    async def signed_post(self, path: str, signed_path: str, body: bytes) -> bytes | None:
        """The ledger's answer to JSON of this gateway; None if it has no such address: it is older than this gateway.

        ``signed_path`` is what the signature is over; it names the body. Raises ``UplinkError`` as :meth:`fetch` does.
        """
        address = f"{self._base}{path}"
        for _ in range(2):
            headers = self._credentials(signed_path, "POST") | {"content-type": "application/json"}
            answer = await self._exchange_in_time("POST", address, headers, body)
            if answer.status != 401 or not self._learn_time(answer.headers.get(NOW_HEADER)):
                break
        if answer.status in (404, 405):
            return None
        if answer.status != 200:
            raise _error(answer, address)
        return answer.body

    async def post(self, path: str, body: bytes) -> None:
        """Send JSON that needs no other credential than what it holds. Raises ``UplinkError``."""
        address = f"{self._base}{path}"
        answer = await self._exchange_in_time("POST", address, {"content-type": "application/json"}, body)
        if not 200 <= answer.status < 300:
            raise _error(answer, address)

    async def _ask(self, known: Desk | None) -> _Answer:
        headers = self._credentials(PATH)
        if known is not None:
            headers["if-none-match"] = known.etag
        return await self._exchange_in_time("GET", self._address, headers)

    async def _exchange_in_time(
        self, method: str, address: str, headers: dict[str, str], body: bytes | None = None
    ) -> _Answer:
        headers = {**headers, "accept": "application/json", "user-agent": "lotwarden-edge"}
        try:
            async with asyncio.timeout(self._section.timeout_s * WHOLE_EXCHANGE_FACTOR):
                return await self._exchange(method, address, headers, body)
        except TimeoutError as error:
            raise LinkDown(f"{address}: no whole answer in time") from error
        except httpx.HTTPError as error:
            raise LinkDown(f"{address}: {error or type(error).__name__}") from error

    async def _exchange(self, method: str, address: str, headers: dict[str, str], said: bytes | None) -> _Answer:
        body = bytearray()
        async with (
            httpx.AsyncClient(verify=self._trust, timeout=self._section.timeout_s, trust_env=False) as client,
            client.stream(method, address, headers=headers, content=said) as response,
        ):
            async for part in response.aiter_bytes():
                body += part
                if len(body) > DESK_BYTES_MAX:
                    raise LinkDown(f"{address}: the answer is longer than {DESK_BYTES_MAX} bytes")
        return _Answer(response.status_code, response.headers, bytes(body))

    def _credentials(self, path: str, method: str = "GET") -> dict[str, str]:
        at = written(self._clock.now() + self._ledger_is_ahead)
        nonce = secrets.token_hex(16)
        signature = self._sign(signed_words(self._gateway, method, path, at, nonce))
        return {
            GATEWAY_HEADER: self._gateway,
            TIME_HEADER: at,
            NONCE_HEADER: nonce,
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        }

    def _learn_time(self, ledger_now: str | None) -> bool:
        """A gateway without a battery-backed clock wakes up years ago; it asks by the ledger's time then."""
        now = _time(ledger_now)
        if now is None:
            return False
        ahead = now - self._clock.now()
        is_news = abs(ahead - self._ledger_is_ahead) > timedelta(seconds=TOLERANCE_S / 2)
        self._ledger_is_ahead = ahead
        return is_news


class DeskPuller(Generic[T]):
    """The task that keeps the desk fresh."""

    def __init__(
        self,
        client: DeskClient,
        clock: Clock,
        *,
        pull_s: float,
        before: Callable[[], Awaitable[T]],
        take: Callable[[Desk, T], Awaitable[None]],
        keep: Callable[[Desk], None],
        known: Desk | None,
    ) -> None:
        """``before`` is called ahead of each request; what it gives goes to ``take`` with the desk that came.

        ``keep`` writes it to the disk, from a thread. ``known`` is what is there already.
        """
        self._client = client
        self._clock = clock
        self._pull_s = pull_s
        self._before = before
        self._take = take
        self._keep = keep
        self._known = known
        self._kept_mono_s = clock.mono_s()
        self._soon = asyncio.Event()
        self._failing = ""
        self._reached_s = clock.mono_s()

    @property
    def reached_s(self) -> float:
        """When (monotonic seconds) the ledger answered last, if only with a refusal; the start if it never has."""
        return self._reached_s

    @property
    def trouble(self) -> str:
        """Why the last request brought no desk, "" if it did."""
        return self._failing

    def wake(self) -> None:
        """The ledger has heard news from here, or the link is back: ask soon."""
        self._soon.set()

    async def run(self) -> None:
        """Pull until cancelled."""
        while True:
            self._soon.clear()
            try:
                await self.pull_once()
            except UplinkError as error:
                self._note_failure(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pull_s):
                    await self._soon.wait()
            if self._soon.is_set():
                await asyncio.sleep(min(SOON_S, self._pull_s))

    async def pull_once(self) -> None:
        """One request and what follows from it. Raises ``UplinkError``."""
        token = await self._before()
        try:
            desk = await self._client.fetch(self._known)
        except Refused:
            self._reached_s = self._clock.mono_s()
            raise
        self._reached_s = self._clock.mono_s()
        is_new = self._known is None or desk.etag != self._known.etag
        if is_new or self._clock.mono_s() - self._kept_mono_s > CONFIRM_ON_DISK_S:
            await self._keep_on_disk(desk)
        self._known = desk
        await self._take(desk, token)
        if self._failing:
            _log.info("the desk comes again from the ledger")
        self._failing = ""

    async def _keep_on_disk(self, desk: Desk) -> None:
        try:
            await asyncio.to_thread(self._keep, desk)
            self._kept_mono_s = self._clock.mono_s()
        except OSError as error:
            _log.error("the desk could not be saved to disk (%s): it will be lost at the next restart", error.strerror)

    def _note_failure(self, error: UplinkError) -> None:
        if not self._failing:
            _log.warning("no desk from the ledger: %s. The docks go on with what they have", error)
        self._failing = str(error)


def _error(answer: _Answer, address: str) -> UplinkError:
    words = f"{address}: the answer was {answer.status} {answer.body[:200].decode(errors='replace')!r}"
    if answer.status in (401, 403, 404, 409):
        return Refused(f"{words}: check that this gateway is registered with a place (edge-agent identity)")
    return LinkDown(words)


def _time(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else None
