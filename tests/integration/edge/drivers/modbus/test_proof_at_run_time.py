"""What a device was proven to be is looked at again when the agent starts, and now and then."""

import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.records import NoticeKind, Quality
from edge_agent.drivers.modbus.profile import load_profile, shipped_dir
from edge_agent.drivers.proof_records import ProofRecord, append_record
from edge_agent.simulators.modbus import ModbusTcpSimulator
from edge_agent.simulators.particle_counter import SimulatedCounter
from tests.support.running_bus import Running, config_for, sensor

PROVEN_ON = "2026-11-21"
DOUBTS = [doubt.name for doubt in load_profile("lighthouse").doubt]


def configured(
    port: int, tmp_path: Path, profile: str = "vaisala-hmp", poll_s: float = 0.1, **device: Any
) -> GatewayConfig:
    config = config_for(port, [{"name": "a/b", "profile": profile, "poll_s": poll_s, **device}])
    own = config.gateway.model_copy(update={"data_dir": tmp_path, "profiles_dir": tmp_path})
    return config.model_copy(update={"gateway": own})


def edited(tmp_path: Path, old: str, new: str, profile: str = "vaisala-hmp") -> None:
    text = (shipped_dir() / f"{profile}.toml").read_text()
    assert old in text
    (tmp_path / f"{profile}.toml").write_text(text.replace(old, new))


async def test_a_word_order_edited_by_hand_gives_no_value_until_the_proof_register_is_right(tmp_path: Path) -> None:
    edited(tmp_path, 'word_order = "low_first"', 'word_order = "high_first"')
    unit = sensor("vaisala-hmp", 240, 5.25, 40.5)
    async with ModbusTcpSimulator([unit]) as simulator, Running(configured(simulator.port, tmp_path)) as heard:
        await heard.until(lambda h: len(h.readings("a/b", Quality.FAULT)) > 3)
        assert heard.good("a/b") == []
        (notice,) = heard.notices(NoticeKind.UNPROVEN)
        assert "test float shows" in notice.text and "must be -123.45" in notice.text
        unit.word_order = "high_first"  # somebody sets the unit
        await heard.until(lambda h: bool(h.good("a/b")), within_s=30)
    assert heard.good("a/b")[0] == {"temp_c": 5.25, "rh_pct": 40.5}


async def test_a_wrong_address_that_reads_well_is_found_by_the_proof_register(tmp_path: Path) -> None:
    edited(tmp_path, "address = 0x1F00", "address = 0x1F01")
    async with (
        ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.25)]) as simulator,
        Running(configured(simulator.port, tmp_path)) as heard,
    ):
        await heard.until(lambda h: bool(h.readings("a/b", Quality.FAULT)))
    assert heard.good("a/b") == []
    assert "test integer shows -6554, must be -12345" in heard.readings("a/b", Quality.FAULT)[0].detail


async def test_another_serial_number_is_told_once_and_its_values_count(tmp_path: Path) -> None:
    proof = {"on": PROVEN_ON, "saw": {"serial number": "12345678"}}
    unit = sensor("ee-ee210", 242, 5.25, serial="87654321")
    async with (
        ModbusTcpSimulator([unit]) as simulator,
        Running(configured(simulator.port, tmp_path, "ee-ee210", proof=proof)) as heard,
    ):
        await heard.until(lambda h: len(h.good("a/b")) > 3)
    (notice,) = heard.notices(NoticeKind.UNPROVEN, "a/b")
    assert "its serial number is 87654321, but it was proven as 12345678" in notice.text


async def test_an_edited_profile_is_unproven_until_probe_has_passed(tmp_path: Path) -> None:
    proof = {"on": PROVEN_ON, "by": "amy", "profile": load_profile("xy-md02").fingerprint}
    edited(tmp_path, "max = 85", "max = 80", "xy-md02")
    mine = load_profile("xy-md02", tmp_path).fingerprint
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.25)]) as simulator:
        config = configured(simulator.port, tmp_path, "xy-md02", proof=proof)
        async with Running(config) as heard:
            await heard.until(lambda h: len(h.good("a/b")) > 2)
        (notice,) = heard.notices(NoticeKind.UNPROVEN)
        assert "was proven" in notice.text and "edge-agent probe a/b" in notice.text
        record = ProofRecord("2026-11-28T10:00:00Z", "amy", "probe", "a/b", "", "", "proven", profile=mine)
        assert append_record(tmp_path, record) == ""
        async with Running(config) as heard:
            await heard.until(lambda h: len(h.good("a/b")) > 2)
        assert heard.notices(NoticeKind.UNPROVEN) == []


