"""A TCP cable between an uplink and its server that breaks where a test wants it to."""

import asyncio
import contextlib
from collections.abc import Iterable


class Relay:
    """Passes bytes on to ``127.0.0.1:port`` both ways.

    ``budgets``: the first connection is reset after so many bytes of both directions, the second after the next
    number, and so on; later ones are not.
    """

    def __init__(self, port: int, budgets: Iterable[int] = ()) -> None:
        self.target = port
        self.budgets = list(budgets)
        self.port = 0
        self.connections = 0
        self._forgotten: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget_connections(self) -> None:
        """Swallow what the connections of this moment carry, without a word to either side."""
        self._forgotten |= self._tasks

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        left = [self.budgets.pop(0)] if self.budgets else None
        writers = [writer]
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(up_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, up_writer, task, left)),
                asyncio.create_task(self._pump(up_reader, writer, task, left)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # one side went away, or the test is over
        finally:
            self._tasks.discard(task)
            for each in writers:
                each.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        owner: asyncio.Task[None],
        left: list[int] | None,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if owner in self._forgotten:
                    continue
                if left is not None:
                    data, left[0] = data[: left[0]], left[0] - len(data)
                writer.write(data)
                await writer.drain()
                if left is not None and left[0] <= 0:
                    return
