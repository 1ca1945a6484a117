"""``python -m edge_agent.simulators`` as a newcomer uses it: what it prints can be pasted, what is typed is obeyed."""

import asyncio
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_agent.config import GatewayConfig
from edge_agent.domain.records import Quality
from tests.integration.edge.drivers.running import Running


class Terminal:
    """A running simulator command with its input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def printed_until(self, words: str) -> str:
        assert self._process.stdout is not None
        text = ""
        async with asyncio.timeout(20):
            while words not in text:
                line = await self._process.stdout.readline()
                assert line, f"it ended: {text}"
                text += line.decode()
        return text


@asynccontextmanager
async def simulator(*args: str) -> AsyncIterator[Terminal]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge_agent.simulators",
        *args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Terminal(process)
    finally:
        process.kill()
        await process.communicate()


def pasted(printed: str) -> GatewayConfig:
    """A gateway's configuration with the printed lines in it."""
    lines = printed[printed.index("[[bus]]") : printed.index("Commands:")]
    head = '[gateway]\nname = "gw-1"\ndata_dir = "/nowhere"\n[uplink]\nurl = "https://ledger.example"\n'
    return GatewayConfig.model_validate(tomllib.loads(head + lines))


async def test_a_gateway_hears_the_room_with_the_configuration_it_prints() -> None:
    sensors = ["--profile", "xy-md02", "--profile", "comet-t3510", "--unit", "1", "--unit", "2"]
    async with simulator("room", "--port", "0", "--seed", "7", *sensors) as room:
        config = pasted(await room.printed_until("Commands:"))
        async with Running(config) as heard:
            await heard.until(lambda h: all(h.good(f"cold-room/probe-{n}") for n in (1, 2)))
            room.type("fault 1 exception")
            await room.printed_until("Unit 1: exception.")
            await heard.until(lambda h: bool(h.readings("cold-room/probe-1", Quality.FAULT)))
            room.type("open")
            assert "door open at" in await room.printed_until("%RH")
    assert 2 < heard.good("cold-room/probe-1")[0]["temp_c"] < 8


async def test_a_mistyped_command_or_option_says_what_there_is() -> None:
    async with simulator("room", "--port", "0") as room:
        await room.printed_until("Commands:")
        room.type("fault 1 sulking")
        assert "There is no fault 'sulking'; there are none, dead" in await room.printed_until("half.")
        room.type("fault 8 dead")
        assert "There is no unit 8; there are 1." in await room.printed_until(".")
    async with simulator("room", "--door-open-after", "soon") as room:
        await room.printed_until("is not a duration; write e.g. 60s")
    async with simulator("link", "nowhere") as link:
        await link.printed_until("write HOST:PORT")
