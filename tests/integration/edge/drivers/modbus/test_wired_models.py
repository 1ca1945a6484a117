"""The table of wired models says what was proven: here it is proven, and nothing else is claimed."""

import re
from collections.abc import Callable, Mapping

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.profile import Profile, load_profile, shipped_dir
from edge_agent.drivers.modbus.register_decode import decode, plan_requests
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from tests.support.paths import ROOT
from tests.support.running_bus import Running, config_for

SHIPPED = sorted(path.stem for path in shipped_dir().glob("*.toml"))
ROW = re.compile(r"^\| `(?P<name>[a-z0-9-]+)` \| (?P<cells>.*) \|$", re.MULTILINE)
TABLE = {
    row["name"]: [cell.strip() for cell in row["cells"].split("|")]
    for row in ROW.finditer((ROOT / "firmware_notes/wired-models.md").read_text())
}
VECTORS: dict[str, tuple[int | None, Mapping[int, int], Mapping[str, float]]] = {
    "ee-ee210": (None, {0x19: 0x2900, 0x1A: 0x41C2, 0x1B: 0x7AE1, 0x1C: 0x41F4}, {"temp_c": 24.270019}),
    "ee-ee310": (None, {0x3EA: 0xA106, 0x3EB: 0x41D7, 0x3FC: 0x7AE1, 0x3FD: 0x41F4}, {"temp_c": 26.953624}),
    "kincony-sht30": (None, {0: 10250, 1: 500}, {"temp_c": -25.0, "rh_pct": 50.0}),
    "mb8art": (3, {2: 234}, {"temp_c": 23.4}),
    "pta8d08": (1, {0: 298}, {"temp_c": 29.8}),
    "r4dcb08": (4, {3: 220}, {"temp_c": 22.0}),
    "renke-rs-ws-n01": (None, {0: 0x0292, 1: 0xFF9B}, {"rh_pct": 65.8, "temp_c": -10.1}),
    "vaisala-hmp": (None, {0: 0x7AE1, 1: 0x41F4, 2: 0x0000, 3: 0x40A0}, {"rh_pct": 30.56}),
    "xy-md02": (None, {1: 0xFF33, 2: 0x0222}, {"temp_c": -20.5, "rh_pct": 54.6}),
}
"""Input of a board, registers as published (or their values), and what the publisher says that they mean."""
NO_VALUES: dict[str, tuple[int | None, Mapping[int, int], Quality]] = {
    "mb8art": (3, {2: 30000}, Quality.FAULT),
    "pta8d08": (1, {0: 977}, Quality.RANGE),
    "r4dcb08": (4, {3: 0x8000}, Quality.FAULT),
}
"""How each board shows an input without a probe."""


def part(name: str, number: int | None) -> Profile:
    profile = load_profile(name)
    return profile.at_input(number) if number else profile


def contents(profile: Profile, registers: Mapping[int, int]) -> dict[tuple[int, int], int]:
    """Registers as read; bits that say that all is well."""
    asked = plan_requests(profile)
    return {
        (one.function, at): registers.get(at, 0) if one.function > 2 else 1
        for one in asked
        for at in range(one.address, one.address + one.count)
    }


def test_the_table_has_each_profile_once_and_its_proof_registers() -> None:
    assert sorted(TABLE) == SHIPPED
    for name, cells in TABLE.items():
        proofs = ", ".join(proof.name for proof in load_profile(name).proof) or "none"
        assert cells[4] == proofs, name
        assert cells[3] == "none yet", "say which unit was read, where and when, in a column of its own"


def test_each_claimed_vector_is_here_and_no_other() -> None:
    assert sorted(VECTORS) == sorted(name for name, cells in TABLE.items() if cells[1] in ("yes", "values"))


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_published_registers_mean_what_their_publisher_says(name: str) -> None:
    number, registers, values = VECTORS[name]
    profile = part(name, number)
    decoded = decode(profile, contents(profile, registers))
    assert {metric: decoded.values[metric] for metric in values} == pytest.approx(values, abs=2e-6)


@pytest.mark.parametrize("name", sorted(NO_VALUES))
def test_an_input_without_a_probe_is_no_temperature(name: str) -> None:
    number, registers, quality = NO_VALUES[name]
    profile = part(name, number)
    decoded = decode(profile, contents(profile, registers))
    assert (decoded.values, decoded.quality) == ({}, quality)


def values_of(profile: Profile) -> Callable[[], dict[str, float]]:
    """A value that the model can measure, another one for each metric."""
    values = {metric.name: 20.0 + at for at, metric in enumerate(profile.metric)}
    return lambda: values


async def test_the_simulator_of_every_transmitter_is_read_by_the_agents_bus() -> None:
    profiles = [load_profile(name) for name in SHIPPED if load_profile(name).counter is None]
    devices, sections = [], []
    for unit, profile in enumerate(profiles, 1):
        values = values_of(profile)
        inputs = {profile.link.inputs: values} if profile.link.inputs > 1 else {}
        offset = profile.link.address_offset_choices[0] if profile.link.address_offset_choices else 0
        devices.append(SimulatedDevice(profile, unit, values, address_offset=offset, inputs=inputs))
        section = {"name": f"x/{profile.name}", "profile": profile.name, "unit": unit}
        section |= {"input": profile.link.inputs} if inputs else {}
        section |= {"address_offset": offset} if profile.link.address_offset_choices else {}
        sections.append(section)
    names = {str(section["name"]) for section in sections}
    async with ModbusTcpSimulator(devices) as simulator, Running(config_for(simulator.port, sections)) as heard:
        await heard.until(lambda h: all(h.good(name) for name in names), within_s=20)
    for profile in profiles:
        assert heard.good(f"x/{profile.name}")[0] == pytest.approx(values_of(profile)(), abs=1e-3), profile.name
