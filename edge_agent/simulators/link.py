"""A network cable that can be pulled: a TCP relay between a client and a server."""

import asyncio
import contextlib
from enum import StrEnum


class CutMode(StrEnum):
    """What a pulled cable looks like to the client."""

    DIE = "die"  # connections are reset, new ones refused: the other side's computer is up, its program is not
    HANG = "hang"  # connections stay and are silent, new ones too: a pulled cable, a lost route


class Relay:
    """Listens, and passes bytes on to ``(host, port)`` both ways, until it is cut.

    A cable that hung delivers what was held back when it is mended, as TCP does. Use as an async context manager.
    """

    def __init__(self, host: str, port: int) -> None:
        """Where the server is."""
        self.target_host = host
        self.target_port = port
        self._server: asyncio.Server | None = None
        self._intact = asyncio.Event()
        self._intact.set()
        self._mode = CutMode.DIE
        self._bytes_left: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgotten: set[asyncio.Task[None]] = set()
        self.host = ""
        self.port = 0
        self.bytes_up = 0
        """Bytes passed from clients to the server."""
        self.bytes_down = 0
        """Bytes passed from the server to clients."""

    @property
    def is_cut(self) -> bool:
        """Whether nothing passes."""
        return not self._intact.is_set()

    @property
    def connections(self) -> int:
        """How many clients are connected, silent ones included."""
        return len(self._tasks)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Port 0 lets the system choose one; ``port`` then says which, and stays the same over cuts."""
        self._server = await asyncio.start_server(self._relay, host, port)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Drop everything and stop listening."""
        await self._stop_listening()
        self._reset_connections()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self, mode: CutMode = CutMode.DIE) -> None:
        """Pull the cable."""
        self._cut_now(mode)
        if mode is CutMode.DIE:
            await self._stop_listening()

    def cut_after(self, bytes_left: int, mode: CutMode = CutMode.DIE) -> None:
        """Pull the cable when so many more bytes, of both directions together, have passed."""
        self._bytes_left, self._mode = bytes_left, mode

    async def mend(self) -> None:
        """Plug the cable in again."""
        self._bytes_left = None
        self._intact.set()
        if self._server is None:
            await self.start(self.host, self.port)

    def forget_connections(self) -> None:
        """Swallow from now on whatever existing connections carry, without a word to either side; new ones work.

        A device that lost power, or a firewall that lost its table, leaves such half-open connections behind.
        """
        self._forgotten |= self._tasks

    async def __aenter__(self) -> "Relay":
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of asyncio's own server
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # cut; a cancelled handler makes asyncio complain
                await self._intact.wait()
                await self._join(reader, writer, task)
        finally:
            self._tasks.discard(task)
            self._forgotten.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(self.target_host, self.target_port)
        except OSError:
            return  # nobody at the other end: neither is there for the client
        self._writers.add(up_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, up_writer, task, is_up=True))
                both.create_task(self._pump(up_reader, writer, task, is_up=False))
        except* (OSError, _CutOff):
            pass  # one side went away: so does the other
        finally:
            self._writers.discard(up_writer)
            up_writer.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, owner: asyncio.Task[None], *, is_up: bool
    ) -> None:
        while data := await reader.read(65536):
            while data and owner not in self._forgotten:
                await self._intact.wait()
                passed, data = self._take(data)
                writer.write(passed)
                await writer.drain()
                if is_up:
                    self.bytes_up += len(passed)
                else:
                    self.bytes_down += len(passed)
                if self._bytes_left == 0:
                    self._bytes_left = None
                    self._cut_now(self._mode)
                    if self._mode is CutMode.DIE:
                        await self._stop_listening()
        raise _CutOff

    def _take(self, data: bytes) -> tuple[bytes, bytes]:
        if self._bytes_left is None:
            return data, b""
        passed = data[: self._bytes_left]
        self._bytes_left -= len(passed)
        return passed, data[len(passed) :]

    def _cut_now(self, mode: CutMode) -> None:
        self._mode = mode
        self._intact.clear()
        if mode is CutMode.DIE:
            self._reset_connections()

    def _reset_connections(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):  # from 3.12 on it waits for the connections too
                    await server.wait_closed()


class _CutOff(Exception):
    """One side has ended its stream."""
