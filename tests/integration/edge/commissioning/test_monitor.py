"""Looking at what devices say: from the running agent, from its journal, or by polling; never disturbing anybody."""

import asyncio
import io
import json
import os
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edge_agent.agent import run
from edge_agent.commissioning.monitor import Row, View, drawn
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.live_values import FILE_NAME, Live, ask_live
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator
from edge_agent.timekeeping.clock import ManualClock, SystemClock
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.journal_parts import START, stamp_of
from tests.support.running_bus import sensor


def line_with(port: int) -> str:
    return f"""
[[bus]]
kind = "modbus-tcp"
name = "line"
host = "127.0.0.1"
port = {port}
timeout_s = 0.2

[[device]]
name = "cold/a"
bus = "line"
profile = "xy-md02"
unit = 1
poll_s = 0.3

[[device]]
name = "cold/b"
bus = "line"
profile = "xy-md02"
unit = 2
poll_s = 0.3
"""


@asynccontextmanager
async def agent(path: Path) -> AsyncIterator[GatewayConfig]:
    config, clock, stop = load_config(path), SystemClock(), asyncio.Event()
    sources = plan_sources(config, clock)
    running = asyncio.create_task(run(config, clock, sources, stop=stop, random=random.Random(1).random))
    try:
        yield config
    finally:
        stop.set()
        await running


async def heard(config: GatewayConfig, *, errors: int = 0) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            snapshot = await ask_live(config.gateway.data_dir)
            devices = snapshot["devices"] if snapshot else []
            if snapshot and all(d["records"] for d in devices) and sum(d["errors"] for d in devices) >= errors:
                return snapshot
            await asyncio.sleep(0.05)


async def test_the_running_agent_tells_and_no_sensor_notices(tmp_path: Path) -> None:
    dead = sensor("xy-md02", 2, 6.0)
    dead.misbehave(FaultKind.DEAD)
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2), dead]) as simulator:
        path = config_in(tmp_path, line_with(simulator.port))
        async with agent(path) as config:
            await heard(config, errors=2)
            said, as_json = await asyncio.gather(
                edge_agent("monitor", "-c", path), edge_agent("monitor", "-c", path, "--json")
            )
            refused = await edge_agent("monitor", "-c", path, "--direct")
            assert simulator.connections == 1
    a, b = as_json.data["rows"]
    assert as_json.data["source"] == "agent"
    assert (a["quality"], a["values"]["temp_c"]) == ("good", 5.2) and a["age_s"] < 5
    assert (b["quality"], b["values"], b["age_s"]) == ("lost", {}, None) and b["errors"] >= 2
    assert 0 < a["latency_ms"] < 200 and b["latency_ms"] is None
    assert "latency" in said.out
    assert "gw-1: the agent runs since" in said.out and "unit 2 at" in said.out
    assert refused.code == 1 and "would share its buses" in refused.words


async def test_without_an_agent_its_journal_tells_what_waits(tmp_path: Path) -> None:
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.2), sensor("xy-md02", 2, 6.1)]) as simulator:
        path = config_in(tmp_path, line_with(simulator.port))
        async with agent(path) as config:
            await heard(config)
        said = await edge_agent("monitor", "-c", path, "--json")
        asked = len(simulator.requests)
        direct = await edge_agent("monitor", "-c", path, "--direct", "--json")
        assert len(simulator.requests) == asked + 4
    assert said.data["source"] == "journal" and "does not run" in said.data["headline"]
    assert [row["values"]["temp_c"] for row in said.data["rows"]] == [5.2, 6.1]
    assert [row["values"]["temp_c"] for row in direct.data["rows"]] == [5.2, 6.1]
    assert all(row["latency_ms"] is not None for row in direct.data["rows"])


async def test_without_agent_and_journal_it_says_so(tmp_path: Path) -> None:
    said = await edge_agent("monitor", "-c", config_in(tmp_path))
    assert said.code == 1 and "there is no journal" in said.words


