"""The socket on which the ledger is served."""

import asyncio
import socket

import pytest

from cloud_sync.commands.serving import listening_socket


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_connections_that_are_accepted_send_small_answers_at_once(host: str) -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            sock = transport.get_extra_info("socket")
            accepted.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    with listening_socket(host, 0) as listening:
        server = await asyncio.get_running_loop().create_server(Protocol, sock=listening)
        async with server:
            _, writer = await asyncio.open_connection(host, listening.getsockname()[1])
            writer.close()
            assert await accepted
