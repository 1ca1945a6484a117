"""The cable that can be pulled."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from edge_agent.simulators.link import CutMode, Relay


@pytest.fixture
async def cable() -> AsyncIterator[Relay]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with Relay(*server.sockets[0].getsockname()[:2]) as relay:
        yield relay
    server.close()


async def connect(cable: Relay) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(cable.host, cable.port)


async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    async with asyncio.timeout(5):
        return await reader.readexactly(len(data))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the relay has nothing to wait on but its counts
            await asyncio.sleep(0.005)


async def test_bytes_pass_both_ways_and_are_counted(cable: Relay) -> None:
    reader, writer = await connect(cable)
    assert await says(reader, writer, b"hello") == b"hello"
    assert (cable.bytes_up, cable.bytes_down, cable.connections) == (5, 5, 1)
    writer.close()


async def test_a_cable_that_dies_resets_connections_and_refuses_new_ones_until_mended(cable: Relay) -> None:
    reader, writer = await connect(cable)
    await says(reader, writer, b"hello")
    await cable.cut(CutMode.DIE)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    with pytest.raises(ConnectionRefusedError):
        await connect(cable)
    assert cable.is_cut
    port = cable.port
    await cable.mend()
    assert cable.port == port and not cable.is_cut
    again = await connect(cable)
    assert await says(*again, b"again") == b"again"
    again[1].close()
    writer.close()


async def test_a_cable_that_hangs_is_silent_and_delivers_when_mended(cable: Relay) -> None:
    old = await connect(cable)
    await says(*old, b"hello")
    await cable.cut(CutMode.HANG)
    old[1].write(b"held")
    new = await connect(cable)
    new[1].write(b"back")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await asyncio.wait({asyncio.ensure_future(old[0].read(1)), asyncio.ensure_future(new[0].read(1))})
    assert cable.bytes_down == 5
    await cable.mend()
    await until(lambda: cable.bytes_down == 13)
    old[1].close()
    new[1].close()


@pytest.mark.parametrize("mode", CutMode)
async def test_a_cable_cut_after_so_many_bytes_passes_exactly_those(cable: Relay, mode: CutMode) -> None:
    reader, writer = await connect(cable)
    cable.cut_after(8, mode)
    writer.write(b"hello")
    await until(lambda: cable.is_cut)
    assert cable.bytes_up + cable.bytes_down == 8
    if mode is CutMode.HANG:
        await cable.mend()
        assert await reader.readexactly(5) == b"hello"
    writer.close()


async def test_forgotten_connections_are_silent_for_good_and_new_ones_work(cable: Relay) -> None:
    old = await connect(cable)
    await says(*old, b"hello")
    cable.forget_connections()
    old[1].write(b"lost")
    new = await connect(cable)
    assert await says(*new, b"found") == b"found"
    assert cable.bytes_up == 10
    old[1].close()
    new[1].close()
