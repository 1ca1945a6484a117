"""Writing a proven device into the configuration: only what is proven, nothing else touched, whole or not at all."""

import difflib
import os
import tomllib
from pathlib import Path

import pytest

from edge_agent.runtime.config_loader import load_config
from edge_agent.simulators.modbus import FaultKind, ModbusTcpSimulator
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.paths import ROOT
from tests.support.running_bus import sensor

SCANNER = """
# The scanner at the ramp. Its cable was replaced in May.
[[scanner]]
name = "dock/scanner-1"
port = "/dev/null"
"""


def added_lines(before: str, after: str) -> list[str]:
    diff = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert not [line for line in diff if line.startswith("- ")]
    return [line[2:] for line in diff if line.startswith("+ ") and line[2:]]


async def test_a_proven_device_is_added_and_everything_else_stays(tmp_path: Path) -> None:
    path = config_in(tmp_path, SCANNER)
    path.chmod(0o640)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        said = await edge_agent("add", "cold/probe-1", "--host", host, "--profile", "vaisala-hmp", "-c", path, "--yes")
        assert said.code == 0, said.err
        # A second one finds the bus that is there, and its place behind the first.
        simulator.devices[3] = sensor("ee-ee210", 3, 5.0)
        said = await edge_agent(
            "add", "cold/probe-2", "--host", host, "--profile", "ee-ee210", "--unit", 3, "-c", path, "--yes", "--json",
            "--seen", "serial number=12345678",
        )  # fmt: skip
        assert said.code == 0, said.err
    config = load_config(path)
    assert [(device.name, device.bus) for device in config.device] == [
        ("cold/probe-1", "tcp-127-0-0-1"), ("cold/probe-2", "tcp-127-0-0-1"),
    ]  # fmt: skip
    assert [bus.name for bus in config.bus] == ["tcp-127-0-0-1"]
    after = path.read_text()
    added = added_lines(before, after)
    assert any(line.startswith("# Proven 2") and "serial number is 12345678" in line for line in added)
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["data", "gateway.toml"]
    assert said.data["verdict"] == "proven" and "+[[device]]" in said.data["diff"]


async def test_a_new_device_goes_before_the_comment_of_the_next_section(tmp_path: Path) -> None:
    example = (ROOT / "config" / "gateway.example.toml").read_text()
    path = tmp_path / "gateway.toml"
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        text = example.replace("/var/lib/lotwarden", str(tmp_path)).replace("192.0.2.10", "127.0.0.1")
        path.write_text(text.replace("# port = 502", f"port = {simulator.port}"))
        before = path.read_text()
        said = await edge_agent("add", "new/probe", "--bus", "cold-room", "--profile", "vaisala-hmp", "-c", path, "-y")
    assert said.code == 0, said.err
    added_lines(before, path.read_text())
    text = path.read_text()
    assert text.index('name = "new/probe"') < text.index("# One [[scanner]]")
    assert text.index("# One [[scanner]]") < text.index("[[scanner]]\n")


@pytest.mark.parametrize("proof", ["--seen=serial number=87654321", "--word-order=high_first", "--unit=7"])
async def test_what_is_wrong_or_silent_is_not_added(tmp_path: Path, proof: str) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("ee-ee210", 242, 22.0, 40.0)]) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        said = await edge_agent("add", "a/b", "--host", host, "--profile", "ee-ee210", "-c", path, "-y", proof)
    assert said.code == 1 and "not added" in said.words
    assert path.read_text() == before


async def test_sensible_numbers_without_proof_are_added_only_with_a_reason_that_is_kept(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("xy-md02", 1, 5.0)]) as simulator:
        add = ("add", "a/b", "--host", f"127.0.0.1:{simulator.port}", "--profile", "xy-md02", "-c", path, "--yes")
        refused = await edge_agent(*add)
        assert refused.code == 1 and '--seen "own unit id=..."' in refused.words and path.read_text() == before
        assert (await edge_agent(*add, "--unproven", "dunno")).code == 1 and path.read_text() == before
        said = await edge_agent(*add, "--unproven", "agrees with reference thermometer 12\nevil = true")
    assert said.code == 0, said.err
    assert "# NOT PROVEN" in path.read_text() and "reference thermometer 12 evil" in path.read_text()
    assert "evil" not in tomllib.loads(path.read_text())
    load_config(path)


