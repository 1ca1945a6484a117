"""Frames as people published them, on a real serial line (PTY) behind the real bus: what must not become a reading."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.modbus_framing import Rtu
from edge_agent.drivers.modbus.profile import load_profile
from tests.support.modbus_line import line_config
from tests.support.running_bus import Heard, Running

RTU = Rtu()


@asynccontextmanager
async def unit_that_says(path: Path, profile: str, answers: dict[int, bytes], **device: object) -> AsyncIterator[Heard]:
    """The real bus on a line with one unit, which answers each function with the same data."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    os.symlink(os.ttyname(slave), path)
    loop = asyncio.get_running_loop()

    def answer() -> None:
        request = os.read(master, 256)
        data = answers.get(request[1]) if len(request) == 8 else None
        if data is not None:
            os.write(master, RTU.frame(request[0], bytes([request[1], len(data)]) + data))

    loop.add_reader(master, answer)
    section = {"name": "a/b", "profile": profile, "unit": load_profile(profile).link.unit, **device}
    try:
        async with Running(line_config(path, [section])) as heard:
            yield heard
    finally:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(
    ("profile", "function", "data", "quality", "says"),
    [
        ("xy-md02", 4, "FFFF FFFF", Quality.RANGE, "rh_pct came in the same frame"),
        ("xy-md02", 4, "0000 0000", Quality.FAULT, "every register is 0"),
        ("renke-rs-ws-n01", 3, "FFFF FFFF", Quality.RANGE, "is beyond what the sensor can measure"),
        ("kincony-sht30", 4, "FFFF FFFF", Quality.RANGE, "is beyond what the sensor can measure"),
        ("vaisala-hmp", 3, "4234 3951 40A0 0000", Quality.FAULT, "swapped words do that"),
        ("ee-ee210", 3, "0000 0000 0000 0000", Quality.FAULT, "every register is 0"),
    ],
)
async def test_half_a_dead_frame_is_no_reading(
    tmp_path: Path, profile: str, function: int, data: str, quality: Quality, says: str
) -> None:
    async with unit_that_says(tmp_path / "tty", profile, {function: bytes.fromhex(data)}) as heard:
        await heard.until(lambda h: bool(h.readings("a/b", quality)))
    assert heard.good("a/b") == []
    assert says in heard.readings("a/b", quality)[0].detail


@pytest.mark.parametrize(
    ("profile", "answers", "quality"),
    [
        ("r4dcb08", {3: "0352"}, Quality.FAULT),  # 85.0: a DS18B20 after power-up
        ("r4dcb08", {3: "8000"}, Quality.FAULT),
        ("mb8art", {4: "7530", 2: "01"}, Quality.FAULT),  # 30000
        ("mb8art", {4: "002E", 2: "00"}, Quality.FAULT),  # sensible, but nothing is connected
        ("pta8d08", {3: "03D1"}, Quality.RANGE),  # 97.7: an open input
    ],
)
async def test_an_input_without_a_probe_is_no_reading(
    tmp_path: Path, profile: str, answers: dict[int, str], quality: Quality
) -> None:
    data = {function: bytes.fromhex(one) for function, one in answers.items()}
    async with unit_that_says(tmp_path / "tty", profile, data, input=1) as heard:
        await heard.until(lambda h: bool(h.readings("a/b", quality)))
    assert heard.good("a/b") == []


async def test_the_makers_frame_below_zero_is_the_makers_values(tmp_path: Path) -> None:
    async with unit_that_says(tmp_path / "tty", "renke-rs-ws-n01", {3: bytes.fromhex("0292 FF9B")}) as heard:
        await heard.until(lambda h: bool(h.good("a/b")))
    assert heard.good("a/b")[0] == {"rh_pct": 65.8, "temp_c": -10.1}
