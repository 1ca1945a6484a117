"""No unit of one model is ever proven to be another by itself: what it shows has to be compared by a person."""

import pytest

from edge_agent.commissioning.assessment import Sense, judge
from edge_agent.commissioning.identification import hear
from edge_agent.commissioning.target import Place, bus_at
from edge_agent.commissioning.transcript import TranscriptLine
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.profile import Profile, load_profile, shipped_dir
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from tests.support.running_bus import Running, config_for

TRANSMITTERS = [
    profile for path in sorted(shipped_dir().glob("*.toml")) if (profile := load_profile(path.stem)).counter is None
]
SELF_PROVING = [profile for profile in TRANSMITTERS if any(proof.expect is not None for proof in profile.proof)]
TWINS = [{"vaisala-hmp", "vaisala-hmdw110"}]
"""One maker's models with the same registers and the same test values."""


def unit_of(profile: Profile) -> SimulatedDevice:
    values = {metric.name: 21.5 if metric.name.endswith("_c") else 44.0 for metric in profile.metric}
    inputs = (
        {number: (lambda: values) for number in range(1, profile.link.inputs + 1)} if profile.link.inputs > 1 else {}
    )
    return SimulatedDevice(profile, 1, lambda: values, inputs=inputs)


@pytest.mark.parametrize("model", TRANSMITTERS, ids=lambda profile: profile.name)
async def test_a_unit_is_proven_by_itself_to_be_what_it_is_only(model: Profile) -> None:
    async with ModbusTcpSimulator([unit_of(model)]) as simulator:
        with TranscriptLine(bus_at(Place("127.0.0.1", simulator.port, timeout_s=1)), attempts=1) as line:
            proven = set()
            for profile in TRANSMITTERS:
                part = profile.at_input(1)
                if judge(part, Variant(), await hear(line, 1, part, Variant())).sense is Sense.PROVEN:
                    proven.add(profile.name)
    allowed = next((twins for twins in TWINS if model.name in twins), {model.name})
    assert proven <= allowed, "another model passes for it"
    assert not proven or model in SELF_PROVING


@pytest.mark.parametrize("profile", SELF_PROVING, ids=lambda profile: profile.name)
async def test_an_agent_set_up_for_another_model_that_can_prove_itself_gives_no_reading(profile: Profile) -> None:
    """What the wrong registers hold may look good; a unit that does not answer for a register is no reading, either."""
    others = [one for one in TRANSMITTERS if not any({one.name, profile.name} <= twins for twins in TWINS)]
    devices, sections = [], []
    for unit, model in enumerate((one for one in others if one.name != profile.name), 1):
        device = unit_of(model)
        device.unit = unit
        devices.append(device)
        sections.append({"name": f"x/{model.name}", "profile": profile.name, "unit": unit})
        if profile.link.inputs > 1:
            sections[-1]["input"] = 1
    async with ModbusTcpSimulator(devices) as simulator, Running(config_for(simulator.port, sections)) as heard:
        await heard.until(lambda h: all(h.readings(str(section["name"])) for section in sections), within_s=20)
        first = {str(section["name"]): heard.readings(str(section["name"]))[0] for section in sections}
    assert {name for name, reading in first.items() if reading.quality is Quality.GOOD} == set()