async def test_the_live_view_survives_a_long_path_a_stale_socket_and_many_who_look(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    (folder / FILE_NAME).touch()
    live = Live(load_config(config_in(tmp_path, line_with(1))), ManualClock(START))
    serving = asyncio.create_task(live.serve(folder))
    try:
        async with asyncio.timeout(10):
            while (snapshot := await ask_live(folder)) is None:  # noqa: ASYNC110 - the socket has no event
                await asyncio.sleep(0.01)
        assert [device["quality"] for device in snapshot["devices"]] == ["waiting", "waiting"]
        assert (folder / FILE_NAME).stat().st_mode & 0o007 == 0
        answers = await asyncio.gather(*(ask_live(folder) for _ in range(20)))
        assert all(answer == snapshot for answer in answers)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    assert os.listdir(folder) == []
    assert await ask_live(folder) is None


async def test_a_data_directory_without_room_for_a_socket_costs_the_agent_nothing(tmp_path: Path) -> None:
    live = Live(load_config(config_in(tmp_path)), ManualClock(START))
    await live.serve(tmp_path / "not there")


def test_a_reading_a_loss_and_a_return_are_remembered_with_their_ages(tmp_path: Path) -> None:
    clock = ManualClock(START)
    live = Live(load_config(config_in(tmp_path, line_with(1))), clock)
    name = DeviceName("cold/a")
    live.take(Reading(stamp_of(0), name, Quality.GOOD, {"temp_c": 5.0}))
    clock.advance(7)
    live.take(Reading(stamp_of(7), name, Quality.TIMEOUT, detail="no answer"))
    live.take(Notice(stamp_of(7), NoticeKind.DEVICE_LOST, name, "cold/a is lost: no answer"))
    live.take(Reading(stamp_of(7), DeviceName("nobody/knows"), Quality.GOOD, {"temp_c": 1.0}))
    seen, other = json.loads(json.dumps(live.snapshot()))["devices"]
    assert (seen["quality"], seen["is_lost"], seen["errors"], seen["good_age_s"]) == ("timeout", True, 1, 7.0)
    assert seen["values"] == {"temp_c": 5.0} and other["records"] == 0
    live.take(Reading(stamp_of(8), name, Quality.GOOD, {"temp_c": 5.1}))
    assert live.snapshot()["devices"][0]["is_lost"] is False


def test_a_changed_configuration_is_followed_and_what_was_heard_stays(tmp_path: Path) -> None:
    live = Live(load_config(config_in(tmp_path, line_with(1))), ManualClock(START))
    live.take(Reading(stamp_of(0), DeviceName("cold/a"), Quality.GOOD, {"temp_c": 5.0}))
    live.answered("cold/a", 0.0123)
    live.answered("nobody/knows", 1.0)
    live.follow(load_config(config_in(tmp_path, line_with(1).replace("cold/b", "cold/c"))))
    kept, new = live.snapshot()["devices"]
    assert (kept["name"], kept["values"], kept["latency_ms"]) == ("cold/a", {"temp_c": 5.0}, 12.3)
    assert (new["name"], new["quality"]) == ("cold/c", "waiting")


COUNTER = {"particles_0_5_um_per_m3": 3520.0, "particles_0_5_um_count": 100.0, "sample_ended_unix_s": 1.79e9}


def lines_drawn(rows: int, bad: int, width: int = 80, height: int = 24) -> list[str]:
    """What stands on a terminal with so many devices, of which the last ``bad`` are lost."""
    values = {"temp_c": 4.5, "rh_pct": 44.0, **COUNTER}
    every = [
        Row(f"site-a/room-{number:02}/fridge-with-a-long-name/probe-1", values, "good", 3.0, 12.0, 100, 0, "")
        for number in range(rows)
    ]
    lost = "no answer within 0.5 s: check power, cable, unit id and everything else that a long line of words may say"
    every = [replace(row, quality="lost", detail=lost) if at >= rows - bad else row for at, row in enumerate(every)]
    headline = "gw-cold-1: the agent runs since 3 d"
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(drawn(View("agent", headline, tuple(every)), width, height - 1))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize(("rows", "bad"), [(1, 0), (5, 1), (17, 0), (40, 0), (40, 30), (200, 3)])
def test_it_fits_80_by_24_however_many_devices_there_are(rows: int, bad: int) -> None:
    lines = lines_drawn(rows, bad)
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "quality" in text and "errors" in text and "temp_c 4.5" in text
    assert "1.79e+09" not in text, "a counter's own time is nothing to watch"
    if bad:
        assert "lost" in text, "what is not well comes first"
    if rows > 20:
        assert re.search(r"[0-9]+ more devices, (all of them well|[0-9]+ of them not well)", text)
