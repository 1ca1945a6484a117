"""Every label is read back from its pixels as what it was made of, by a real reader and the gateway's own decoder."""

import re
from datetime import date, time

import pytest

from cloud_sync.domain.bud import Storage
from cloud_sync.errors import Invalid
from cloud_sync.labels.bitmap import bitmap_of
from cloud_sync.labels.content import (
    Compounded,
    Content,
    Goods,
    badge_label,
    container_label,
    item_label,
    lot_label,
    place_label,
    sscc_of,
    tote_label,
)
from cloud_sync.labels.layout import Drawing, laid_out
from cloud_sync.labels.pdf import pdf_of
from cloud_sync.labels.sizes import SHEETS, label_mm
from cloud_sync.labels.symbols import Symbology
from cloud_sync.labels.zpl import zpl_of
from edge_agent.domain.barcodes.command_codes import Badge, ChoosePlace
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.ids import PlaceName
from tests.support.label_reading import at_the_dock, pages_of, printed_from, scans_in, worn
from tests.support.paths import ROOT

TODAY = date(2026, 11, 29)
PICTURES = ROOT / "build" / "labels"
"""Kept after the tests, to be looked at."""
GTIN = "00312345678906"
TRICKY = 'A(1)/"_1>8%&'
"""Legal in a lot, and read as orders by brackets-notation readers and by printers' own barcode commands."""
TABLETS = Goods(
    "Amoxicillin and clavulanic acid 875 mg/125 mg film-coated tablets", GTIN, 10, "each", TRICKY, date(2027, 12, 31)
)
SYRINGE = Goods(
    "Vancomycin in sodium chloride 0.9 %", GTIN, 1, "syringe", "L(21)X(10)", date(2026, 12, 1), time(14, 30)
)
MADE = Compounded(
    "B-2026-117", Storage.REFRIGERATOR, "10 mg/mL", "10 mL syringe", warnings=("FOR INTRAVENOUS USE ONLY",),
    maker="St. Mary's Pharmacy, 1 Main Street, Springfield", compounded_on=TODAY, is_for_stock=True,
)  # fmt: skip
SSCC = sscc_of(1, "0614141", 123456789)

LABELS = {
    "item": item_label(TABLETS, today=TODAY),
    "lot": lot_label(TABLETS, today=TODAY),
    "serial": lot_label(TABLETS, today=TODAY, serial="S(10)0000123"),
    "place": place_label("fridge-a", "Refrigerator A, vaccines", ("main", "cold-room")),
    "badge": badge_label("Amy Ng", "amy-2031"),
    "container": container_label(SYRINGE, MADE, today=TODAY),
    "tote": tote_label(SSCC, "SO-1001", "Central pharmacy", "Ward 3, St. Mary's", "2 of 3"),
}


def read_as(name: str, scan: str) -> object:
    """What the gateway takes it for, as far as the kind of label goes."""
    read = at_the_dock(scan, TODAY)
    if not isinstance(read, Scanned):
        return read
    return read.gtin, read.lot, read.serial, read.expires_on, read.expires_hour, read.sscc


WANTED: dict[str, object] = {
    "item": (GTIN, None, None, None, None, None),
    "lot": (GTIN, TRICKY, None, date(2027, 12, 31), None, None),
    "serial": (GTIN, TRICKY, "S(10)0000123", date(2027, 12, 31), None, None),
    "place": ChoosePlace(PlaceName("fridge-a")),
    "badge": Badge("amy-2031"),
    "container": (GTIN, "L(21)X(10)", None, date(2026, 12, 1), time(14, 30), None),
    "tote": (None, None, None, None, None, SSCC),
}


def drawn(content: Content, size: str = "", *symbologies: Symbology) -> Drawing:
    return laid_out(content, *label_mm(size or content.size), symbologies)


@pytest.mark.parametrize("name", LABELS)
def test_a_label_at_203_dpi_is_read_turned_blurred_and_pale_as_the_record_it_was_made_of(name: str) -> None:
    content = LABELS[name]
    PICTURES.mkdir(parents=True, exist_ok=True)
    bitmap_of(drawn(content), 203).save(PICTURES / f"{name}.png")
    for how, image in worn(bitmap_of(drawn(content), 203)):
        scans = scans_in(image)
        assert len(scans) == len(content.symbologies), (how, scans)
        assert [read_as(name, scan) for scan in scans] == [WANTED[name]] * len(scans), how


@pytest.mark.parametrize("size", ["a4-7160", "letter-5163"])
def test_every_label_of_a_sheet_is_read_from_the_page_and_used_ones_are_left_out(size: str) -> None:
    names = [name for name in LABELS if name != "tote"]
    sheet = SHEETS[size]
    (page,) = pages_of(pdf_of([drawn(LABELS[name], size) for name in names], size, skip=2), dpi=300)
    dots_mm = 300 / 25.4
    for number in range(sheet.labels):
        row, column = divmod(number, sheet.columns)
        left, top = sheet.left_mm + column * sheet.step_mm[0], sheet.top_mm + row * sheet.step_mm[1]
        corners = (left, top, left + sheet.width_mm, top + sheet.height_mm)
        scans = scans_in(page.crop(tuple(round(each * dots_mm) for each in corners)))  # type: ignore[arg-type]
        name = names[number - 2] if 2 <= number < 2 + len(names) else None
        assert [read_as(name, scan) for scan in scans] == ([WANTED[name]] if name else []), number


