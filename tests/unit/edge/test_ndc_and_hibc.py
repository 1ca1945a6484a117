"""Identifiers beside GS1: NDC by its segments, HIBC primary codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.hibc import ALPHABET, HibcProduct, check_character, is_hibc, parse_primary
from edge_agent.domain.ndc import ndc_digits_of, parse_ndc
from edge_agent.domain.scan_rejected import ScanRejected


@pytest.mark.parametrize(
    ("ndc", "gtin"),
    [("0591-0369-01", "00305910369019"), ("12345-678-90", "00312345678906"), ("50242-040-62", "00350242040624")],
)
def test_the_gtin_is_made_from_the_ten_digits(ndc: str, gtin: str) -> None:
    assert parse_ndc(ndc).gtin() == gtin
    assert ndc_digits_of(gtin) == ndc.replace("-", "")


def test_the_padded_forms_keep_their_segments() -> None:
    ndc = parse_ndc("0591-0369-01")
    assert (str(ndc.as_11()), str(ndc.as_12())) == ("00591-0369-01", "000591-0369-01")
    assert str(parse_ndc("12345-6789-1").as_12()) == "012345-6789-01"
    assert str(parse_ndc("012345-6789-01").as_11()) == "12345-6789-01"
    assert (ndc.digits, ndc.as_11().digits, ndc.as_12().digits) == (10, 11, 12)


def test_padded_forms_give_no_gtin_and_six_digit_labelers_no_bill() -> None:
    for text in ("00591-0369-01", "000591-0369-01"):
        with pytest.raises(ValueError, match="ten-digit"):
            parse_ndc(text).gtin()
    with pytest.raises(ValueError, match="no form of eleven"):
        parse_ndc("123456-7890-12").as_11()
    with pytest.raises(ValueError, match="indicator"):
        parse_ndc("0591-0369-01").gtin(indicator=9)


@pytest.mark.parametrize(
    "text", ["", "0591036901", "0591-0369", "0591-0369-1", "059-0369-01", "O591-0369-01", "٠591-0369-01"]
)
def test_what_is_no_ndc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no NDC"):
        parse_ndc(text)


def test_a_gtin_of_another_country_holds_no_ndc() -> None:
    assert ndc_digits_of("09521234543213") is None
    assert ndc_digits_of("0312345678906") is None


@pytest.mark.parametrize(
    ("code", "product"),
    [("+A123BJC5D6E71G", HibcProduct("A123", "BJC5D6E7", 1)), ("+A999123457", HibcProduct("A999", "1234", 5))],
)
@pytest.mark.parametrize("aim", ["", "]C0", "]d1"])
def test_a_primary_hibc_code_names_labeler_and_product(code: str, product: HibcProduct, aim: str) -> None:
    assert is_hibc(aim + code)
    assert parse_primary(aim + code) == product


@pytest.mark.parametrize(
    "code",
    ["+A123BJC5D6E71H", "+A123BJC5D6E71_", "+", "+A1", "+$$3261231LOT1", "+a123bjc5d6e71G", "+A123BJC5D6E71/$LOT1G"],
)
def test_what_is_no_primary_code_is_refused(code: str) -> None:
    with pytest.raises(ScanRejected):
        parse_primary(code)


@given(
    product=st.text("ABCXYZ0123456789", min_size=1, max_size=13),
    at=st.integers(1, 30),
    to=st.sampled_from("ABCXYZ0123456789"),
)
def test_any_change_of_one_character_is_refused(product: str, at: int, to: str) -> None:
    text = f"+A123{product}1"
    text += check_character(text)
    assert parse_primary(text).product == product
    at = min(at, len(text) - 2)
    if text[at] != to:
        with pytest.raises(ScanRejected):
            parse_primary(text[:at] + to + text[at + 1 :])


def test_the_alphabet_has_43_characters() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 43
