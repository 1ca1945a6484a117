"""Spreadsheets as people have them: what is certain is read, what is not is asked, what is wrong is a fault by line."""

from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from cloud_sync.interop.questions import Asks
from cloud_sync.interop.spreadsheets.importing import Rows, read_rows

OPENINGS = "opening-balances"
GTIN = "00312345678906"


def asked(content: bytes, kind: str = OPENINGS, **answers: str) -> set[str]:
    with pytest.raises(Asks) as asks:
        read_rows(kind, content, answers)
    return {question.key for question in asks.value.questions}


def said(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_semicolons_decimal_commas_german_dates_and_a_byte_order_mark_are_read_as_they_are() -> None:
    text = (
        "Artikel;Charge;Lagerort;Menge;Verfall\r\n"
        "insulin;0815;fridge-a;1.250;31.01.2027\r\n"
        "insulin;0816;fridge-a;2.000,0;28.02.2027\r\n"
    )
    for content in (text.encode("utf-8-sig"), text.encode("utf-16")):
        rows = read_rows(OPENINGS, content, {})
        assert not rows.faults
        assert said(rows)[0] == {"item": "insulin", "lot_number": "0815", "place": "fridge-a", "quantity": "1250",
                                 "expires_on": "2027-01-31"}  # fmt: skip
        assert said(rows)[1]["quantity"] == "2000"


def test_what_can_be_understood_in_two_ways_is_asked_all_at_once_and_answered_once() -> None:
    content = b'item,lot,qty,expiry,Shelf\ninsulin,L1,"1,250",03/04/2027,7\n'
    assert asked(content) == {"column:Shelf", "decimal_sign:quantity", "date_order:expires_on"}
    assert asked(content, **{"column:Shelf": "-"}) == {"fixed:place", "decimal_sign:quantity", "date_order:expires_on"}
    answers = {
        "column:Shelf": "-",
        "fixed:place": "fridge-a",
        "decimal_sign:quantity": ".",
        "date_order:expires_on": "dmy",
    }
    (row,) = said(read_rows(OPENINGS, content, answers))
    assert (row["place"], row["quantity"], row["expires_on"]) == ("fridge-a", "1250", "2027-04-03")
    month = b"item,lot,place,qty,expiry\ninsulin,L1,fridge-a,5,03/2027\n"
    assert asked(month) == {"month_day:expires_on"}
    assert said(read_rows(OPENINGS, month, {"month_day:expires_on": "last"}))[0]["expires_on"] == "2027-03-31"
    western = "item;lot;place;qty\nInsulin-\xe4;L1;fridge-a;5\n".encode("cp1252")
    assert asked(western) == {"encoding"}


def test_a_workbook_has_real_days_and_numbers_and_what_excel_made_of_lots_and_codes_is_noticed() -> None:
    content = workbook(
        ("GTIN", "Lot", "Location", "Qty", "Expiry date"),
        (312345678906, 815, "fridge-a", 10.0, datetime(2027, 1, 31)),  # noqa: DTZ001 - as openpyxl writes it
        (312345678906, "L2", "fridge-a", 5, 46418),
    )
    assert asked(content) == {"numbers:lot_number", "serial_days:expires_on"}
    rows = read_rows(OPENINGS, content, {"numbers:lot_number": "complete", "serial_days:expires_on": "yes"})
    assert [(row["gtin"], row["lot_number"], row["quantity"], row["expires_on"]) for row in said(rows)] == [
        (GTIN, "815", "10", "2027-01-31"), (GTIN, "L2", "5", date(2027, 1, 31).isoformat()),
    ]  # fmt: skip


def test_faults_name_the_line_of_the_file_and_lost_digits_are_never_made_up() -> None:
    content = (
        b"\n\ngtin,lot,place,qty\n3.12346E+11,L1,fridge-a,5\n312345678907,L2,fridge-a,5\n312345678906,L3,fridge-a,2.5\n"
    )
    rows = read_rows(OPENINGS, content, {})
    assert [(fault.line, fault.column) for fault in rows.faults] == [(4, "gtin"), (5, "gtin"), (6, "quantity")]
    assert "has lost digits" in rows.faults[0].text
    assert "ends in 6" in rows.faults[1].text
    assert rows.line_of(2) == 4
