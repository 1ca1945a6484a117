"""Half a dead frame is not believed: frames of transmitters whose sensor element does not answer."""

import struct

import pytest

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.profile import Profile, load_profile, parse_profile
from edge_agent.drivers.modbus.register_decode import Decoded, decode, plan_requests

ONE_PROBE = """
name = "probe"
title = "A transmitter that has a known sensor element"
notes = "firmware_notes/xy-md02.md"
[link]
function = 3
unit = 1
registers_max = 8
[[metric]]
name = "temp_c"
address = 0
type = "int16"
scale = {scale}
element = "{element}"
min = -130
max = 130
"""
HUMIDITY = """
[[metric]]
name = "rh_pct"
address = 1
type = "int16"
scale = 0.1
min = 0
max = 100
"""


def probe(element: str, *, scale: float = 0.1, humidity: bool = False) -> Profile:
    text = ONE_PROBE.format(element=element, scale=scale) + (HUMIDITY if humidity else "")
    return parse_profile(text, "probe", "probe.toml")


def read(profile: Profile, *words: int) -> Decoded:
    (request,) = plan_requests(profile)
    return decode(profile, {(request.function, request.address + at): word for at, word in enumerate(words)})


def test_all_ones_are_no_tenth_of_a_degree_below_zero() -> None:
    result = read(load_profile("xy-md02"), 0xFFFF, 0xFFFF)
    assert result.values == {}
    assert result.quality is Quality.RANGE
    assert "rh_pct: -0.1 is beyond" in result.detail
    assert "temp_c: rh_pct came in the same frame and is impossible" in result.detail


def test_all_zero_is_no_freezing_point_in_air_without_water() -> None:
    result = read(load_profile("xy-md02"), 0, 0)
    assert result.values == {}
    assert result.quality is Quality.FAULT
    assert result.detail.startswith("temp_c, rh_pct: every register is 0")


def test_zero_degrees_are_a_temperature_as_long_as_the_humidity_lives() -> None:
    assert read(load_profile("xy-md02"), 0, 850).values == {"temp_c": 0.0, "rh_pct": 85.0}


def test_dew_on_the_humidity_sensor_does_not_take_the_temperature_away() -> None:
    result = read(load_profile("xy-md02"), 50, 1012)
    assert result.values == {"temp_c": 5.0}
    assert result.quality is Quality.RANGE
    assert read(load_profile("xy-md02"), 50, 1060).values == {}


@pytest.mark.parametrize(
    ("element", "word"),
    [
        ("ds18b20", 850),  # power-up, no conversion yet
        ("ds18b20", -1270),
        ("sht2x", -468),  # raw 0: -46.85
        ("sht2x", -469),
        ("sht2x", 1289),  # raw 0xFFFF: 128.86
        ("sht3x", -450),
        ("sht3x", 1300),
        ("sht4x", -450),
        ("sht4x", 1300),
    ],
)
def test_what_a_sensor_element_sends_when_it_has_nothing_is_a_fault(element: str, word: int) -> None:
    result = read(probe(element), word & 0xFFFF)
    assert result.values == {}
    assert result.quality is Quality.FAULT
    assert f"a {element} sends when it has no value" in result.detail


@pytest.mark.parametrize(("element", "word"), [("ds18b20", 849), ("ds18b20", 851), ("sht3x", 850), ("sht4x", -449)])
def test_the_neighbours_of_such_a_value_are_temperatures(element: str, word: int) -> None:
    assert read(probe(element), word & 0xFFFF).values == {"temp_c": word / 10}


def test_a_dead_element_takes_its_humidity_with_it() -> None:
    result = read(probe("sht3x", humidity=True), -450 & 0xFFFF, 500)
    assert result.values == {}
    assert "rh_pct: temp_c came in the same frame" in result.detail


def test_one_dead_probe_of_two_says_nothing_about_the_other() -> None:
    two = ONE_PROBE.format(element="ds18b20", scale=0.1).replace('"temp_c"', '"ch1_temp_c"')
    two += '[[metric]]\nname = "ch2_temp_c"\naddress = 1\ntype = "int16"\nscale = 0.1\nmin = -55\nmax = 125\n'
    result = read(parse_profile(two, "probe", "probe.toml"), 850, 48)
    assert result.values == {"ch2_temp_c": 4.8}
    assert [one.metric for one in result.invalid] == ["ch1_temp_c"]


@pytest.mark.parametrize(("kpa", "is_good"), [(0.0005, True), (0.0, True), (1e-20, False)])
def test_half_a_pascal_is_a_pressure_also_for_a_sensor_that_counts_in_kilopascal(kpa: float, is_good: bool) -> None:
    text = ONE_PROBE.partition("[[metric]]")[0] + 'word_order = "high_first"\n'
    text += '[[metric]]\nname = "dp_pa"\naddress = 0\ntype = "float32"\nscale = 1000\nmin = -100\nmax = 100\n'
    words = struct.unpack(">2H", struct.pack(">f", kpa))
    result = read(parse_profile(text, "probe", "probe.toml"), *words)
    assert (result.quality is Quality.GOOD) == is_good, result.detail


def test_swapped_words_are_no_values_near_zero() -> None:
    """A wrong word order, written by hand: 0.0 and 0.0002 looked good."""
    result = read(load_profile("vaisala-hmp"), 0x4234, 0x3951, 0x40A0, 0x0000)
    assert result.values == {}
    assert result.quality is Quality.FAULT
    assert "swapped words do that" in result.detail
