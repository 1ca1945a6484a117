"""The ledger over HTTPS: one POST carries many batches, the answer has a receipt for each."""

import asyncio
import logging
from collections.abc import Sequence

import httpx

from edge_agent.config.model import UplinkSection, url_fault
from edge_agent.domain.wire.wire import digest_of, join_units
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.uplink.base import Receipt
from edge_agent.uplink.receipts import RECEIPTS_BYTES_MAX, NoReceipts, parse_receipts
from edge_agent.uplink.tls import tls_context
from edge_agent.uplink.trust import LedgerTrust, forged_words

MEDIA_TYPE = "application/vnd.lotwarden.batches"
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

    def __init__(self, section: UplinkSection, trust: LedgerTrust | None = None) -> None:
        """``trust`` is whose receipts count; without it, those of the first ledger that answers."""
        fault = url_fault(section.url)
        if fault:
            raise ConfigError((f"uplink.url: {fault}",))
        self._address = f"{section.url.rstrip('/')}/v1/batches"
        self._exchange_s = section.timeout_s * WHOLE_EXCHANGE_FACTOR
        self._timeout_s = section.timeout_s
        self._trust = tls_context(section)
        self._ledger = trust or LedgerTrust()
        self._forged = ""
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
        return self._receipts(answer, {digest_of(unit) for unit in units})

    @property
    def forged(self) -> str:
        """See :class:`edge_agent.uplink.base.Uplink`."""
        return self._forged

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
                if len(answer) > RECEIPTS_BYTES_MAX:
                    raise LinkDown(f"{self._address}: the answer is longer than {RECEIPTS_BYTES_MAX} bytes")
        return response.status_code, bytes(answer)

    def _receipts(self, answer: bytes, sent: set[str]) -> tuple[Receipt, ...]:
        self._ledger.reread()
        try:
            # Whoever answers here has proven by the certificate to be the ledger.
            parsed = parse_receipts(answer, self._ledger, learns=True)
        except NoReceipts as error:
            # Often a captive portal: it says 200 to everything, in HTML.
            raise LinkDown(f"{self._address}: {error}") from error
        receipts = tuple(receipt for receipt in parsed.receipts if receipt.digest in sent)
        ignored = parsed.unreadable + len(parsed.receipts) - len(receipts)
        if ignored:
            _log.warning("%s: ignored %d receipts that are unreadable or for batches not sent", self._address, ignored)
        self._forged = forged_words(self._address, parsed.forged)
        return receipts


def _raise_for(status: int, answer: bytes, address: str) -> None:
    if status == 200:
        return
    words = f"{address}: the answer was {status} {answer[:200].decode(errors='replace')!r}"
    if status >= 500 or status in TRY_AGAIN:
        raise LinkDown(words)
    raise Refused(f"{words}: check uplink.url, and that this gateway's key is registered (edge-agent identity)")


def _words(error: httpx.HTTPError) -> str:
    """Some of httpx's errors have no text of their own."""
    return str(error) or type(error).__name__
