"""IFA labels: the maker's example, and what is refused."""

from datetime import date

import pytest

from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.domain.barcodes.item_codes import CodeFault, keys_of_code, keys_of_scan, named, parse_code
from edge_agent.domain.barcodes.ppn import check_digits
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of

TODAY = date(2026, 11, 28)
LABEL = "[)>\x1e06\x1d9N110375286414\x1d1T12345ABCDE\x1dD270600\x1dS12345ABCDEF98765\x1e\x04"


def parsed(text: str) -> Scanned:
    scanned = parse_foreign(symbol_of(text), today=TODAY)
    assert scanned is not None
    return scanned


@pytest.mark.parametrize("aim", ["]d1", ""])
def test_the_example_of_the_specification(aim: str) -> None:
    scanned = parsed(aim + LABEL)
    assert scanned.codes == ("ppn:110375286414",)
    assert (scanned.lot, scanned.serial, scanned.expires_on) == ("12345ABCDE", "12345ABCDEF98765", date(2027, 6, 30))
    assert scanned.separator_seen


@pytest.mark.parametrize(("number", "check"), [("1103752864", "14"), ("1112345678", "42")])
def test_check_digits_of_published_numbers(number: str, check: str) -> None:
    assert check_digits(number) == check


def test_fields_come_in_any_order_and_a_gtin_may_stand_beside_or_instead() -> None:
    scanned = parsed("[)>\x1e06\x1dSABC\x1d8P04150037528643\x1d1TL-1\x1d16D20250131\x1e\x04")
    assert (scanned.gtin, scanned.lot, scanned.serial) == ("04150037528643", "L-1", "ABC")
    assert scanned.produced_on == date(2025, 1, 31)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LABEL.replace("86414", "86415"), "check digits do not fit"),
        (LABEL.replace("\x1d", "").replace("\x1e", ""), "without its separators"),
        (LABEL.replace("\x1d", "<GS>"), "arrives as the 4 characters <GS>"),
        (LABEL.replace("D270600", "D271300"), "there is no month 13"),
        (LABEL.replace("\x1dD270600", "\x1d1TOTHER"), "the lot is there twice"),
        (LABEL.replace("\x1dD270600", "\x1dQ12"), "no data identifier that is known here"),
        (LABEL.replace("9N110375286414\x1d", ""), "names no product"),
        (LABEL.replace("12345ABCDE", "12345 ABCDE"), "cannot be a lot"),
        (LABEL.replace("06", "05", 1), "of another format than 06"),
        (LABEL.replace("\x04", "06\x1d1TX\x1e\x04"), "more than one message"),
        (LABEL.replace("S12345", "16D20300101\x1dS12345"), "is after the expiry date"),
        (LABEL.replace("9N110375286414", "8P04150037528644"), "no GTIN"),
    ],
)
def test_what_does_not_hold_together_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(ScanRejected) as refused:
        parse_foreign(symbol_of(text), today=TODAY)
    assert says in refused.value.reason and refused.value.hint


def test_a_german_number_finds_an_item_by_its_ppn_or_its_ntin() -> None:
    code = parse_code("ppn:110375286414")
    assert set(keys_of_scan(("ppn:110375286414",))) & set(keys_of_code(code))
    assert set(keys_of_scan(("ppn:110375286414",))) & set(keys_of_code("04150037528643"))
    assert named(["ppn:110375286414"]) == "PPN 110375286414"
    with pytest.raises(CodeFault, match="check digits"):
        parse_code("ppn:110375286415")


def test_a_gs1_symbol_is_never_an_ifa_label() -> None:
    assert parse_foreign(symbol_of("]d2" + LABEL), today=TODAY) is None
