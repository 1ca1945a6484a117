"""What a profile may say, and how its faults are told."""

from pathlib import Path

import pytest

from edge_agent.drivers.modbus.profile import load_profile, parse_profile, shipped_dir
from edge_agent.errors import ProfileError
from tests.support.paths import ROOT

SHIPPED = sorted(path.stem for path in shipped_dir().glob("*.toml"))

GOOD = """
name = "thing"
title = "A thing"
notes = "firmware_notes/thing.md"
[link]
function = 3
unit = 1
registers_max = 4
[[metric]]
name = "temp_c"
address = 1
type = "int16"
scale = 0.1
min = -40
max = 60
"""


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "thing", "thing.toml")
    return caught.value.faults


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_is_valid_and_has_its_page_of_notes(name: str) -> None:
    profile = load_profile(name)
    assert (ROOT / profile.notes).is_file()
    assert name in (ROOT / profile.notes).read_text()


def test_the_four_families_are_shipped() -> None:
    assert {"comet-t3510", "ee-ee210", "vaisala-hmp", "xy-md02"} <= set(SHIPPED)


def test_factory_settings_are_those_of_the_makers_papers() -> None:
    settings = {
        name: (p.link.unit, p.link.function, p.serial and (p.serial.baudrate, p.serial.parity, p.serial.stopbits))
        for name in ("xy-md02", "vaisala-hmp", "comet-t3510", "ee-ee210")
        for p in (load_profile(name),)
    }
    assert settings == {
        "xy-md02": (1, 4, (9600, "none", 1)),
        "vaisala-hmp": (240, 3, (19200, "none", 2)),
        "comet-t3510": (1, 3, None),
        "ee-ee210": (242, 3, (9600, "even", 1)),
    }


def test_a_profile_of_the_site_goes_before_a_shipped_one(tmp_path: Path) -> None:
    own = (shipped_dir() / "xy-md02.toml").read_text().replace("max = 85", "max = 70")
    (tmp_path / "xy-md02.toml").write_text(own)
    assert load_profile("xy-md02", tmp_path).metric[0].max == 70
    assert load_profile("ee-ee210", tmp_path).name == "ee-ee210"


def test_an_unknown_profile_names_the_one_that_was_meant() -> None:
    with pytest.raises(ProfileError, match="did you mean 'xy-md02'"):
        load_profile("xymd02")


def test_all_faults_are_told_at_once_with_key_and_remedy() -> None:
    text = GOOD.replace("function = 3", "function = 6").replace("address = 1", "address = 70000")
    text = text.replace('"temp_c"', '"temp"').replace("title", "tittle")
    faults = "\n".join(faults_of(text))
    assert "link.function: 6: input should be 3 or 4; write 3 (holding registers) or 4 (input registers)" in faults
    assert "metric[1].address: 70000" in faults
    assert "metric[1].name: 'temp' does not end in a unit; write e.g. temp_c" in faults
    assert "title: is missing" in faults
    assert "tittle: no such key; did you mean 'title'?" in faults
    assert len(faults.splitlines()) == 5


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("min = -40", "min = 90"), "min 90.0 is not below max 60.0"),
        (("min = -40", "min = nan"), "min nan is not below max 60.0"),
        (('"int16"', '"float32"'), "link.word_order: is missing, but metric 'temp_c' has two words"),
        (("registers_max = 4", "registers_max = 1\nword_order = 'low_first'"), None),
        (("address = 1", "address = 0xFFFF"), None),
        (("name = ", "nome = "), "name: is missing"),
        (("[[metric]]", "[[metric]"), "not valid TOML"),
        (('"thing"', '"other"'), 'write name = "thing"'),
    ],
)
def test_a_broken_profile_says_what_to_write(change: tuple[str, str], fault: str | None) -> None:
    text = GOOD.replace(*change, 1)
    if fault is None:
        assert parse_profile(text, "thing", "thing.toml").name == "thing"
    else:
        assert fault in "\n".join(faults_of(text))


def test_values_that_do_not_fit_the_limits_of_the_link_are_faults() -> None:
    two_words = GOOD.replace('"int16"', '"int32"').replace("unit = 1", 'unit = 1\nword_order = "low_first"')
    assert "is less than the 2 of metric" in faults_of(two_words.replace("registers_max = 4", "registers_max = 1"))[0]
    assert "go beyond 0xFFFF" in faults_of(two_words.replace("address = 1", "address = 0xFFFF"))[0]


def test_metrics_with_the_same_name_are_a_fault() -> None:
    metric = GOOD[GOOD.index("[[metric]]") :]
    assert "'temp_c' is there twice" in faults_of(GOOD + metric)[0]


def test_a_status_register_needs_one_test_and_known_metrics() -> None:
    assert "either good_equals" in faults_of(GOOD + '[[status]]\nname = "s"\naddress = 5\n')[0]
    both = '[[status]]\nname = "s"\naddress = 5\ngood_equals = 1\nbad_bits = 1\n'
    assert "either good_equals" in faults_of(GOOD + both)[0]
    stranger = '[[status]]\nname = "s"\naddress = 5\ngood_equals = 1\ninvalidates = ["rh_pct"]\n'
    assert "no metric 'rh_pct'; write names out of temp_c" in faults_of(GOOD + stranger)[0]


def test_a_proof_needs_a_value_or_a_label() -> None:
    assert "write either expect" in faults_of(GOOD + '[[proof]]\nname = "p"\naddress = 5\ntype = "int16"\n')[0]
    text = '[[proof]]\nname = "p"\naddress = 5\ntype = "text"\nlabel = "plate"\n'
    assert "text_words" in faults_of(GOOD + text)[0]


COUNTER = """
name = "thing"
title = "A counter"
notes = "firmware_notes/thing.md"
[link]
function = 3
unit = 1
registers_max = 20
word_order = "high_first"
[counter]
queue = "latest"
channels_max = 2
channel = { function = 3, address = 10, type = "uint32" }
time = { function = 3, address = 0, type = "unix" }
sample_s = { function = 3, address = 2, type = "uint16" }
clock = { function = 3, address = 4, type = "unix" }
running = { function = 3, address = 6, type = "uint16", equals = 1 }
"""


def test_a_counter_is_described_by_its_registers() -> None:
    counter = parse_profile(COUNTER, "thing", "thing.toml").counter
    assert counter is not None
    assert [cell.address for cell in counter.channels(2)] == [10, 12]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('"latest"', '"indexed"'), "a queue that is indexed needs count and select as well"),
        (('"latest"', '"popped"'), "a queue that is popped needs available and pop as well"),
        (("clock =", "clok ="), "no such key; did you mean 'clock'?"),
        (('word_order = "high_first"\n', ""), "link.word_order: is missing, but counter.channel has two words"),
        (("address = 10", "address = 0xFFFF"), "counter.channel.address: 0xffff and 2 registers go beyond 0xFFFF"),
        (("function = 3, address = 6", "function = 1, address = 6"), 'type = "coil" goes with function 1 or 2'),
    ],
)
def test_a_broken_counter_says_what_to_write(change: tuple[str, str], fault: str) -> None:
    assert fault in "\n".join(faults_of(COUNTER.replace(*change, 1)))


def test_a_profile_is_a_sensor_or_a_counter() -> None:
    metric = GOOD[GOOD.index("[[metric]]") :]
    assert "not both" in faults_of(COUNTER + metric)[0]
    assert "at least one [[metric]] section" in faults_of(GOOD.replace(metric, ""))[0]
