"""Codes of items: what may be said, and which spellings of a code meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.barcodes.item_codes import (
    CodeFault,
    codes_in_715,
    keys_of_code,
    keys_of_scan,
    named,
    parse_code,
    scanned_ndc,
)
from edge_agent.domain.barcodes.ndc import Ndc


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0591-0369-01", "ndc:0591-0369-01"),
        ("ndc:00591-0369-01", "ndc:00591-0369-01"),
        ("00591036901", "ndc:00591-0369-01"),
        ("012345-6789-01", "ndc:012345-6789-01"),
        ("+A123BJC5D6E71G", "hibc:A123BJC5D6E71"),
        ("hibc:A123BJC5D6E71", "hibc:A123BJC5D6E71"),
    ],
)
def test_a_code_is_written_as_it_is_printed_or_with_its_kind(written: str, code: str) -> None:
    assert parse_code(written) == code == parse_code(code)


def test_a_check_character_that_is_a_space_is_printed_as_an_underscore() -> None:
    assert parse_code("+Z9992991_") == "hibc:Z9992991"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("0591036901", "three different NDCs"),
        ("ndc:0591036901", "three different NDCs"),
        ("305910369017", "among the GTINs"),
        ("00305910369019", "among the GTINs"),
        ("+A123BJC5D6E71H", "check character"),
        ("+$$52001510X3GD", "not a HIBC primary code"),
        ("hibc:+A1", "no HIBC product"),
        ("0591-0369", "with its hyphens"),
        ("", "with its hyphens"),
    ],
)
def test_what_is_no_code_or_may_be_several_is_refused_with_what_to_write(written: str, says: str) -> None:
    with pytest.raises(CodeFault) as caught:
        parse_code(written)
    assert says in str(caught.value)


@pytest.mark.parametrize("scanned", ["ndc:0591-0369-01", "ndc:00591-0369-01", "ndc:00591036901", "ndc:000591-0369-01",
                                     "ndc:000591036901"])  # fmt: skip
def test_every_spelling_of_an_ndc_with_certain_segments_has_the_same_first_key(scanned: str) -> None:
    assert keys_of_scan((scanned,))[0] == "ndc:00591036901"


def test_the_ten_digits_meet_in_upc_gtin_bare_and_hyphened_ndc() -> None:
    ten = "ndc10:0591036901"
    for name in ("00305910369019", "ndc:0591036901", "ndc:0591-0369-01"):
        assert ten in keys_of_scan((name,)), name
    assert ten in keys_of_code("ndc:0591-0369-01")


def test_a_gtin_with_an_indicator_is_another_package_than_the_ndc() -> None:
    assert keys_of_scan(("50305910369014",)) == ("50305910369014",)
    assert keys_of_scan(("09521234543213",)) == ("09521234543213",)


def test_padded_forms_say_the_ten_digits_only_where_one_zero_alone_can_be_padding() -> None:
    assert keys_of_code("ndc:12345-0678-90") == ("ndc:12345067890", "ndc10:1234567890")
    assert keys_of_code("ndc:00591-0369-01") == ("ndc:00591036901",)
    assert keys_of_code("ndc:123456-7890-12") == ("ndc:123456789012",)


def test_a_label_with_several_names_is_looked_up_by_all_the_gtin_first() -> None:
    keys = keys_of_scan(("00312345678906", "ndc:012345-0678-90"))
    assert keys == ("00312345678906", "ndc10:1234567890", "ndc:12345067890")
    assert named(("00312345678906", "ndc:1-2-3")) == "GTIN 00312345678906 / NDC 1-2-3"
    assert named(()) == "no code"


def test_ai_715_is_read_if_it_is_an_ndc() -> None:
    assert codes_in_715("000591036901") == ("ndc:000591036901",)
    assert codes_in_715("0591-0369-01") == ("ndc:0591-0369-01",)
    assert codes_in_715("PZN123") == ()
    assert scanned_ndc("2026-11-21") is None


@given(st.sampled_from([(4, 4, 2), (5, 3, 2), (5, 4, 1)]), st.data())
def test_an_ndc_of_ten_digits_is_among_those_its_padded_forms_may_stand_for(
    lengths: tuple[int, int, int], data: st.DataObject
) -> None:
    segments = [data.draw(st.text("0123456789", min_size=n, max_size=n)) for n in lengths]
    ndc = Ndc(*segments)
    assert "".join(segments) in ndc.as_11().tens()
    assert ndc.tens() == ("".join(segments),)


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_a_fault_and_a_code_is_written_back_the_same(text: str) -> None:
    try:
        code = parse_code(text)
    except CodeFault:
        return
    assert parse_code(code) == code
    assert keys_of_code(code)
