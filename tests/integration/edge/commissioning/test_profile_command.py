"""From a maker's manual to a proven profile, as a newcomer does it."""

import re
import tomllib
from pathlib import Path

import pytest

from edge_agent.commissioning.profile_command import template_text
from edge_agent.drivers.modbus.profile import Profile, parse_profile, read_profile, shipped_dir
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from tests.support.commissioning_parts import config_in, edge_agent
from tests.support.running_bus import constant

MANUAL = {
    'title = "Maker and model, as on the type plate"': 'title = "Acme TH1"',
    'name = "temp_c"': 'name = "rh_pct"',
    'type = "int16"': 'type = "uint16"',
    "min = -40": "min = 0",
    "max = 85": "max = 100",
}
"""The maker says: humidity first (uint16, tenths), then temperature (int16, tenths), from register 40001."""


def filled_in(path: Path) -> None:
    """What a person writes with the manual beside it: both metrics, and the device type as proof."""
    text = path.read_text()
    head, first, second = text.split("[[metric]]\n")
    for old, new in MANUAL.items():
        head, first = head.replace(old, new), first.replace(old, new)
    second = second.partition("# A register (or a bit")[0]
    second = second.replace('"rh_pct"', '"temp_c"').replace("uint16", "int16").replace("min = 0", "min = -40")
    proof = '[[proof]]\nname = "device type"\naddress = 0x0020\ntype = "uint16"\nexpect = 4711\n'
    path.write_text("[[metric]]\n".join((head, first, second)) + proof)


async def test_ten_steps_lead_from_an_empty_file_to_a_proven_device(tmp_path: Path) -> None:
    config = config_in(tmp_path, "")
    config.write_text(config.read_text().replace("[uplink]", f'profiles_dir = "{tmp_path / "own"}"\n[uplink]'))
    made = await edge_agent("profile", "new", "acme-th1", "-c", config)
    path = tmp_path / "own" / "acme-th1.toml"
    assert made.code == 0 and str(path) in made.out and "edge-agent profile check acme-th1" in made.words
    assert (await edge_agent("profile", "new", "acme-th1", "-c", config)).code == 1, "what is there stays"
    filled_in(path)
    checked = await edge_agent("profile", "check", "acme-th1", "-c", config, "--answer", "01 03 04 02 92 FF 9B 5A 3D")
    assert checked.code == 0, checked.err
    assert "It is valid" in checked.words and "rh_pct 65.8, temp_c -10.1" in checked.words and "40002" in checked.words
    unit = SimulatedDevice(read_profile(path), 1, constant(5.2, 44.0))
    async with ModbusTcpSimulator([unit]) as simulator:
        where = ("--host", f"127.0.0.1:{simulator.port}", "-c", config)
        tried = await edge_agent("profile", "try", "acme-th1", *where)
        added = await edge_agent("add", "fridge-a/probe", "--profile", "acme-th1", *where, "--by", "Amy", "-y")
        path.write_text(path.read_text().replace("max = 100", "max = 99"))
        report = await edge_agent("report", "--to", tmp_path / "one.pdf", "-c", config, "--json")
        again = await edge_agent("probe", "fridge-a/probe", "-c", config)
        proven = await edge_agent("report", "--to", tmp_path / "two.pdf", "-c", config, "--json")
    assert tried.code == 0 and "VERIFIED" in tried.words and "edge-agent add NAME --profile acme-th1" in tried.words
    assert added.code == 0, added.err
    assert tomllib.loads(config.read_text())["device"][0]["proof"]["by"] == "Amy"
    assert (report.code, report.data["devices"][0]["state"]) == (1, "CHANGED SINCE")
    assert again.code == 0
    assert (proven.code, proven.data["devices"][0]["state"]) == (0, "proven")


def test_the_template_is_a_valid_profile_and_names_every_key() -> None:
    text = template_text()
    assert isinstance(parse_profile(text, "generic", "generic.toml"), Profile)
    for key in ("source_unit", "negative_from", "step", "element", "byte_order", "inputs", "offset", "sentinels"):
        assert re.search(rf"^#? ?{key} =", text, re.MULTILINE), key
    assert not list(shipped_dir().glob("generic.toml")), "a template must never be taken for a model by a scan"


async def test_faults_and_doubts_are_named_before_a_device_is_asked(tmp_path: Path) -> None:
    made = await edge_agent("profile", "new", "acme", "--profiles-dir", tmp_path, "--like", "vaisala-hmp")
    assert made.code == 0
    path = tmp_path / "acme.toml"
    path.write_text(path.read_text().replace('word_order = "low_first"\n', ""))
    broken = await edge_agent("profile", "check", "acme", "--profiles-dir", tmp_path)
    assert broken.code == 1 and "link.word_order: is missing" in broken.err
    path.write_text(
        path.read_text().partition("[[proof]]")[0].replace("function = 3", 'function = 3\nword_order = "low_first"')
    )
    doubtful = await edge_agent("profile", "check", path)
    assert doubtful.code == 0 and "[[proof]]: there is none" in doubtful.words
    assert "swapped words can look right" in doubtful.words


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("01 03 04 02", "no whole answer"),
        ("hello", "write bytes in hex"),
        ("01 03 04 02 92 FF 9B", "function 4 with 4 bytes of data"),
    ],
)
async def test_an_answer_that_does_not_fit_is_told_with_what_would(tmp_path: Path, answer: str, says: str) -> None:
    said = await edge_agent("profile", "check", "xy-md02", "--profiles-dir", tmp_path, "--answer", answer)
    assert said.code == 1 and says in said.err


async def test_a_board_is_checked_by_one_of_its_inputs(tmp_path: Path) -> None:
    said = await edge_agent(
        "profile", "check", "r4dcb08", "--profiles-dir", tmp_path, "--input", "3", "--answer", "01 03 02 00 2E 38 58"
    )
    assert said.code == 0 and "temp_c 4.6" in said.words and "40003" in said.words


async def test_the_guide_is_printed_without_a_checkout() -> None:
    said = await edge_agent("profile", "new", "x", "--guide")
    assert said.code == 0 and "in ten minutes" in said.out and "negative_from" in said.out


def test_the_readme_teaches_every_key_of_a_profile_that_a_manual_may_ask_for() -> None:
    text = (shipped_dir() / "README.md").read_text()
    for key in ("offset", "negative_from", "source_unit", "byte_order", "element", "inputs", "step", "metrics"):
        assert f"`{key}" in text or f"{key} =" in text, key
