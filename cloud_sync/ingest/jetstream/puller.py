"""Takes batches of one partition out of the stream: those that wait, together; or the next one, as soon as it comes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from cloud_sync.ingest.jetstream.settings import JetStreamSection

TOGETHER_MAX = 64
TOGETHER_BYTES_MAX = 4 << 20
WAIT_S = 5.0
"""How long a node keeps a wish for the next batch."""
HEARTBEAT_S, SILENT_S = 1.0, 2.5
"""How often it says that it still does, and after how long without a word it is asked again: it has died, or leads no
longer."""
UNREADY_S = 0.5
"""Pause where the nodes are about to choose who leads the consumer."""
KEEP_ALIVE, NONE_WAIT, ENDED = "100", "404", "408"


@dataclass(frozen=True, slots=True)
class Taken:
    """One message: from which gateway, what, and where to acknowledge it."""

    gateway: str
    raw: bytes
    reply: str


class Puller:
    """Reads one partition on one connection."""

    def __init__(self, client: Client, section: JetStreamSection, partition: int) -> None:
        self._client = client
        self._ask_at = f"$JS.API.CONSUMER.MSG.NEXT.{section.stream}.{section.consumer(partition)}"
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None

    async def take(self) -> list[Taken]:
        """What waits; after at most ``WAIT_S`` nothing."""
        if self._subscription is None:
            self._subscription = await self._client.subscribe(self._inbox)
        first = await self._ask({"batch": 1, "expires": int(WAIT_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}, 1)
        if not first:
            return []
        more = {"batch": TOGETHER_MAX - 1, "max_bytes": TOGETHER_BYTES_MAX, "no_wait": True}
        return [_taken(each) for each in (*first, *await self._ask(more, TOGETHER_MAX - 1))]

    async def _ask(self, wish: Mapping[str, object], most: int) -> Sequence[Msg]:
        assert self._subscription is not None  # noqa: S101 - take() has made it
        await self._client.publish(self._ask_at, json.dumps(wish).encode(), reply=self._inbox)
        found: list[Msg] = []
        while len(found) < most:
            try:
                message = await self._subscription.next_msg(SILENT_S)
            except TimeoutError:
                break
            status = (message.headers or {}).get("Status")
            if status is None:
                found.append(message)
            elif status in (NONE_WAIT, ENDED):
                break
            elif status != KEEP_ALIVE:
                await asyncio.sleep(0 if found else UNREADY_S)
                break
        return found


def _taken(message: Msg) -> Taken:
    """NATS takes a dot for a separator, and writes one in a topic as two slashes."""
    return Taken(message.subject.rpartition(".")[2].replace("//", "."), message.data, message.reply)


def receipts_subject(gateway: str) -> str:
    """Under which a gateway reads ``lotwarden/{gateway}/receipts``."""
    return f"lotwarden.{gateway.replace('.', '//')}.receipts"
