"""What a scanner says about a box: the published vectors, and every way in which a label lies."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_agent.domain.barcodes import gs1
from edge_agent.domain.barcodes.gs1 import parse_typed
from edge_agent.domain.barcodes.gs1_dates import date_of
from edge_agent.domain.barcodes.gs1_elements import GS, encode
from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.barcodes.symbology import symbol_of

TODAY = date(2026, 11, 21)
GTIN = "00312345678906"


def parse(text: str, *, today: date, separator: str = GS, separator_seen: bool = False) -> Scanned:
    return gs1.parse(symbol_of(text), today=today, separator=separator, separator_seen=separator_seen)


def rejected(scanned: str, **kwargs: object) -> ScanRejected:
    with pytest.raises(ScanRejected) as caught:
        parse(scanned, today=TODAY, **kwargs)  # type: ignore[arg-type]
    assert caught.value.scanned == scanned
    assert 0 <= caught.value.at <= len(scanned)
    assert caught.value.reason and caught.value.hint
    return caught.value


def test_a_gs1_datamatrix_gives_item_lot_expiry_and_serial() -> None:
    scanned = parse(f"]d201{GTIN}1726123110ABC123{GS}21SER001", today=TODAY)
    assert (scanned.gtin, scanned.lot, scanned.serial) == (GTIN, "ABC123", "SER001")
    assert scanned.expires_on == date(2026, 12, 31)
    assert (scanned.aim, scanned.separator_seen) == ("]d2", True)
    assert scanned.elements == (("01", GTIN), ("17", "261231"), ("10", "ABC123"), ("21", "SER001"))


# Data of the GS1 Syntax Engine's own tests (scandata.c).
@pytest.mark.parametrize(
    ("text", "elements"),
    [
        (
            f"]d2011231231231233310ABC123{GS}99TESTING",
            (("01", "12312312312333"), ("10", "ABC123"), ("99", "TESTING")),
        ),
        (f"]d2011231231231233310ABC123{GS}", (("01", "12312312312333"), ("10", "ABC123"))),
        (
            f"]e0011231231231233310ABC123{GS}1199122598COMPOSITE{GS}97XYZ",
            (("01", "12312312312333"), ("10", "ABC123"), ("11", "991225"), ("98", "COMPOSITE"), ("97", "XYZ")),
        ),
        (f"]E00416000336108|]e099COMPOSITE{GS}98XYZ", (("01", "00416000336108"), ("99", "COMPOSITE"), ("98", "XYZ"))),
        ("]Q1https://example.com/01/12312312312333?99=TEST", (("01", "12312312312333"), ("99", "TEST"))),
        ("]Q1HTTPS://EXAMPLE.COM/01/12312312312333?99=TEST", (("01", "12312312312333"), ("99", "TEST"))),
    ],
)
def test_the_published_vectors_are_read(text: str, elements: tuple[tuple[str, str], ...]) -> None:
    assert parse(text, today=TODAY).elements == elements


def test_a_digital_link_in_a_plain_symbol_is_read() -> None:
    for aim in ("]Q1", "]d1", ""):
        scanned = parse(f"{aim}https://id.gs1.org/01/{GTIN}/10/AB%2FC/21/S1?17=261231", today=TODAY)
        assert (scanned.gtin, scanned.lot, scanned.serial) == (GTIN, "AB/C", "S1")
        assert scanned.expires_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    "link",
    [
        f"https://id.gs1.org/01/{GTIN}/10/A?17=261231&17=271231",
        f"https://id.gs1.org/01/{GTIN}/10/A?17=",
        f"https://id.gs1.org/01/{GTIN}/10/A?10=B",
        f"https://id.gs1.org/01/{GTIN}/10/A/22/B",
        "https://id.gs1.org/01/00312345678907/10/A",
        f"https://id.gs1.org/01/{GTIN}/10/A%23B",
        f"https://id.gs1.org/01/{GTIN}/10",
        "https://example.com/",
        "https://[/01/1",
        f"HtTps://id.gs1.org/01/{GTIN}/10/A",
    ],
)
def test_a_link_that_contradicts_itself_or_is_none_is_refused(link: str) -> None:
    rejected("]Q1" + link)


@pytest.mark.parametrize("separator", ["|", "<GS>", "{GS}", "~", "\\x1d"])
def test_what_this_scanner_sends_for_a_separator_is_understood(separator: str) -> None:
    text = f"01{GTIN}1726123110ABC123{separator}21SER001"
    scanned = parse(text, today=TODAY, separator=separator)
    assert (scanned.lot, scanned.serial, scanned.text) == ("ABC123", "SER001", text)


def test_the_place_of_a_fault_counts_in_the_text_as_it_was_sent() -> None:
    text = f"]d201{GTIN}10ABC123<GS>21SER#1"
    fault = rejected(text, separator="<GS>")
    assert text[fault.at] == "#"


def test_a_leading_fnc1_is_stripped() -> None:
    assert parse(f"]d2{GS}01{GTIN}10A", today=TODAY).lot == "A"
    assert parse(f"{GS}01{GTIN}10A", today=TODAY).lot == "A"


def test_a_leading_fnc1_does_not_prove_that_the_scanner_sends_separators() -> None:
    assert not parse(f"]d2{GS}01{GTIN}10A{GS}", today=TODAY).separator_seen
    rejected(f"]d2{GS}01{GTIN}1727123110ABC12321SER001")


@pytest.mark.parametrize("aim", ["]d2", "]C1", "]Q3", "]e0", "]J1", ""])
def test_gs1_symbols_and_scanners_without_identifier_hold_element_strings(aim: str) -> None:
    assert parse(f"{aim}01{GTIN}10A", today=TODAY).gtin == GTIN


@pytest.mark.parametrize("aim", ["]d1", "]Q1", "]C0", "]J0", "]A0", "]L0", "]z0"])
def test_plain_symbols_do_not_hold_element_strings(aim: str) -> None:
    assert "not a GS1 barcode" in rejected(f"{aim}01{GTIN}10A").reason


@pytest.mark.parametrize("aim", ["]X0", "]D2", "]d9", "]", "]]", "]C"])
def test_an_unknown_symbology_identifier_is_refused(aim: str) -> None:
    assert "identifier" in rejected(f"{aim}01{GTIN}10A").reason or aim in ("]", "]]", "]C")


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("]E09521234543213", "09521234543213"),
        ("]E495050003", "00000095050003"),
        (f"]I1{GTIN}", GTIN),
        ("9521234543213", "09521234543213"),
        (GTIN, GTIN),
    ],
)
def test_linear_codes_hold_a_gtin_and_no_more(text: str, gtin: str) -> None:
    scanned = parse(text, today=TODAY)
    assert (scanned.gtin, scanned.lot) == (gtin, None)


@pytest.mark.parametrize("text", ["]E09521234543214", "]E0abc", "]E0123", "]I1123", f"]E0https://x/01/{GTIN}"])
def test_linear_codes_that_hold_no_gtin_are_refused(text: str) -> None:
    rejected(text)


@pytest.mark.parametrize("text", ["", "]d2", f"]d2{GS}", f"]e0{GS}{GS}", " ", "]Q1", "]E0"])
def test_an_empty_code_is_refused(text: str) -> None:
    rejected(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("]d20100312345678907", 18),
        ("]C100106141412345678907", 22),
        ("]C14140614141000013", 18),
        ("]C10212312312312334375", 18),
        ("]C18003" + "00614141000013SER", 20),
        ("]C18017" + "106141412345678907", 24),
        ("]C18018" + "106141412345678907", 24),
        ("]C1253" + "0614141000013", 18),
    ],
)
def test_a_wrong_check_digit_is_an_error(text: str, at: int) -> None:
    fault = rejected(text)
    assert "check digit" in fault.reason
    assert fault.at == at


def test_an_item_number_of_zeros_names_nothing() -> None:
    assert "is not a valid number" in rejected("]d20100000000000000").reason


@pytest.mark.parametrize(
    "dropped", ["ABC12317261231", "A17261231", "ABC1231726123121SER1", "ABC12317261200", "L21S17261231"]
)
def test_a_lot_that_swallowed_the_expiry_is_refused(dropped: str) -> None:
    for seen in (False, True):
        fault = rejected(f"]C101{GTIN}10{dropped}", separator_seen=seen)
        assert "swallowed" in fault.reason
        assert "separator" in fault.hint


def test_the_place_of_the_missing_separator_is_named() -> None:
    text = f"]C101{GTIN}10ABC12317261231"
    assert text[rejected(text).at :] == "17261231"


@pytest.mark.parametrize(
    "lot", ["A17", "17", "17261231", "1712", "B17269931", "X17261231Z9", "L17991231", "2117ABCDEFGH"]
)
def test_a_lot_that_merely_contains_17_passes(lot: str) -> None:
    assert parse(f"]C101{GTIN}10{lot}", today=TODAY, separator_seen=True).lot == lot


def test_a_lot_like_a_swallowed_expiry_passes_beside_an_expiry_of_its_own() -> None:
    assert parse(f"]C101{GTIN}1728010110ABC17261231", today=TODAY).lot == "ABC17261231"


def test_a_swallowed_expiry_is_found_before_another_separator_too() -> None:
    rejected(f"]C101{GTIN}10ABC17261231{GS}21SER001")


def test_a_serial_that_swallowed_expiry_and_lot_is_refused() -> None:
    rejected(f"]d201{GTIN}21SER1726123110LOT1")


@pytest.mark.parametrize("elements", ["10ABC12321SER001", "21SER00110ABC123", "10ABC12311260101"])
def test_until_a_scanner_has_sent_a_separator_a_lot_with_a_serial_inside_is_refused(elements: str) -> None:
    text = f"]d201{GTIN}17271231{elements}"
    assert "swallowed" in rejected(text).reason
    assert parse(text, today=TODAY, separator_seen=True).elements[2][1] == elements[2:]


@pytest.mark.parametrize("lot", ["2104321", "LOT21", "B21A", "AB210315", "21ABCDEFGH", "A110"])
def test_ordinary_lots_with_21_inside_pass_on_any_scanner(lot: str) -> None:
    assert parse(f"]d201{GTIN}1727123110{lot}", today=TODAY).lot == lot


def test_a_lot_longer_than_twenty_has_swallowed_something() -> None:
    fault = rejected(f"]d201{GTIN}1727123110ABC12345621SERIAL12345678")
    assert "X..20" in fault.reason
    assert "separator" in fault.hint


def test_a_count_that_swallowed_a_lot_is_refused() -> None:
    rejected(f"]C102{GTIN}37510123456")
    rejected(f"]C102{GTIN}375101234")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"]d201{GTIN}17260230", "no day 30"),
        (f"]d201{GTIN}17000000", "(unknown)"),
        (f"]d201{GTIN}17261331", "form"),
        (f"]d201{GTIN}17260031", "no month 00"),
        (f"]d201{GTIN}1726", "form"),
        (f"]d201{GTIN}7003261200" + "1200", "no day 00"),
        (f"]d201{GTIN}10AB#1", "may not contain"),
        (f"]d201{GTIN}10AB 1", "may not contain"),
        (f"]d201{GTIN}10AB\x01", "not allowed in a GS1 barcode"),
        (f"]d201{GTIN}10ABé", "not allowed in a GS1 barcode"),
        (f"]d201{GTIN[:-1]}٦", "not allowed in a GS1 barcode"),
        (f"]d201{GTIN}10", "form"),
        (f"]d201{GTIN}10{GS}17261231", "form"),
        (f"]d201{GTIN}05ABC", "not start with a GS1 application identifier"),
        (f"]d2(01){GTIN}(10)A", "not start with a GS1 application identifier"),
        (f"]d201{GTIN}10A{GS}10B", "twice"),
        (f"]d201{GTIN}01" + "12312312312333", "twice"),
        (f"]d201{GTIN}02{GTIN}375", "contradict"),
        (f"]d202{GTIN}10A", "AI 37"),
        ("]d200106141412345678908375", "AI 02"),
        (f"]C102{GTIN}375{GS}307", "contradict"),
        (f"]d201{GTIN}300", "is not plausible"),
        (f"]d201{GTIN}30", "is not plausible"),
        (f"]d201{GTIN}1127010117260101", "is after the expiry date"),
        (f"]d201{GTIN}172612317003" + "2701011200", "different expiry"),
        ("+A123BJC5D6E71G", "HIBC"),
        ("]C0+A123BJC5D6E71G", "HIBC"),
        ("]d2" + "9" * 3000, "more than any label"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in rejected(text).reason


@pytest.mark.parametrize(
    "text", ["]\x1b[2J", "]d2\x1b[2J", "]Q1https://x/01/\x1b[2J", "\x1b]d2", "]E0\x1b[2J", "]d210A\x07"]
)
def test_what_is_shown_of_a_refused_scan_cannot_play_tricks_on_a_terminal(text: str) -> None:
    assert rejected(text).reason.isprintable()


def test_the_same_element_twice_with_one_value_is_no_contradiction() -> None:
    assert parse(f"]d201{GTIN}10A{GS}10A", today=TODAY).lot == "A"


def test_contents_of_a_logistic_unit_are_read() -> None:
    scanned = parse(f"]C10010614141234567890802{GTIN}1727123110LOT1{GS}3748", today=TODAY)
    assert (scanned.sscc, scanned.gtin, scanned.lot, scanned.count) == ("106141412345678908", GTIN, "LOT1", 48)


def test_an_ndc_of_twelve_digits_is_kept_beside_the_gtin() -> None:
    assert parse(f"]d201{GTIN}715000591036901", today=TODAY).value("715") == "000591036901"


@pytest.mark.parametrize(
    ("yymmdd", "day"),
    [
        ("261200", date(2026, 12, 31)),
        ("270200", date(2027, 2, 28)),
        ("280200", date(2028, 2, 29)),
        ("750101", date(2075, 1, 1)),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
    ],
)
def test_day_00_and_the_sliding_century(yymmdd: str, day: date) -> None:
    assert date_of(yymmdd, today=TODAY) == day
    assert parse(f"]d201{GTIN}17{yymmdd}", today=TODAY).expires_on == day


def test_the_century_follows_the_day_passed_in_and_no_clock() -> None:
    assert date_of("000101", today=date(2099, 6, 1)) == date(2100, 1, 1)
    assert date_of("990101", today=date(2001, 6, 1)) == date(1999, 1, 1)
    assert date_of("490101", today=date(2099, 6, 1)) == date(2149, 1, 1)
    assert date_of("500101", today=date(2099, 6, 1)) == date(2050, 1, 1)
    # 29 February 2000 exists, 29 February 2100 does not: no reader's own clock may decide.
    assert parse(f"01{GTIN}17000229", today=date(2001, 1, 1)).expires_on == date(2000, 2, 29)
    with pytest.raises(ScanRejected, match="no day 29"):
        parse(f"01{GTIN}17000229", today=date(2099, 1, 1))


def test_typed_labels_with_brackets_are_read() -> None:
    scanned = parse_typed(f" (01) {GTIN} (17)261231(10)ABC12317261231 (21)S", today=TODAY)
    assert (scanned.gtin, scanned.lot, scanned.serial) == (GTIN, "ABC12317261231", "S")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        GTIN,
        "(01)",
        f"(01){GTIN}x(",
        "(01)00312345678907",
        f"(01){GTIN}(05)1",
        f"(01){GTIN}(1)1",
        f"(01){GTIN}(0110)1",
        f"(01){GTIN}(17)260230",
        f"(01){GTIN}(10)A(10)B",
        f"(01){GTIN}(10)" + "A" * 21,
        f"(01){GTIN}(10)A(B)",
        "(01)" + "٣" * 14,
    ],
)
def test_typing_errors_are_refused(typed: str) -> None:
    with pytest.raises(ScanRejected):
        parse_typed(typed, today=TODAY)


CSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def with_check_digit(digits: str) -> str:
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


gtins = st.text("0123456789", min_size=13, max_size=13).filter(lambda d: d.strip("0")).map(with_check_digit)
names = st.text(CSET_82, min_size=1, max_size=20)
days = st.dates(date(2020, 1, 1), date(2070, 12, 31))


@given(gtin=gtins, lot=names, serial=names, expires=days, count=st.integers(1, 999_999), data=st.data())
def test_what_is_encoded_is_read_back(
    gtin: str, lot: str, serial: str, expires: date, count: int, data: st.DataObject
) -> None:
    elements = data.draw(
        st.permutations([("01", gtin), ("10", lot), ("21", serial), ("17", f"{expires:%y%m%d}"), ("30", str(count))])
    )
    scanned = parse("]d2" + encode(elements), today=TODAY)
    assert scanned.elements == tuple(elements)
    assert (scanned.gtin, scanned.lot, scanned.serial) == (gtin, lot, serial)
    assert (scanned.expires_on, scanned.count) == (expires, count)


@given(gtin=gtins, lot=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=1, max_size=10), expires=days)
def test_a_dropped_separator_never_hides_an_expiry(gtin: str, lot: str, expires: date) -> None:
    assume(TODAY.year - 10 <= expires.year <= TODAY.year + 20)
    with pytest.raises(ScanRejected):
        parse(f"]d201{gtin}10{lot}17{expires:%y%m%d}", today=TODAY, separator_seen=True)


@given(gtin=gtins, at=st.integers(0, 13), by=st.integers(1, 9))
def test_any_change_of_one_digit_of_a_gtin_is_refused(gtin: str, at: int, by: int) -> None:
    wrong = gtin[:at] + str((int(gtin[at]) + by) % 10) + gtin[at + 1 :]
    with pytest.raises(ScanRejected):
        parse(f"]d201{wrong}", today=TODAY)
    with pytest.raises(ScanRejected):
        parse(f"]I1{wrong}", today=TODAY)


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(CSET_82 + GS, max_size=60).map(lambda t: "]d2" + t),
        st.text("0123456789" + GS, max_size=60),
        st.text(CSET_82 + "%[]#", max_size=60).map(lambda t: "]Q1https://" + t),
        st.text("0123456789()A ", max_size=60),
    )
)
def test_no_text_does_anything_but_parse_or_be_rejected(text: str) -> None:
    for read in (parse, parse_typed):
        try:
            read(text, today=TODAY)
            at = 0
        except ScanRejected as fault:
            at = fault.at
        assert 0 <= at <= len(text)


@pytest.mark.parametrize("text", ["27O131", "2701", "70131\u0661", "", "2701311"])
def test_what_is_not_six_digits_is_no_date_and_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="six digits YYMMDD are needed"):
        date_of(text, today=TODAY)
