"""What a person does to the brokers' stream from a terminal: make it, and see whether it may be relied on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nats.aio.client import Client
from nats.errors import Error

from cloud_sync.errors import LedgerError
from cloud_sync.ingest.jetstream.connection import Access, NoBroker, closed
from cloud_sync.ingest.jetstream.settings import JetStreamSection
from cloud_sync.ingest.jetstream.stream import faults_of, prepare

T = TypeVar("T")


class BrokerUnusable(LedgerError):
    """None of the nodes did what was asked."""


def prepare_stream(section: JetStreamSection) -> None:
    """Make the stream and its consumers. Raises ``BrokerUnusable``, or ``ValueError`` if a file cannot be used."""
    asyncio.run(_at_any_node(section, lambda client, _: prepare(client, section)))


def stream_faults(section: JetStreamSection) -> list[str]:
    """Why the ledger must not rely on the broker; none if it may. Raises as :func:`prepare_stream`."""
    return asyncio.run(_at_any_node(section, lambda client, access: faults_of(client, section, access.tls)))


async def _at_any_node(section: JetStreamSection, do: Callable[[Client, Access], Awaitable[T]]) -> T:
    access = Access(section)
    reasons = []
    for _ in section.urls:
        try:
            client = await access.connect(asyncio.Event())
            try:
                return await do(client, access)
            finally:
                await closed(client)
        except NoBroker as error:
            reasons.append(str(error))
        except (Error, TimeoutError) as error:
            reasons.append(f"{access.urls[0]}: {error or type(error).__name__}")
        access.next()
    raise BrokerUnusable(
        "; ".join(reasons),
        "Start the broker's nodes, as many as [jetstream] replicas says; check its urls and credentials_file.",
    )
