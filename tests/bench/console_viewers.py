"""Many open pages without browsers: ``URL COOKIE COUNT`` follows the live stream that often, and reads all of it."""

import asyncio
import sys
from urllib.parse import urlsplit

MANY = 64 * 1024


async def _follow(url: str, cookie: str, has_begun: asyncio.Semaphore) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET /live HTTP/1.1\r\nhost: {address.netloc}\r\ncookie: {cookie}\r\n\r\n".encode())
    status = await reader.readline()
    assert status.startswith(b"HTTP/1.1 200"), status
    await reader.readuntil(b"event: tiles")
    has_begun.release()
    while await reader.read(MANY):
        pass
    raise ConnectionError("the ledger closed a stream")


async def main(url: str, cookie: str, count: int) -> None:
    """Say ``open`` when all of them have begun, and go on until the process is ended."""
    has_begun = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(_follow(url, cookie, has_begun))
        for _ in range(count):
            await has_begun.acquire()
        sys.stdout.write("open\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
