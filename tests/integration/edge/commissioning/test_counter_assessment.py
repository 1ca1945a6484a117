"""Particle counters at the bench: what the papers leave open is settled by a sample and by the display, or refused."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.runtime.config_loader import load_config
from edge_agent.runtime.source_supervisor import plan_sources
from edge_agent.simulators.modbus import ModbusTcpSimulator
from edge_agent.simulators.modbus_line import ModbusLineSimulator
from edge_agent.simulators.particle_counter import SimulatedCounter
from edge_agent.timekeeping.clock import SystemClock
from tests.support.commissioning_parts import Said, config_in, edge_agent

SETTINGS = ("--size-um", 0.5, "--size-um", 5, "--flow-l-per-min", 28.3, "--sample-s", 60)
SERIAL = ("--seen", "serial number=12345678")


def counter(profile: str, **more: object) -> SimulatedCounter:
    now = int(datetime.now(UTC).timestamp())
    return SimulatedCounter(load_profile(profile), 1, lambda: now, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def on_tcp(device: SimulatedCounter) -> AsyncIterator[str]:
    async with ModbusTcpSimulator([device]) as simulator:
        yield f"127.0.0.1:{simulator.port}"


async def add(path: Path, host: str, profile: str, *more: object) -> Said:
    return await edge_agent("add", "room/counter", "-c", path, "-y", "--host", host, "--profile", profile, *more)


async def test_a_sample_settles_where_a_record_keeps_its_time_and_the_settings_are_written(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    device = counter("lighthouse")
    async with on_tcp(device) as host:
        early = await add(path, host, "lighthouse", *SETTINGS, *SERIAL)
        device.finish((136, 2))
        said = await add(path, host, "lighthouse", *SETTINGS, *SERIAL, "--keep-running")
    assert early.code == 1 and "let it take" in early.words
    assert said.code == 0, said.err
    assert not device.writes
    (section,) = tomllib.loads(path.read_text())["device"]
    assert section["proven"] == ["record-registers"]
    assert section["proof"]["saw"] == {"serial number": "12345678"}
    assert section["counter"] == {
        "sizes_um": [0.5, 5.0], "flow_l_per_min": 28.3, "sample_s": 60, "keep_running": True,
    }  # fmt: skip
    plan_sources(load_config(path), SystemClock())


async def test_another_sample_time_than_the_one_set_is_refused(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    device = counter("lighthouse")
    device.finish((136, 2), sample_s=30)
    async with on_tcp(device) as host:
        said = await add(path, host, "lighthouse", *SETTINGS, *SERIAL)
    assert said.code == 1 and "the sample took 30 s instead of 60 s" in said.words
    assert path.read_text() == before


@pytest.mark.parametrize("order", ["low_first", "high_first"])
async def test_a_count_on_the_display_settles_an_open_word_order(tmp_path: Path, order: str) -> None:
    path = config_in(tmp_path)
    device = counter("metone-6000", word_order=order)
    device.finish((136, 2))
    tried = ("--proven", "record-status=inlet blocked for a sample: 0x0002")
    async with on_tcp(device) as host:
        unsettled = await add(path, host, "metone-6000", *SETTINGS, *SERIAL, *tried)
        wrong = await add(path, host, "metone-6000", *SETTINGS, *SERIAL, *tried, "--seen", "smallest size=135")
        untried = await add(path, host, "metone-6000", *SETTINGS, *SERIAL, "--seen", "smallest size=136")
        assert "[[device]]" not in path.read_text()
        said = await add(path, host, "metone-6000", *SETTINGS, *SERIAL, *tried, "--seen", "smallest size=136")
    assert unsettled.code == wrong.code == untried.code == 1
    assert 'open between word_order = "low_first" or word_order = "high_first"' in unsettled.words
    assert '--seen "smallest size=..."' in unsettled.words
    assert "but the device has 135 on it" in wrong.words
    assert "--proven 'record-status=" in untried.words and "firmware_notes/metone-6000.md" in untried.words
    assert said.code == 0, said.err
    (section,) = tomllib.loads(path.read_text())["device"]
    assert (section["word_order"], section["proven"]) == (order, ["record-status", "record-times"])
    assert "inlet blocked for a sample: 0x0002" in path.read_text()


async def test_no_reason_settles_a_word_order_and_a_sample_without_particles_proves_none(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    device = counter("metone-6000", word_order="low_first")
    device.finish((0, 0))
    tried = ("--proven", "record-status=inlet blocked for a sample: 0x0002")
    async with on_tcp(device) as host:
        both = await add(path, host, "metone-6000", *SETTINGS, *SERIAL, *tried, "--seen", "smallest size=0")
        reason = await add(path, host, "metone-6000", *SETTINGS, *tried, "--unproven", "the vendor says low first")
    assert both.code == reason.code == 1
    assert "open between" in both.words and "no reason settles this" in reason.words
    assert "[[device]]" not in path.read_text()


async def test_what_only_a_counter_has_is_asked_for_and_refused_for_others(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    missing = await add(path, "127.0.0.1:9", "lighthouse", "--size-um", 0.5)
    strange = await add(path, "127.0.0.1:9", "xy-md02", "--sample-s", 60)
    vague = await add(path, "127.0.0.1:9", "metone-6000", *SETTINGS, "--proven", "record-status=ok")
    unknown = await add(path, "127.0.0.1:9", "metone-6000", *SETTINGS, "--proven", "laser=looked at it twice")
    assert "needs --flow-l-per-min, --sample-s" in missing.words and "firmware_notes/lighthouse.md" in missing.words
    assert "no particle counter: leave --sample-s out" in strange.words
    assert "say how" in vague.words and "leaves open record-status, record-times" in unknown.words


async def test_an_old_counter_that_speaks_ascii_is_found_and_added_over_a_serial_port(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    device = counter("lighthouse")
    device.finish((136, 2))
    port = tmp_path / "tty"
    async with ModbusLineSimulator(port, [device], "ascii"):
        found = await edge_agent("scan", "--serial-port", port, "--units", "1", "--timeout-s", 2)
        line = ("--serial-port", port, "--framer", "ascii", "--baudrate", 19200, "--parity", "none", "--stopbits", 1)
        said = await edge_agent(
            "add", "room/counter", "-c", path, "-y", "--profile", "lighthouse", *line, *SETTINGS, *SERIAL
        )
    assert f"--serial-port {port} --framer ascii" in found.words and "--profile lighthouse" in found.words
    assert "--size-um ..." in found.words
    assert said.code == 0, said.err
    assert [bus.kind for bus in load_config(path).bus] == ["modbus-ascii"]


async def test_a_counter_that_stands_still_or_is_empty_is_said_to_be_so(tmp_path: Path) -> None:
    device = counter("pms-airnet2", is_running=False)
    async with on_tcp(device) as host:
        said = await edge_agent("probe", "--host", host, "--profile", "pms-airnet2")
    assert said.code == 1 and "it stands still" in said.words and "it has no sample" in said.words
    assert not device.writes
