"""One Modbus unit that is several devices: a board with eight inputs, of which some have no sensor."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.domain.wire.records import NoticeKind, Quality
from edge_agent.drivers.modbus.profile import Profile, load_profile, parse_profile
from edge_agent.errors import ConfigError
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from tests.support.running_bus import Running, config_for

TWO_PLACES = """
name = "two-places"
title = "A transmitter with a probe in each of two refrigerators"
notes = "firmware_notes/xy-md02.md"
[link]
function = 4
unit = 1
registers_max = 4
[[metric]]
name = "ch1_temp_c"
address = 0
type = "int16"
scale = 0.1
min = -55
max = 125
[[metric]]
name = "ch2_temp_c"
address = 1
type = "int16"
scale = 0.1
min = -55
max = 125
"""


def temperature(celsius: float) -> Any:
    return lambda: {"temp_c": celsius}


def board(profile: str, **inputs: float) -> SimulatedDevice:
    connected = {int(name.removeprefix("in")): temperature(celsius) for name, celsius in inputs.items()}
    return SimulatedDevice(load_profile(profile), 1, dict, inputs=connected)


def fridge(name: str, number: int, profile: str) -> dict[str, Any]:
    return {"name": f"{name}/probe", "profile": profile, "unit": 1, "input": number}


@pytest.mark.parametrize("profile", ["r4dcb08", "mb8art"])
async def test_two_inputs_of_a_board_are_two_devices_and_the_six_without_a_sensor_are_none(profile: str) -> None:
    devices = [fridge("fridge-a", 1, profile), fridge("freezer-b", 8, profile)]
    async with (
        ModbusTcpSimulator([board(profile, in1=4.6, in8=-18.2)]) as simulator,
        Running(config_for(simulator.port, devices)) as heard,
    ):
        await heard.until(lambda h: len(h.good("fridge-a/probe")) > 2 and len(h.good("freezer-b/probe")) > 2)
    assert heard.good("fridge-a/probe")[0] == {"temp_c": 4.6}
    assert heard.good("freezer-b/probe")[0] == {"temp_c": -18.2}
    assert {record.quality for record in heard.readings("fridge-a/probe")} == {Quality.GOOD}
    assert not heard.notices(NoticeKind.UNPROVEN)


@pytest.mark.parametrize("profile", ["r4dcb08", "mb8art"])
async def test_a_probe_that_is_pulled_out_of_its_input_is_a_fault_of_this_device_only(profile: str) -> None:
    there = board(profile, in1=4.6, in2=5.1)
    devices = [fridge("fridge-a", 1, profile), fridge("fridge-b", 2, profile)]
    async with ModbusTcpSimulator([there]) as simulator, Running(config_for(simulator.port, devices)) as heard:
        await heard.until(lambda h: bool(h.good("fridge-b/probe")))
        del there.inputs[2]
        await heard.until(lambda h: bool(h.readings("fridge-b/probe", Quality.FAULT)))
        polls = len(heard.good("fridge-a/probe"))
        await heard.until(lambda h: len(h.good("fridge-a/probe")) > polls + 2)
    assert {record.quality for record in heard.readings("fridge-a/probe")} == {Quality.GOOD}


async def test_a_unit_with_a_probe_in_each_of_two_places_is_two_devices(tmp_path: Path) -> None:
    (tmp_path / "two-places.toml").write_text(TWO_PLACES)
    profile: Profile = parse_profile(TWO_PLACES, "two-places", "")
    unit = SimulatedDevice(profile, 1, lambda: {"ch1_temp_c": 4.6, "ch2_temp_c": -18.2})
    devices = [
        {"name": "fridge-a/probe", "profile": "two-places", "metrics": ["ch1_temp_c"]},
        {"name": "freezer-b/probe", "profile": "two-places", "metrics": ["ch2_temp_c"]},
    ]
    async with ModbusTcpSimulator([unit]) as simulator:
        config = config_for(simulator.port, devices)
        config = config.model_copy(update={"gateway": config.gateway.model_copy(update={"profiles_dir": tmp_path})})
        async with Running(config) as heard:
            await heard.until(lambda h: bool(h.good("fridge-a/probe")) and bool(h.good("freezer-b/probe")))
    assert heard.good("fridge-a/probe")[0] == {"ch1_temp_c": 4.6}
    assert heard.good("freezer-b/probe")[0] == {"ch2_temp_c": -18.2}


@pytest.mark.parametrize(
    ("devices", "fault"),
    [
        ([{"name": "a/b", "profile": "r4dcb08"}], "input: is missing; r4dcb08 is a board with 8 inputs"),
        ([{"name": "a/b", "profile": "r4dcb08", "input": 9}], "r4dcb08 has inputs 1 to 8"),
        ([{"name": "a/b", "profile": "xy-md02", "input": 1}], "no inputs to choose from: remove it"),
        ([{"name": "a/b", "profile": "xy-md02", "metrics": ["temp_f"]}], "xy-md02 has no 'temp_f'"),
        (
            [fridge("a", 1, "r4dcb08"), fridge("b", 1, "r4dcb08")],
            "is input 1 of unit 1 of bus line-1, which is a/probe already",
        ),
        (
            [{"name": "a/b", "profile": "xy-md02"}, {"name": "c/d", "profile": "xy-md02", "metrics": ["temp_c"]}],
            "is temp_c of unit 1 of bus line-1, which is a/b already",
        ),
    ],
)
def test_what_cannot_be_told_apart_is_refused(devices: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Running(config_for(1, devices))
    assert any(fault in one for one in refused.value.faults), refused.value.faults