async def test_no_reason_outweighs_a_proof_register_that_contradicts(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.0)]) as simulator:
        said = await edge_agent(
            "add", "a/b", "--host", f"127.0.0.1:{simulator.port}", "--profile", "vaisala-hmp", "-c", path, "--yes",
            "--word-order", "high_first", "--unproven", "the boss said so",
        )  # fmt: skip
    assert said.code == 1 and "no reason outweighs that" in said.words
    assert path.read_text() == before


async def test_duplicates_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    path = config_in(tmp_path, SCANNER)
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        add = ("--host", host, "--profile", "vaisala-hmp", "-c", path, "--yes")
        assert (await edge_agent("add", "cold/probe-1", *add)).code == 0
        asked, before = len(simulator.requests), path.read_text()
        same_name = await edge_agent("add", "cold/probe-1", *add, "--unit", 5)
        same_unit = await edge_agent("add", "cold/probe-2", *add)
        scanner = await edge_agent("add", "dock/scanner-1", *add, "--unit", 6)
        assert len(simulator.requests) == asked
    assert "is there already" in same_name.words and "is there already" in scanner.words
    assert "unit 240 of bus tcp-127-0-0-1 is cold/probe-1 already" in same_unit.words
    assert path.read_text() == before


async def test_a_broken_configuration_is_named_and_left_alone(tmp_path: Path) -> None:
    path = config_in(tmp_path, "[[device]]\nnam = 3\n")
    before = path.read_text()
    said = await edge_agent("add", "a/b", "--host", "127.0.0.1:9", "--profile", "xy-md02", "-c", path, "--yes")
    assert said.code == 1 and "did you mean name?" in said.words
    assert path.read_text() == before


async def test_without_a_yes_nothing_is_written(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        add = ("add", "a/b", "--host", f"127.0.0.1:{simulator.port}", "--profile", "vaisala-hmp", "-c", path)
        said = await edge_agent(*add, typed="n\n")
        as_json = await edge_agent(*add, "--json")
    assert said.code == 1 and "nothing was written" in said.words and '+name = "a/b"' in said.words
    assert as_json.code == 1 and "--yes" in as_json.words
    assert path.read_text() == before


async def test_a_name_that_no_device_may_have_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("vaisala-hmp", 240, 5.2)]) as simulator:
        host = f"127.0.0.1:{simulator.port}"
        said = await edge_agent("add", 'Fridge "A"', "--host", host, "--profile", "vaisala-hmp", "-c", path, "-y")
    assert said.code == 1 and "small letters" in said.words
    assert path.read_text() == before


async def test_a_silent_device_may_be_added_ahead_with_a_reason(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    device = sensor("xy-md02", 4, 5.2)
    device.misbehave(FaultKind.DEAD)
    async with ModbusTcpSimulator([device]) as simulator:
        said = await edge_agent(
            "add", "a/b", "--host", f"127.0.0.1:{simulator.port}", "--profile", "xy-md02", "--unit", 4, "-c", path,
            "--yes", "--unproven", "comes with the next delivery",
        )  # fmt: skip
    assert said.code == 0, said.err
    assert "# NOT PROVEN" in path.read_text()


async def test_an_open_address_offset_is_settled_by_the_serial_number_and_nothing_else(tmp_path: Path) -> None:
    path = config_in(tmp_path)
    before = path.read_text()
    async with ModbusTcpSimulator([sensor("comet-t3510", 1, 5.2, address_offset=-1)]) as simulator:
        add = ("add", "a/b", "--host", f"127.0.0.1:{simulator.port}", "--profile", "comet-t3510", "-c", path, "-y")
        refused = await edge_agent(*add)
        assert refused.code == 1 and "--seen" in refused.words and path.read_text() == before
        said = await edge_agent(*add, "--seen", "serial number=12345678")
        later = await edge_agent("probe", "a/b", "-c", path)
        simulator.devices[1].serial = "87654321"
        changed = await edge_agent("probe", "a/b", "-c", path)
    assert said.code == 0, said.err
    (section,) = tomllib.loads(path.read_text())["device"]
    assert section["address_offset"] == -1
    assert section["proof"]["saw"]["serial number"] == "12345678"
    assert later.code == 0 and "VERIFIED" in later.words
    assert changed.code == 1 and "is it another unit" in changed.words