async def test_a_clone_without_proof_registers_is_read_all_the_same(tmp_path: Path) -> None:
    """The register is not there, or the clone is silent about it: that proves nothing, and costs one time-out."""
    unit = sensor("xy-md02", 1, 5.25)
    profile = load_profile("vaisala-hmp").model_copy(update={"proof": ()})
    bare = sensor("vaisala-hmp", 240, 5.25)
    bare.profile = profile
    async with ModbusTcpSimulator([unit, bare]) as simulator, Running(configured(simulator.port, tmp_path)) as heard:
        await heard.until(lambda h: len(h.good("a/b")) > 3)
    assert heard.notices(NoticeKind.UNPROVEN) == []
    assert {record.quality for record in heard.readings("a/b")} == {Quality.GOOD}


async def test_a_jump_faster_than_physics_is_suspect_and_counts_when_it_is_confirmed(tmp_path: Path) -> None:
    values = {"temp_c": 5.0, "rh_pct": 50.0}
    unit = sensor("xy-md02", 1, 5.0)
    unit.values = lambda: values
    async with (
        ModbusTcpSimulator([unit]) as simulator,
        Running(configured(simulator.port, tmp_path, "xy-md02")) as heard,
    ):
        await heard.until(lambda h: len(h.good("a/b")) > 2)
        values["temp_c"] = 68.0  # somebody carries it to the sterilizer
        await heard.until(lambda h: any(one["temp_c"] == 68.0 for one in h.good("a/b")))
    suspect = heard.readings("a/b", Quality.SUSPECT)
    assert len(suspect) == 1 and suspect[0].values == {}
    assert "temp_c jumped from 5 to 68" in suspect[0].detail


async def test_a_single_wrong_value_on_the_line_never_counts_and_is_asked_again_before_the_next_poll(
    tmp_path: Path,
) -> None:
    answers = iter([5.0, 69.0])
    unit = sensor("xy-md02", 1, 5.0)
    unit.values = lambda: {"temp_c": next(answers, 5.1), "rh_pct": 50.0}
    async with (
        ModbusTcpSimulator([unit]) as simulator,
        Running(configured(simulator.port, tmp_path, "xy-md02", poll_s=20)) as heard,
    ):
        await heard.until(lambda h: len(h.good("a/b")) > 1)
    assert [one["temp_c"] for one in heard.good("a/b")] == [5.0, 5.1]
    first, second = heard.readings("a/b", Quality.SUSPECT)[0], heard.readings("a/b", Quality.GOOD)[1]
    assert second.stamp.mono_ms - first.stamp.mono_ms < 10_000, "not after a whole poll interval"


async def test_another_particle_counter_is_told_too_and_its_samples_count(tmp_path: Path) -> None:
    counter = SimulatedCounter(load_profile("lighthouse"), 1, lambda: int(time.time()), 28.3168)
    counter.finish((100, 1))
    settings = {"sizes_um": [0.5, 5.0], "flow_l_per_min": 28.3168, "sample_s": 60}
    proof = {"on": PROVEN_ON, "saw": {"serial number": "1"}}
    async with ModbusTcpSimulator([counter]) as simulator:
        config = configured(
            simulator.port, tmp_path, "lighthouse", unit=1, counter=settings, proof=proof, proven=DOUBTS
        )
        async with Running(config) as heard:
            await heard.until(lambda h: bool(h.good("a/b")) and bool(h.notices(NoticeKind.UNPROVEN)))
    (notice,) = heard.notices(NoticeKind.UNPROVEN)
    assert "but it was proven as 1: it is another unit" in notice.text
    assert heard.good("a/b")[0]["particles_0_5_um_count"] == 100


@pytest.mark.parametrize(("proof", "notices"), [(None, 1), ({"on": PROVEN_ON}, 0)])
async def test_unusual_values_of_a_device_that_was_never_proven_are_told_once(
    tmp_path: Path, proof: dict[str, object] | None, notices: int
) -> None:
    """A clone with hundredths reads ten times too high: within what the sensor can measure, but in no store."""
    more = {} if proof is None else {"proof": proof}
    async with (
        ModbusTcpSimulator([sensor("xy-md02", 1, 58.0)]) as simulator,
        Running(configured(simulator.port, tmp_path, "xy-md02", **more)) as heard,
    ):
        await heard.until(lambda h: len(h.good("a/b")) > 3)
    told = heard.notices(NoticeKind.UNPROVEN)
    assert len(told) == notices
    if notices:
        assert "temp_c 58 is unusual where lots are kept" in told[0].text
