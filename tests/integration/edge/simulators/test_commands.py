"""``python -m edge_agent.simulators`` as a newcomer uses it: what it prints can be pasted, what is typed is obeyed."""

import asyncio
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import Quality
from tests.support.running_bus import Running


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


def pasted(printed: str, until: str = "Commands:") -> GatewayConfig:
    """A gateway's configuration with the printed lines in it."""
    lines = printed[printed.index("[[") : printed.index(until)]
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


@pytest.mark.parametrize("framing", ["rtu", "ascii"])
async def test_a_gateway_hears_the_line_with_the_configuration_it_prints(framing: str) -> None:
    options = ["--profile", "ee-ee310", "--profile", "comet-t3311", "--framing", framing, "--echoes"]
    async with simulator("line", *options) as line:
        config = pasted(await line.printed_until("Ctrl+C ends."), "Ctrl+C")
        async with Running(config) as heard:
            await heard.until(lambda h: all(h.good(f"cold-room/probe-{n}") for n in (1, 2)))
    assert 2 < heard.good("cold-room/probe-1")[0]["temp_c"] < 8


@pytest.mark.parametrize("profile", ["lighthouse", "pms-airnet2", "metone-6000"])
async def test_a_gateway_hears_the_counter_with_the_configuration_it_prints(profile: str, tmp_path: Path) -> None:
    async with simulator("counter", "--profile", profile, "--sample-s", "2") as counter:
        config = pasted(await counter.printed_until("Ctrl+C ends."), "Ctrl+C")
        journal = config.journal.model_copy(update={"readings_commit_s": 0.1})
        gateway = config.gateway.model_copy(update={"data_dir": tmp_path})
        (device,) = config.device
        config = config.model_copy(
            update={"journal": journal, "gateway": gateway, "device": (device.model_copy(update={"poll_s": 1}),)}
        )
        async with Running(config) as heard:
            await heard.until(lambda h: len(h.good("cleanroom/counter-1")) >= 2, 30)
    first, second = heard.good("cleanroom/counter-1")[:2]
    assert first["sampled_l"] == second["sampled_l"] == pytest.approx(28.3168 / 30, abs=1e-4)
    assert second["sample_ended_unix_s"] - first["sample_ended_unix_s"] in (2, 3)


@pytest.mark.parametrize("model", ["pms5003", "sps30"])
async def test_a_gateway_hears_the_dust_sensor_with_the_configuration_it_prints(model: str) -> None:
    async with simulator("dust", "--model", model) as dust:
        config = pasted(await dust.printed_until("Ctrl+C ends."), "Ctrl+C")
        async with Running(config) as heard:
            await heard.until(lambda h: bool(h.good("bench/dust")))
    assert all(name.startswith("indicative_") for name in heard.good("bench/dust")[0])
