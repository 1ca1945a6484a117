"""The two development sensors on a pseudo-terminal: indicative values, and every glitch."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import NoticeKind, Quality
from edge_agent.simulators.particle_sensor import Glitch, SimulatedPms5003, SimulatedSps30
from tests.support.running_bus import Running, config_for

NUMBERS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5)


def config(port: Path, model: str, **more: Any) -> GatewayConfig:
    whole = config_for(1, []).model_dump() | {"bus": []}
    sensor = {"name": "bench/dust", "model": model, "port": str(port), "poll_s": 1, "retry_max_s": 2, **more}
    return GatewayConfig.model_validate({**whole, "particle_sensor": [sensor]})


async def test_a_pms5003_gives_indicative_values_and_recovers_from_every_glitch(tmp_path: Path) -> None:
    port = tmp_path / "dust"
    async with (
        SimulatedPms5003(port, (1200, 340, 55, 6, 1, 0), period_s=0.05) as sensor,
        Running(config(port, "pms5003")) as heard,
    ):
        await heard.until(lambda h: bool(h.good("bench/dust")))
        sensor.glitch = Glitch.CORRUPT
        await heard.until(lambda h: bool(h.readings("bench/dust", Quality.CRC)))
        sensor.glitch = Glitch.TORN  # the frame behind the torn one is whole
        before = len(heard.good("bench/dust"))
        await heard.until(lambda h: len(h.good("bench/dust")) > before + 1)
    assert {v["indicative_particles_0_5_um_per_m3"] for v in heard.good("bench/dust")} == {3_400_000}


async def test_a_silent_pms5003_is_lost_and_says_what_to_check(tmp_path: Path) -> None:
    port = tmp_path / "dust"
    async with SimulatedPms5003(port, (0,) * 6, period_s=0.05) as sensor, Running(config(port, "pms5003")) as heard:
        sensor.glitch = Glitch.SILENT
        await heard.until(lambda h: bool(h.notices(NoticeKind.DEVICE_LOST)), 15)
        sensor.glitch = None
        await heard.until(lambda h: bool(h.notices(NoticeKind.DEVICE_BACK)), 15)
    assert "check TX wire and 5 V" in heard.readings("bench/dust", Quality.TIMEOUT)[0].detail


@pytest.mark.parametrize("was_measuring", [False, True])
async def test_an_sps30_is_started_once_and_gives_indicative_values(tmp_path: Path, was_measuring: bool) -> None:
    port = tmp_path / "dust"
    async with SimulatedSps30(port, NUMBERS) as sensor, Running(config(port, "sps30")) as heard:
        sensor.is_measuring = was_measuring
        await heard.until(lambda h: len(h.good("bench/dust")) >= 2)
    assert sensor.heard[0] == bytes.fromhex("7E 00 00 02 01 03 F9 7E")
    assert set(sensor.heard[1:]) == {bytes.fromhex("7E 00 03 00 FC 7E")}
    assert heard.good("bench/dust")[0]["indicative_particles_below_0_5_um_per_m3"] == 5_000_000


async def test_an_sps30_that_lost_power_is_started_again(tmp_path: Path) -> None:
    port = tmp_path / "dust"
    async with SimulatedSps30(port, NUMBERS) as sensor, Running(config(port, "sps30")) as heard:
        await heard.until(lambda h: bool(h.good("bench/dust")))
        sensor.is_measuring = False
        await heard.until(lambda h: bool(h.readings("bench/dust", Quality.FAULT)))
        before = len(heard.good("bench/dust"))
        await heard.until(lambda h: len(h.good("bench/dust")) > before)
        sensor.has_news = False
        await heard.until(lambda h: bool(h.readings("bench/dust", Quality.STALE)))


async def test_corrupt_answers_of_an_sps30_are_never_values(tmp_path: Path) -> None:
    port = tmp_path / "dust"
    async with SimulatedSps30(port, NUMBERS) as sensor, Running(config(port, "sps30")) as heard:
        sensor.glitch = Glitch.CORRUPT
        await heard.until(lambda h: bool(h.readings("bench/dust", Quality.CRC)))
        assert heard.good("bench/dust") == []
