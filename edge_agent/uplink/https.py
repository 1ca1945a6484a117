"""The ledger over HTTPS: one POST carries many batches, the answer has a receipt for each."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, Field, ValidationError

from edge_agent.config import UplinkSection, url_fault
from edge_agent.domain.wire import digest_of, join_units
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.uplink.base import Outcome, Receipt

MEDIA_TYPE = "application/vnd.lotwarden.batches"
ANSWER_BYTES_MAX = 1 << 20
WHOLE_EXCHANGE_FACTOR = 6
"""``timeout_s`` limits each step of an exchange; this many of them limit the whole, so that a link that trickles
one byte at a time is given up too."""
TRY_AGAIN = {408, 425, 429}

_log = logging.getLogger("edge_agent.uplink")


class HttpsUplink:
    """Sends batches to ``{url}/v1/batches``. Keeps its connection open between messages.

    The certificate is always verified: against the system's trust store and, if given, ``ca_file``. Plain http is
    taken for this very machine only; anything else raises ``ConfigError``. Proxies from the environment are not
    used: they would carry loopback traffic out of the machine.
    """

    def __init__(self, section: UplinkSection) -> None:
        fault = url_fault(section.url)
        if fault:
            raise ConfigError((f"uplink.url: {fault}",))
        self._address = f"{section.url.rstrip('/')}/v1/batches"
        self._exchange_s = section.timeout_s * WHOLE_EXCHANGE_FACTOR
        self._timeout_s = section.timeout_s
        self._trust = _trust(section.ca_file)
        self._client = self._new_client()

    async def send(self, units: Sequence[bytes]) -> tuple[Receipt, ...]:
        """One POST. See :class:`edge_agent.uplink.base.Uplink`."""
        try:
            async with asyncio.timeout(self._exchange_s):
                status, answer = await self._post(join_units(units))
        except TimeoutError as error:
            await self._start_over()
            raise LinkDown(f"{self._address}: no whole answer within {self._exchange_s:.0f} s") from error
        except httpx.HTTPError as error:
            await self._start_over()
            raise LinkDown(f"{self._address}: {_words(error)}") from error
        except BaseException:
            await self._start_over()
            raise
        _raise_for(status, answer, self._address)
        return _receipts(answer, {digest_of(unit) for unit in units}, self._address)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._trust,
            timeout=self._timeout_s,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=120.0),
            trust_env=False,
        )

    async def _start_over(self) -> None:
        """A new pool of connections: an exchange cut off at an unlucky instant leaves httpcore's pool full for ever."""
        broken, self._client = self._client, self._new_client()
        await broken.aclose()

    async def _post(self, message: bytes) -> tuple[int, bytes]:
        answer = bytearray()
        headers = {"content-type": MEDIA_TYPE, "accept": "application/json", "user-agent": "lotwarden-edge"}
        async with self._client.stream("POST", self._address, content=message, headers=headers) as response:
            async for part in response.aiter_bytes():
                answer += part
                if len(answer) > ANSWER_BYTES_MAX:
                    raise LinkDown(f"{self._address}: the answer is longer than {ANSWER_BYTES_MAX} bytes")
        return response.status_code, bytes(answer)


class _ReceiptLine(BaseModel):
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    outcome: Outcome
    reason: str = ""


class _Answer(BaseModel):
    receipts: list[Any]


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                (f"uplink.ca_file: {ca_file} holds no certificates that can be read ({error}): write the path of a "
                 "PEM file",)
            ) from error  # fmt: skip
    return context


def _raise_for(status: int, answer: bytes, address: str) -> None:
    if status == 200:
        return
    words = f"{address}: the answer was {status} {answer[:200].decode(errors='replace')!r}"
    if status >= 500 or status in TRY_AGAIN:
        raise LinkDown(words)
    raise Refused(f"{words}: check uplink.url, and that this gateway's key is registered (edge-agent identity)")


def _receipts(answer: bytes, sent: set[str], address: str) -> tuple[Receipt, ...]:
    try:
        lines = _Answer.model_validate_json(answer).receipts
    except ValidationError as error:
        # Often a captive portal: it says 200 to everything, in HTML.
        raise LinkDown(f"{address}: this is not a ledger's answer: {answer[:80]!r}") from error
    receipts = []
    ignored = 0
    for line in lines:
        try:
            receipt = _ReceiptLine.model_validate(line)
        except ValidationError:
            ignored += 1
            continue
        if receipt.digest in sent:
            receipts.append(Receipt(receipt.digest, receipt.outcome, receipt.reason))
        else:
            ignored += 1
    if ignored:
        _log.warning("%s: ignored %d receipts that are unreadable or for batches not sent", address, ignored)
    return tuple(receipts)


def _words(error: httpx.HTTPError) -> str:
    """Some of httpx's errors have no text of their own."""
    return str(error) or type(error).__name__
