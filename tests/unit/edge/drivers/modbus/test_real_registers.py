"""What registers of models that people own look like, and that a profile can say it."""

import struct

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Profile, parse_profile
from edge_agent.drivers.modbus.register_decode import Decoded, decode, plan_requests
from edge_agent.errors import ProfileError
from edge_agent.simulators.modbus import SimulatedDevice

HEAD = """
name = "model"
title = "A model"
notes = "firmware_notes/xy-md02.md"
[link]
function = 3
unit = 1
registers_max = 16
{link}
"""
METRIC = """
[[metric]]
name = "temp_c"
address = 0
type = "{type}"
min = -200
max = 900
{more}
"""


def profile_of(value_type: str, more: str = "", link: str = "", rest: str = "") -> Profile:
    text = HEAD.format(link=link) + METRIC.format(type=value_type, more=more) + rest
    return parse_profile(text, "model", "model.toml")


def read(profile: Profile, *words: int, function: int = 3) -> Decoded:
    return decode(profile, {(function, at): word for at, word in enumerate(words)})


LOW, HIGH = 'word_order = "low_first"', 'word_order = "high_first"'


@pytest.mark.parametrize(
    ("value_type", "link", "more", "words", "temp_c"),
    [
        ("int16", 'byte_order = "low_first"', "scale = 0.1", (0x3101,), 30.5),
        ("float32", HIGH + '\nbyte_order = "low_first"', "", (0xF441, 0xE17A), 30.56),
        ("uint16", "", "scale = 0.1\noffset = -40.0", (450,), 5.0),
        ("int16", "", "scale = -0.1", (0xFFCE,), 5.0),
        ("int16", "", 'scale = 0.1\nsource_unit = "fahrenheit"', (410,), 5.0),
        ("uint16", "", 'scale = 0.1\nsource_unit = "kelvin"', (2782,), 5.05),
        ("uint16", "", "scale = 0.1\nnegative_from = 10000", (250,), 25.0),
        ("uint16", "", "scale = 0.1\nnegative_from = 10000", (10250,), -25.0),
        ("uint16", "", "scale = 0.1\nnegative_from = 0x8000", (0x8032,), -5.0),
        ("int32", LOW, "scale = 0.001", (0xEC78, 0xFFFF), -5.0),
        ("int64", HIGH, "scale = 0.001", (0, 0, 0, 5000), 5.0),
        ("int64", LOW, "scale = 0.001", (0xEC78, 0xFFFF, 0xFFFF, 0xFFFF), -5.0),
        ("uint64", LOW, "scale = 0.001", (5000, 0, 0, 0), 5.0),
        ("float64", HIGH, "", struct.unpack(">4H", struct.pack(">d", -18.25)), -18.25),
        ("bcd16", "", "scale = 0.1", (0x0215,), 21.5),
        ("bcd32", HIGH, "scale = 0.001", (0x0002, 0x1500), 21.5),
    ],
)
def test_real_registers(value_type: str, link: str, more: str, words: tuple[int, ...], temp_c: float) -> None:
    profile = profile_of(value_type, more, link)
    assert read(profile, *words).values == {"temp_c": pytest.approx(temp_c, abs=1e-5)}
    simulated = SimulatedDevice(profile, 1, lambda: {"temp_c": temp_c}).registers()
    assert [simulated[3, at] for at in range(len(words))] == list(words), "the simulator agrees, built independently"


def test_what_are_no_decimal_digits_is_no_number() -> None:
    result = read(profile_of("bcd16"), 0x02A5)
    assert (result.values, result.quality) == ({}, Quality.FAULT)
    assert "0x2a5 is no decimal number" in result.detail


BITS = """
[[status]]
name = "sensor connected"
function = 2
type = "bit"
address = 7
good_equals = 1
"""


def test_a_discrete_input_speaks_for_a_value_in_an_input_register() -> None:
    profile = profile_of("int16", "scale = 0.1\nfunction = 4", rest=BITS)
    assert plan_requests(profile) == (Request(2, 7, 1), Request(4, 0, 1))
    assert decode(profile, {(4, 0): 48, (2, 7): 1}).values == {"temp_c": 4.8}
    unplugged = decode(profile, {(4, 0): 48, (2, 7): 0})
    assert (unplugged.values, unplugged.quality) == ({}, Quality.FAULT)
    assert "status 'sensor connected' is 0x0" in unplugged.detail


def test_requests_of_different_functions_are_never_joined() -> None:
    both = '[[metric]]\nname = "rh_pct"\naddress = 1\ntype = "uint16"\nfunction = 4\nmin = 0\nmax = 100\n'
    assert plan_requests(profile_of("int16", rest=both)) == (Request(3, 0, 1), Request(4, 1, 1))


BOARD = profile_of("int16", "scale = 0.1\nstep = 1", "inputs = 8", BITS.replace("address = 7", "address = 0\nstep = 1"))


def test_each_input_of_a_board_is_read_by_itself() -> None:
    third = BOARD.at_input(3)
    assert plan_requests(third) == (Request(2, 2, 1), Request(3, 2, 1))
    assert decode(third, {(3, 2): 48, (2, 2): 1}).values == {"temp_c": 4.8}
    with pytest.raises(ValueError, match="has inputs 1 to 8, not 9"):
        BOARD.at_input(9)


def test_a_part_of_a_unit_keeps_what_speaks_for_it() -> None:
    two = '[[metric]]\nname = "rh_pct"\naddress = 1\ntype = "uint16"\nmin = 0\nmax = 100\n'
    dew = '[[status]]\nname = "dew"\naddress = 2\ngood_equals = 0\ninvalidates = ["rh_pct"]\n'
    part = profile_of("int16", rest=two + dew).only(("temp_c",))
    assert plan_requests(part) == (Request(3, 0, 1),)


@pytest.mark.parametrize(
    ("value_type", "more", "link", "rest", "fault"),
    [
        ("int16", "scale = 0", "", "", "scale 0 makes every value the same"),
        ("int16", "negative_from = 10000", "", "", "negative_from goes with"),
        ("int16", "sentinels = [0x10000]", "", "", "0x10000 does not fit into int16"),
        ("float64", "", "", "", "link.word_order: is missing, but metric 'temp_c' has four words"),
        ("int16", "step = 1", "", "", "link.inputs: is missing"),
        ("int16", "", "inputs = 8", "", "the way to the next"),
        ("int16", "", "", BITS.replace("function = 2\n", ""), 'type = "bit" goes with function'),
        ("int16", "step = 0x3FF\nadress = 5", "inputs = 64", "", "did you mean 'address'"),
        ("int16", 'element = "sht31"', "", "", '"sht3x"'),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_write(
    value_type: str, more: str, link: str, rest: str, fault: str
) -> None:
    with pytest.raises(ProfileError) as refused:
        profile_of(value_type, more, link, rest)
    assert any(fault in one for one in refused.value.faults), refused.value.faults


def test_humidity_has_no_other_temperature_scale() -> None:
    rh = '[[metric]]\nname = "rh_pct"\naddress = 1\ntype = "uint16"\nmin = 0\nmax = 100\nsource_unit = "kelvin"\n'
    with pytest.raises(ProfileError, match="source_unit = 'kelvin' is for temperatures"):
        profile_of("int16", rest=rh)
