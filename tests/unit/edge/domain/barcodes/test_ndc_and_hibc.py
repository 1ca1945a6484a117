"""Identifiers beside GS1: NDC by its segments, HIBC codes with all they may hold."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.barcodes import hibc
from edge_agent.domain.barcodes.hibc import ALPHABET, HibcProduct, check_character, is_hibc
from edge_agent.domain.barcodes.ndc import ndc_digits_of, parse_ndc
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of


def parse_primary(text: str) -> HibcProduct:
    return hibc.parse_primary(symbol_of(text))


def parse_hibc(text: str, *, today: date) -> Scanned:
    return hibc.parse_hibc(symbol_of(text), today=today)


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
    assert is_hibc(symbol_of(aim + code))
    assert parse_primary(aim + code) == product


@pytest.mark.parametrize(
    "code",
    [
        "+A123BJC5D6E71H",
        "+A123BJC5D6E71_",
        "+",
        "+A1",
        "+$$52001510X3GD",
        "+a123bjc5d6e71G",
        "+A99912345/$$52001510X33",
    ],
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


TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("code", "lot", "expires_on", "serial", "count"),
    [
        # ANSI/HIBC 2.6, sections 2.2.1.1 and 4.3
        ("+A99912345/$$52001510X33", "10X3", date(2020, 1, 15), None, None),
        ("+A99912345/$$52001510X3/16D20111212/S77DEFG457", "10X3", date(2020, 1, 15), "77DEFG45", None),
        ("+A99912345/$10X3/16D20111231/14D202001313", "10X3", date(2020, 1, 31), None, None),
        ("+A99912349/$10X3/16D20111231/14D20200131/Q500Z", "10X3", date(2020, 1, 31), None, 500),
        ("+J123AQ3451/$$3231231BC34567/S4012R", "BC34567", date(2023, 12, 31), "4012", None),
        # printed on boxes
        ("+EDMG2203430/$$0723244375H", "244375", date(2023, 7, 31), None, None),
        ("+EOROCDF366A01501/$$900001122321007217", "2100721", date(2023, 12, 31), None, 1),
        ("+E235817C19/$$9000067101822%", "101822", None, None, 6),
        ("+E1652101109/$$9000063260831L01656I", "L01656", date(2026, 8, 31), None, 6),
        ("+E2513079NL1/$$90001020331222021050425-1P", "2021050425-1", date(2022, 3, 31), None, 10),
        ("+D002624225011/$$705224372/16D202201195", "05224372", None, None, None),
        ("+E490HE21KL1/$+HEK13044/16D20220531/Q1$", None, None, "HEK13044", 1),
    ],
)
def test_both_codes_in_one_give_lot_expiry_serial_and_quantity(
    code: str, lot: str | None, expires_on: date | None, serial: str | None, count: int | None
) -> None:
    said = parse_hibc(code, today=TODAY)
    assert (said.lot, said.expires_on, said.serial, said.count) == (lot, expires_on, serial, count)
    assert said.codes == (f"hibc:{code[1:].partition('/')[0]}",)
    assert (said.check, said.link) == (None, None)


def secondary(body: str, link: str = "G") -> str:
    text = f"+{body}{link}"
    return text + check_character(text)


@pytest.mark.parametrize(
    ("body", "lot", "expires_on", "serial", "count", "hour"),
    [
        ("$LOT1", "LOT1", None, None, None, None),
        ("$+SER1", None, None, "SER1", None, None),
        ("$$0228LOT1", "LOT1", date(2028, 2, 29), None, None, None),
        ("$$1276LOT1", "LOT1", date(2076, 12, 31), None, None, None),
        ("$$2022928LOT1", "LOT1", date(2028, 2, 29), None, None, None),
        ("$$3280229LOT1", "LOT1", date(2028, 2, 29), None, None, None),
        ("$$428022923LOT1", "LOT1", date(2028, 2, 29), None, None, time(23)),
        ("$$528060LOT1", "LOT1", date(2028, 2, 29), None, None, None),
        ("$$62806023LOT1", "LOT1", date(2028, 2, 29), None, None, time(23)),
        ("$$7LOT1", "LOT1", None, None, None, None),
        ("$$+3280229SER1", None, date(2028, 2, 29), "SER1", None, None),
        ("$$+7SER1", None, None, "SER1", None, None),
        ("$$8243280229LOT1", "LOT1", date(2028, 2, 29), None, 24, None),
        ("$$900100", None, None, None, 100, None),
        ("28060LOT1", "LOT1", date(2028, 2, 29), None, None, None),
    ],
)
def test_every_date_format_of_a_secondary_code(
    body: str, lot: str | None, expires_on: date | None, serial: str | None, count: int | None, hour: time | None
) -> None:
    said = parse_hibc(f"]C0{secondary(body)}", today=TODAY)
    found = (said.lot, said.expires_on, said.serial, said.count, said.expires_hour)
    assert found == (lot, expires_on, serial, count, hour)
    assert (said.codes, said.link) == ((), "G")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (secondary("$$2130128LOT1"), "no month 13"),
        (secondary("$$3270229LOT1"), "no day 29"),
        (secondary("$$527366LOT1"), "no day 366"),
        (secondary("$$527000LOT1"), "no day 000"),
        (secondary("$$428022924LOT1"), "no hour 24"),
        (secondary("$$X28022LOT1"), "not a HIBC date"),
        (secondary("$$32802"), "not 6 digits"),
        (secondary("$$8002280229LOT1"), "not a quantity"),
        (secondary("$"), "not a lot"),
        (secondary("$LOT1/Z9"), "is not supported"),
        (secondary("$LOT1/S1/S1"), "twice"),
        (secondary("$$3280229LOT1/14D20280228"), "two expiry dates"),
        (secondary("$$3280229LOT1/16D20280301"), "is after the expiry date"),
        (secondary("$LOT1/14D20280230"), "is not a date"),
        ("+$$52001510X3GE", "check character 'E' is wrong (expected 'D')"),
        ("+A99912345/$$52001510X34", "check character"),
        ("+/EO5232013", "provider code"),
        ("+", "check character"),
        ("+A" + check_character("+A"), "not a HIBC product code"),
        ("+$lot1", "not allowed in a HIBC barcode"),
    ],
)
def test_a_hibc_code_that_does_not_hold_together_is_refused_with_the_reason(code: str, says: str) -> None:
    with pytest.raises(ScanRejected) as caught:
        parse_hibc(code, today=TODAY)
    assert says in caught.value.reason
    assert caught.value.hint


@given(st.text(ALPHABET, max_size=40).map(lambda text: f"+{text}"))
def test_any_text_of_the_alphabet_is_read_or_refused(text: str) -> None:
    code = text + check_character(text)
    try:
        said = parse_hibc(code, today=TODAY)
    except ScanRejected:
        return
    assert said.codes or said.link


@given(at=st.integers(1, 44), to=st.sampled_from(ALPHABET))
def test_any_change_of_one_character_of_a_whole_label_is_refused(at: int, to: str) -> None:
    code = "+A99912345/$$52001510X3/16D20111212/S77DEFG457"
    if code[at] != to:
        with pytest.raises(ScanRejected):
            parse_hibc(code[:at] + to + code[at + 1 :], today=TODAY)
