"""A connection to one of the broker's nodes, for as long as it lasts."""

import asyncio
import ssl
from contextlib import suppress

import nats
from nats.aio.client import Client
from nats.errors import Error

from cloud_sync.ingest.broker_access import credentials, tls_context
from cloud_sync.ingest.jetstream.settings import JetStreamSection

CONNECT_S = 3
PING_S = 2
PINGS_UNANSWERED_MAX = 2
"""A node that was paused, or is behind a cut link, is given up after so many of them."""


class NoBroker(Exception):
    """No node could be connected to. The text says why."""


class Access:
    """Where the nodes are, and who the ledger is to them."""

    def __init__(self, section: JetStreamSection) -> None:
        """Raises ``ValueError`` if a file of ``section`` cannot be used."""
        self.urls = list(section.urls)
        self.tls: ssl.SSLContext | None = (
            tls_context("jetstream", section.ca_file, section.client_cert_file, section.client_key_file)
            if section.is_tls
            else None
        )
        self.user: str | None = None
        self.password: str | None = None
        if section.credentials_file is not None:
            self.user, self.password = credentials("jetstream", section.credentials_file)

    def next(self) -> None:
        """Begin with another node next time."""
        self.urls.append(self.urls.pop(0))

    async def connect(self, lost: asyncio.Event) -> Client:
        """A connection to the first node; ``lost`` is set when it ends. Raises ``NoBroker``."""

        async def end(_error: Exception | None = None) -> None:
            lost.set()

        async def ignore(_error: Exception) -> None:
            """Whatever it is ends the connection, and is reported by whoever needs it."""

        try:
            async with asyncio.timeout(2 * CONNECT_S):
                return await nats.connect(
                    servers=[self.urls[0]],
                    name="lotwarden-ledger",
                    tls=self.tls,
                    user=self.user,
                    password=self.password,
                    connect_timeout=CONNECT_S,
                    ping_interval=PING_S,
                    max_outstanding_pings=PINGS_UNANSWERED_MAX,
                    allow_reconnect=False,
                    error_cb=ignore,
                    disconnected_cb=end,
                    closed_cb=end,
                )
        except (Error, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise NoBroker(f"{self.urls[0]}: {reason}") from error


async def closed(client: Client) -> None:
    """Close it, but wait for nobody who is gone."""
    with suppress(Error, OSError, TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            await client.close()