def test_a_full_sheet_goes_on_on_the_next_page() -> None:
    pages = pages_of(pdf_of([drawn(LABELS["place"], "a4-7163")] * 15, "a4-7163", skip=1), dpi=203)
    assert [len(scans_in(page)) for page in pages] == [13, 2]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("name", LABELS)
def test_what_a_label_printer_gets_is_dots_that_read_as_the_record(name: str, dpi: int) -> None:
    zpl = zpl_of([drawn(LABELS[name])] * 3, dpi)
    ((image, copies),) = printed_from(zpl)
    assert copies == 3 and zpl.isascii() and zpl.count(b"^XA") == zpl.count(b"^XZ") == 1
    assert {str(read_as(name, scan)) for scan in scans_in(image)} == {str(WANTED[name])}


@pytest.mark.parametrize(("name", "size"), [("lot", "100x50"), ("place", "76x51"), ("badge", "letter-5163")])
def test_a_linear_code_reads_as_the_same_record(name: str, size: str) -> None:
    (scan,) = scans_in(bitmap_of(drawn(LABELS[name], size, Symbology.LINEAR), 203))
    assert scan[:3] in ("]C1", "]C0")
    assert read_as(name, scan) == WANTED[name]


def test_a_code_that_needs_more_room_than_the_label_has_is_refused_and_nothing_is_cut_off() -> None:
    with pytest.raises(Invalid, match="its linear barcode is 94 mm wide at least; this label is 57 mm"):
        drawn(LABELS["lot"], "57x32", Symbology.LINEAR)
    with pytest.raises(Invalid, match="does not fit on a label of 38 x 12 mm"):
        drawn(LABELS["container"], "38x12")
    goods = Goods("x", GTIN, 1, "each", "A" * 20)
    with pytest.raises(Invalid, match="61 characters are more than the 48"):
        drawn(lot_label(goods, today=TODAY, serial="b" * 20), "100x50", Symbology.LINEAR)


@pytest.mark.parametrize(
    ("lot", "why"),
    [("LOT 7", "' '"), ("A#1", "'#'"), ("A" * 21, "needs the format"), ("A<GS>21B", "separator")],
)
def test_what_no_dock_would_read_is_not_printed(lot: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        lot_label(Goods("x", GTIN, 1, "each", lot, date(2027, 1, 31)), today=TODAY)


def test_a_lot_that_looks_as_if_it_had_swallowed_a_serial_reads_at_a_scanner_that_never_sent_a_separator() -> None:
    content = lot_label(Goods("x", GTIN, 1, "each", "ABC21SERIAL7", date(2027, 1, 31)), today=TODAY)
    (scan,) = scans_in(bitmap_of(drawn(content), 203))
    read = at_the_dock(scan, TODAY)
    assert isinstance(read, Scanned) and (read.lot, read.serial, read.separator_seen) == ("ABC21SERIAL7", None, True)


def test_names_that_a_dock_would_take_for_another_are_refused() -> None:
    with pytest.raises(Invalid, match="small letters"):
        place_label("Fridge-A", "", ())
    with pytest.raises(Invalid, match="no dock would read"):
        badge_label("amy", "amy#7")


def test_no_line_ends_between_a_number_and_its_unit_and_the_strength_has_its_own() -> None:
    for width in range(45, 80):
        lines = [text.text for text in drawn(lot_label(TABLETS, today=TODAY), f"{width}x60").texts]
        assert not [line for line in lines if re.search(r"[0-9]$", line) and "875" in line], (width, lines)
    lines = [text.text for text in drawn(LABELS["container"]).texts]
    assert "10\N{NO-BREAK SPACE}mg/mL" in lines


def test_letters_are_of_the_whole_name_and_none_the_font_lacks() -> None:
    drawing = drawn(lot_label(TABLETS, today=TODAY))
    printed = " ".join(text.text for text in drawing.texts).replace("\N{NO-BREAK SPACE}", " ")
    assert printed.startswith(TABLETS.title)
    texts = drawn(place_label("raum-7", "Kühlraum Ω, Škoda, Жужа", ())).texts
    assert "Жужа" in " ".join(text.text for text in texts)
    with pytest.raises(Invalid, match="cannot show '冷'"):
        drawn(place_label("raum-7", "冷蔵庫", ()))


def test_a_patient_s_container_bears_the_name_or_a_line_to_write_it_on() -> None:
    for patient, wanted in (("Jane Doe", "Name: Jane Doe"), ("", "Name: ____________________")):
        made = Compounded("B-1", Storage.ROOM, prescription="RX-7", patient=patient)
        rows = [row.text for row in container_label(SYRINGE, made, today=TODAY).rows]
        assert wanted in rows and "Rx RX-7" in rows and "Use by 2026-12-01 14:30" in rows


def test_numbers_of_totes_are_used_up_one_day() -> None:
    assert sscc_of(3, "061414112345", 9999).startswith("30614141123459999")
    with pytest.raises(ValueError, match="used up"):
        sscc_of(3, "061414112345", 10_000)
