"""The ledger's door for batches that a cluster of nats-server nodes keeps in a stream.

Gateways publish by MQTT 3.1.1 to any of the nodes. The stream keeps what comes on three of them, and ledgers take it
out of there: each batch goes to one ledger, and back into the stream if that one dies. What the broker acknowledges to
a gateway (PUBACK) says nothing of this stream; it may be full, or without a leader. The one truth is the ledger's
signed receipt, published once the batch is committed. So the stream may lose what it likes: the gateway sends again.

A batch is acknowledged to the stream after its receipt was published. Where that fails it comes again, as a duplicate.
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from nats.aio.client import Client
from nats.errors import Error

from cloud_sync.ingest.batch_taker import BatchTaker, Missing, Seal, Store, Troubles, is_gateway_name
from cloud_sync.ingest.jetstream.connection import Access, NoBroker, closed
from cloud_sync.ingest.jetstream.puller import Puller, Taken, receipts_subject
from cloud_sync.ingest.jetstream.settings import JetStreamSection
from cloud_sync.ingest.jetstream.stream import faults_of

RECONNECT_MIN_S, RECONNECT_MAX_S = 0.2, 5.0
FAREWELL_S = 2
UNSTORED_S = 1.0
"""Pause of a partition whose batches could not be stored."""
ACKNOWLEDGED, AGAIN = b"+ACK", b'-NAK {"delay": 2000000000}'

_log = logging.getLogger("cloud_sync.jetstream")


class JetStreamDoor:
    """Takes batches from the stream and answers with receipts, from ``start`` until ``stop``."""

    def __init__(
        self, section: JetStreamSection, store: Store, seal: Seal, missing: Missing = lambda _gateway, _raw: ""
    ) -> None:
        """Connects to nothing yet. Raises ``ValueError`` if a file of ``section`` cannot be used."""
        self._section = section
        self._access = Access(section)
        self._troubles = Troubles(_log)
        self._taker = BatchTaker(store, seal, missing, self._publish, self._troubles)
        self._pool = ThreadPoolExecutor(section.workers, "jetstream-worker")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None
        self._stop: asyncio.Event | None = None
        self._dealing: set[asyncio.Task[None]] = set()
        self._refusal: list[str] = []
        self._is_settled = threading.Event()
        self._is_connected = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="jetstream-door", daemon=True)

    @property
    def is_connected(self) -> bool:
        """Whether batches can come in."""
        return self._is_connected.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until batches can come in; False if that took longer than ``timeout_s``."""
        return self._is_connected.wait(timeout_s)

    def start(self) -> None:
        """Connect, and go on connecting whenever the broker was lost. Returns once a node has been asked, or none of
        them answered.

        Raises ``ValueError`` if the broker answers and must not be relied on.
        """
        self._thread.start()
        self._is_settled.wait()
        if self._refusal:
            self.stop()
            raise ValueError("; ".join(self._refusal))

    def stop(self) -> None:
        """Take nothing more, finish what is being stored, send its receipts, and let go of the broker."""
        if (loop := self._loop) is not None and (stop := self._stop) is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(stop.set)
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        pause_s, tried = RECONNECT_MIN_S, 0
        try:
            while not self._stop.is_set():
                reason = await self._serve_one_node()
                tried += 1
                if self._refusal or self._stop.is_set():
                    return
                if tried >= len(self._section.urls):
                    self._is_settled.set()
                self._troubles.enter("broker", f"broker lost: {reason}. Gateways keep their batches meanwhile")
                pause_s = RECONNECT_MIN_S if self._is_connected.is_set() else min(pause_s * 2, RECONNECT_MAX_S)
                self._is_connected.clear()
                self._access.next()
                await _either(self._stop, pause_s)
        finally:
            await asyncio.gather(*self._dealing)
            self._is_connected.clear()
            self._is_settled.set()

    async def _serve_one_node(self) -> str:
        """Serve as long as its connection lasts; gives why it ended."""
        lost = asyncio.Event()
        try:
            client = await self._access.connect(lost)
        except NoBroker as error:
            return str(error)
        try:
            if faults := await faults_of(client, self._section, self._access.tls):
                return self._note_refused(faults)
            self._client = client
            self._note_connected()
            await self._pull_until_lost(client, lost)
            return f"{self._access.urls[0]}: the connection broke"
        except (Error, TimeoutError) as error:
            return f"{self._access.urls[0]}: {error or type(error).__name__}"
        finally:
            self._client = None
            await closed(client)

    def _note_refused(self, faults: list[str]) -> str:
        if not self._is_settled.is_set():
            self._refusal = faults  # at the start: whoever starts it is told
        return "; ".join(faults)

    def _note_connected(self) -> None:
        if not self._section.monitor_urls and not self._is_settled.is_set():
            _log.warning("whether the broker syncs each batch to the disk is not known: write jetstream.monitor_urls")
        _log.info("%s: connected, reading stream %s", self._access.urls[0], self._section.stream)
        self._troubles.leave("broker", f"broker {self._access.urls[0]} is back")
        self._is_connected.set()
        self._is_settled.set()

    async def _pull_until_lost(self, client: Client, lost: asyncio.Event) -> None:
        assert self._stop is not None  # noqa: S101 - _serve has made it
        stop = self._stop
        pulls = [
            asyncio.create_task(self._pull(Puller(client, self._section, partition), lost, stop))
            for partition in range(self._section.partitions)
        ]
        ends = [asyncio.create_task(each.wait()) for each in (lost, stop)]
        try:
            await asyncio.wait([*ends, *pulls], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (*ends, *pulls):
                each.cancel()
            await asyncio.gather(*ends, *pulls, return_exceptions=True)
        if stop.is_set():
            await asyncio.gather(*self._dealing)
            with suppress(Error, TimeoutError):
                await client.flush(timeout=FAREWELL_S)

    async def _pull(self, puller: Puller, lost: asyncio.Event, stop: asyncio.Event) -> None:
        while not lost.is_set() and not stop.is_set():
            if taken := await puller.take():
                # What is being stored is stored to the end, and answered, whatever becomes of the connection.
                dealing = asyncio.create_task(self._deal_with(taken))
                self._dealing.add(dealing)
                dealing.add_done_callback(self._dealing.discard)
                await asyncio.shield(dealing)

    async def _deal_with(self, taken: Sequence[Taken]) -> None:
        by_gateway: dict[str, list[Taken]] = defaultdict(list)
        for each in taken:
            by_gateway[each.gateway].append(each)
        await asyncio.gather(*(self._take(gateway, group) for gateway, group in by_gateway.items()))

    async def _take(self, gateway: str, group: Sequence[Taken]) -> None:
        assert self._loop is not None  # noqa: S101 - _serve has made it
        if not is_gateway_name(gateway):
            self._troubles.enter("name", f"ignoring what comes as {gateway!r}: that is not the name of a gateway")
            is_done = True
        else:
            raws = [each.raw for each in group]
            is_done = await self._loop.run_in_executor(self._pool, self._taker.take, gateway, raws)
        for each in group:
            await self._say(each.reply, ACKNOWLEDGED if is_done else AGAIN)
        if not is_done:
            await asyncio.sleep(UNSTORED_S)

    def _publish(self, gateway: str, answer: bytes) -> None:
        """In a worker's thread. It is on its way before the batch is acknowledged to the stream."""
        assert self._loop is not None  # noqa: S101 - only _take comes here
        asyncio.run_coroutine_threadsafe(self._say(receipts_subject(gateway), answer), self._loop)

    async def _say(self, subject: str, content: bytes) -> None:
        """On the connection of now; without one nothing is sent, and the batch comes again."""
        if (client := self._client) is not None and client.is_connected:
            with suppress(Error, OSError):
                await client.publish(subject, content)


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError, asyncio.TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
