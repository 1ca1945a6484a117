"""From registers to values: published vectors, and everything that makes a value invalid."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Profile, load_profile, parse_profile
from edge_agent.drivers.modbus.register_decode import Decoded, Variant, check_proof, decode, plan_requests
from tests.support.paths import ROOT

NAMES = ("xy-md02", "vaisala-hmp", "comet-t3510", "ee-ee210")
PROFILES = {name: load_profile(name) for name in NAMES}
SHIPPED = [load_profile(path.stem) for path in sorted((ROOT / "config/devices").glob("*.toml"))]
TRANSMITTERS = [profile for profile in SHIPPED if profile.counter is None]


def words_of(frame: str) -> list[int]:
    """The registers of an RTU answer, as printed in a manual: unit, function, byte count, words, CRC."""
    raw = bytes.fromhex(frame)
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(3, 3 + raw[2], 2)]


def registers_of(profile: Profile, start: int, words: list[int]) -> dict[tuple[int, int], int]:
    return {(profile.link.function, start + at): word for at, word in enumerate(words)}


def decoded(name: str, start: int, words: list[int], variant: Variant | None = None) -> Decoded:
    return decode(PROFILES[name], registers_of(PROFILES[name], start, words), variant or Variant())


@pytest.mark.parametrize(
    ("answer", "temp_c", "rh_pct"),
    [
        ("01 04 04 01 31 02 22 2A CE", 30.5, 54.6),
        ("01 04 04 FF 33 02 22 00 00", -20.5, 54.6),
        ("01 04 04 00 00 02 22 00 00", 0.0, 54.6),
    ],
)
def test_xy_md02_vectors(answer: str, temp_c: float, rh_pct: float) -> None:
    assert decoded("xy-md02", 1, words_of(answer)) == Decoded({"temp_c": temp_c, "rh_pct": rh_pct})


def test_the_reading_example_of_the_ee210_manual() -> None:
    temperature = words_of("F2 03 04 29 00 41 C2 80 A1")
    humidity = [0x7AE1, 0x41F4]
    values = decoded("ee-ee210", 0x19, temperature + humidity).values
    assert values["temp_c"] == pytest.approx(24.270019, abs=1e-6)
    assert values["rh_pct"] == pytest.approx(30.56, abs=1e-5)


@pytest.mark.parametrize(
    ("answer", "temp_c"),
    [("E7 03 04 A1 06 41 D7 CE 0E", 26.953624), ("41 03 04 38 5F 41 D5 77 4A", 26.652524)],
)
def test_other_ee_manuals_print_floats_the_same_way(answer: str, temp_c: float) -> None:
    values = decoded("ee-ee210", 0x19, [*words_of(answer), 0, 0]).values
    assert values["temp_c"] == pytest.approx(temp_c, abs=2e-6)


def test_vaisala_gives_humidity_first_and_the_low_word_first() -> None:
    values = decoded("vaisala-hmp", 0, [0x7AE1, 0x41F4, 0x0000, 0xC1A4]).values
    assert values == {"rh_pct": pytest.approx(30.56, abs=1e-5), "temp_c": -20.5}


def test_comet_vector_with_a_negative_temperature() -> None:
    assert decoded("comet-t3510", 0x31, [0xFF33, 0x0222]).values == {"temp_c": -20.5, "rh_pct": 54.6}


def test_a_swapped_word_order_is_recognised_by_numbers_that_are_nearly_nothing() -> None:
    result = decoded("vaisala-hmp", 0, [0x41F4, 0x7AE1, 0x41D7, 0xA106])
    assert result.values == {}  # -4.5e-19 °C beside 5.8e35 %RH
    assert result.quality is Quality.FAULT


def test_a_unit_with_the_other_word_order_is_read_by_its_variant() -> None:
    values = decoded("vaisala-hmp", 0, [0x41F4, 0x7AE1, 0xC1A4, 0x0000], Variant(word_order="high_first")).values
    assert values == {"rh_pct": pytest.approx(30.56, abs=1e-5), "temp_c": -20.5}


def test_a_unit_ordered_with_fahrenheit_is_read_in_celsius() -> None:
    fahrenheit = struct.unpack(">HH", struct.pack(">f", 41.0))
    words = [fahrenheit[1], fahrenheit[0], 0x0000, 0x4248]
    assert decoded("ee-ee210", 0x19, words, Variant(fahrenheit=True)).values == {"temp_c": 5.0, "rh_pct": 50.0}


@pytest.mark.parametrize("raw", [0x7FC00000, 0xFFC00000, 0x7F800001, 0x7F800000, 0xFF800000])
def test_nan_and_infinity_are_faults_and_the_other_metric_stays(raw: int) -> None:
    result = decoded("vaisala-hmp", 0, [0x0000, 0x4248, raw & 0xFFFF, raw >> 16])
    assert result.values == {"rh_pct": 50.0}
    assert result.quality is Quality.FAULT
    assert result.detail.startswith("temp_c: the device has no value")


@pytest.mark.parametrize(("word", "shown"), [(0x8000, "-3276.8"), (0x0353, "85.1"), (0xFE6F, "-40.1")])
def test_what_the_sensor_cannot_measure_is_out_of_range(word: int, shown: str) -> None:
    result = decoded("xy-md02", 1, [word, 0x0222])
    assert result.values == {}  # the humidity came from the same element
    assert result.quality is Quality.RANGE
    assert shown in result.detail
    assert "rh_pct: temp_c came in the same frame and is impossible" in result.detail


@pytest.mark.parametrize(("word", "temp_c"), [(0x0352, 85.0), (0xFE70, -40.0)])
def test_the_ends_of_the_range_can_be_measured(word: int, temp_c: float) -> None:
    assert decoded("xy-md02", 1, [word, 0x0222]).values["temp_c"] == temp_c


STATUSED = """
name = "statused"
title = "An integer model with sentinels and status registers, as the larger Vaisala transmitters have"
notes = "firmware_notes/vaisala-hmp.md"
[link]
function = 3
unit = 1
registers_max = 10
word_order = "high_first"
[[metric]]
name = "temp_c"
address = 10
type = "int16"
scale = 0.01
min = -100
max = 100
sentinels = [0x8000, 0x7FFF, 0x8001]
[[metric]]
name = "rh_pct"
address = 11
type = "int16"
scale = 0.01
min = 0
max = 100
[[status]]
name = "fault status"
address = 12
good_equals = 1
[[status]]
name = "error bits"
address = 13
type = "uint32"
bad_bits = 0x0002
invalidates = ["rh_pct"]
"""
STATUSED_PROFILE = parse_profile(STATUSED, "statused", "statused.toml")


def statused(temp: int = 500, rh: int = 5000, fault: int = 1, errors: int = 0) -> Decoded:
    words = [temp, rh, fault, errors >> 16, errors & 0xFFFF]
    return decode(STATUSED_PROFILE, registers_of(STATUSED_PROFILE, 10, words))


@pytest.mark.parametrize("word", [0x8000, 0x7FFF, 0x8001])
def test_sentinels_are_faults(word: int) -> None:
    result = statused(temp=word)
    assert result.values == {"rh_pct": 50.0}
    assert result.quality is Quality.FAULT
    assert f"{word:#x}" in result.detail


def test_a_status_that_is_one_when_all_is_well_invalidates_everything_when_it_is_zero() -> None:
    assert statused().quality is Quality.GOOD
    result = statused(fault=0)
    assert result.values == {}
    assert [d.metric for d in result.invalid] == ["temp_c", "rh_pct"]
    assert "status 'fault status' is 0x0" in result.detail


def test_an_error_bit_invalidates_only_the_metrics_it_speaks_for() -> None:
    assert statused(errors=0x0001).values == {"temp_c": 5.0, "rh_pct": 50.0}
    assert statused(errors=0x0003).values == {"temp_c": 5.0}


def test_a_fault_is_graver_than_a_range() -> None:
    assert statused(temp=0x8000, rh=-1 & 0xFFFF).quality is Quality.FAULT
    assert statused(rh=-1 & 0xFFFF).quality is Quality.RANGE


@given(st.sampled_from([*TRANSMITTERS, STATUSED_PROFILE]), st.data())
def test_no_registers_whatever_give_a_value_that_is_not_finite_or_out_of_range(
    profile: Profile, data: st.DataObject
) -> None:
    registers = {
        (request.function, at): data.draw(
            st.sampled_from([0, 1, 0x7FC0, 0x7F80, 0x8000, 0xFFFF]) | st.integers(0, 0xFFFF)
        )
        for request in plan_requests(profile)
        for at in range(request.address, request.address + request.count)
    }
    fahrenheit = data.draw(st.booleans())
    order = data.draw(st.sampled_from([None, "low_first", "high_first"]))
    result = decode(profile, registers, Variant(word_order=order, fahrenheit=fahrenheit))
    assert {*result.values} | {d.metric for d in result.invalid} == {m.name for m in profile.metric}
    assert not {*result.values} & {d.metric for d in result.invalid}
    assert (result.quality is Quality.GOOD) == (not result.invalid)
    for metric in profile.metric:
        value = result.values.get(metric.name, metric.min)
        assert math.isfinite(value) and metric.min <= value <= metric.max


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    maximum = draw(st.integers(2, 20))
    places = draw(st.lists(st.integers(0, 60), min_size=1, max_size=12, unique=True))
    types = draw(st.lists(st.sampled_from(["int16", "float32"]), min_size=len(places), max_size=len(places)))
    metrics = [
        {"name": f"m{n}_c", "address": place, "type": kind, "min": 0, "max": 1}
        for n, (place, kind) in enumerate(zip(places, types, strict=True))
    ]
    link = {"function": 3, "unit": 1, "registers_max": maximum, "gap_max": draw(st.integers(0, 5))}
    whole = {
        "name": "p",
        "title": "p",
        "notes": "firmware_notes/p.md",
        "link": {**link, "word_order": "low_first"},
        "metric": metrics,
    }
    return Profile.model_validate(whole)


@given(profiles())
def test_requests_cover_every_register_within_the_limit_and_never_split_a_value(profile: Profile) -> None:
    requests = plan_requests(profile)
    assert all(1 <= request.count <= profile.link.registers_max for request in requests)
    for metric in profile.metric:
        wanted = range(metric.address, metric.address + metric.words)
        assert any(
            request.address <= wanted.start and wanted.stop <= request.address + request.count for request in requests
        )
    read = {at for request in requests for at in range(request.address, request.address + request.count)}
    needed = {at for m in profile.metric for at in range(m.address, m.address + m.words)}
    assert len(read - needed) <= profile.link.gap_max * len(needed)


def test_both_values_of_each_family_come_in_one_request() -> None:
    assert {name: plan_requests(profile) for name, profile in PROFILES.items()} == {
        "xy-md02": (Request(4, 0x0001, 2),),
        "vaisala-hmp": (Request(3, 0x0000, 4),),
        "comet-t3510": (Request(3, 0x0031, 2),),
        "ee-ee210": (Request(3, 0x0019, 4),),
    }


def proofs(name: str, registers: dict[int, int], variant: Variant | None = None) -> list[tuple[str, bool | None]]:
    profile = PROFILES[name]
    return [
        (result.shown, result.holds)
        for proof in profile.proof
        for result in (check_proof(profile, proof, registers, variant or Variant()),)
    ]


def test_the_test_registers_of_vaisala_prove_address_and_word_order() -> None:
    right = {0x1F00: 0xCFC7, 0x1F01: 0xE666, 0x1F02: 0xC2F6}
    assert proofs("vaisala-hmp", right) == [("-12345", True), ("-123.45", True)]
    swapped = [holds for _, holds in proofs("vaisala-hmp", right, Variant(word_order="high_first"))]
    assert swapped == [True, False]
    shifted = {0x1F00: 0xE666, 0x1F01: 0xC2F6, 0x1F02: 0x2D31}
    assert [holds for _, holds in proofs("vaisala-hmp", shifted)] == [False, False]


def test_the_serial_number_of_a_comet_is_shown_for_a_person_to_compare() -> None:
    assert proofs("comet-t3510", {0x1035: 0x1496, 0x1036: 0x0123, 0x1037: 0x3510})[0] == ("14960123", None)


def test_the_serial_number_of_an_ee210_is_shown_as_text() -> None:
    words = struct.unpack(">8H", b"1942A00123\0\0\0\0\0\0")
    assert proofs("ee-ee210", dict(enumerate(words))) == [("1942A00123", None)]
