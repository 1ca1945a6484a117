"""Files of master data: what is written is read back the same, and what is wrong is named with line and column."""

from datetime import date
from typing import Any

import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.domain.master_records import (
    KINDS,
    ItemRecord,
    MasterRecord,
    OpeningRecord,
    OperatorRecord,
    RecipientRecord,
    ReorderRecord,
    SupplierRecord,
    differences,
)
from cloud_sync.domain.master_records_csv import read_csv, write_csv

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
CODES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
TEXTS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=30).map(str.strip)
DAYS = st.integers(0, 36_500)
DATES = st.dates(date(1, 1, 1), date(9999, 12, 31))


def gtin(number: int) -> str:
    payload = f"{number:013d}"
    return payload + str(gs1_standard_check_digit(payload))


GTINS = st.dictionaries(st.integers(0, 10**13 - 1).map(gtin), st.integers(1, 10**12), max_size=4)


def records(kind: str, /, **fields: Any) -> st.SearchStrategy[tuple[str, MasterRecord]]:
    return st.builds(KINDS[kind], **fields).map(lambda record: (kind, record))


RECORDS = st.one_of(
    records(
        "items",
        name=NAMES.map(lambda name: "x" + name),
        title=TEXTS,
        base_unit=NAMES,
        expiry_required=st.booleans(),
        serial_tracked=st.booleans(),
        gtins=GTINS,
        ndc=st.sampled_from(["", "0002-8215-01", "50242-040-62"]),
        storage_class=st.none() | NAMES,
        allowance_minutes=st.none() | st.integers(0, 10_000_000),
        allowance_c_max=st.none() | st.floats(-273.15, 200),
        receipt_inspection=st.booleans(),
        shelf_life_days=st.none() | st.integers(1, 36_500),
        receipt_days_min=st.none() | DAYS,
        substitutes=st.lists(NAMES.map(lambda name: "y" + name), max_size=3, unique=True).map(tuple),
        controlled_schedule=st.sampled_from(["", "II", "V"]),
        compounding=st.sampled_from(["", "503A", "503B"]),
    ),
    records(
        "suppliers",
        name=NAMES,
        title=TEXTS,
        status=st.sampled_from(["pending", "qualified", "suspended", "rejected"]),
        qualified_until=st.none() | DATES,
        note=TEXTS,
    ),
    records(
        "recipients",
        name=NAMES,
        title=TEXTS,
        kind=st.sampled_from(["customer", "ward"]),
        parent=st.none() | NAMES,
        shelf_life_days_min=DAYS,
        item_days_min=st.dictionaries(NAMES, DAYS, max_size=4),
    ),
    records("operators", name=NAMES, badge=CODES, active=st.booleans()),
    records("owners", name=NAMES, title=TEXTS),
    records(
        "opening-balances",
        item=NAMES,
        lot_number=CODES,
        owner=NAMES,
        place=NAMES,
        serial=CODES | st.just(""),
        quantity=st.integers(1, 10**12),
        expires_on=st.none() | DATES,
    ),
)


@given(RECORDS)
def test_what_is_exported_is_imported_the_same(said: tuple[str, MasterRecord]) -> None:
    kind, record = said
    sheet = read_csv(kind, "".join(write_csv(kind, [record])))
    assert (sheet.faults, [each for _, each in sheet.records]) == ((), [record])


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=300))
def test_no_file_breaks_the_reader(kind: str, text: str) -> None:
    sheet = read_csv(kind, text)
    assert all(fault.line >= 0 and fault.text for fault in sheet.faults)


def faults(kind: str, text: str) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.text) for fault in read_csv(kind, text).faults]


@pytest.mark.parametrize(
    ("kind", "text", "line", "column", "says"),
    [
        ("items", "", 1, "", "the file is empty"),
        ("items", "name,colour\n", 1, "colour", "no such column"),
        ("items", "title\nA\n", 1, "name", "the column is missing"),
        ("items", "name,name\na,a\n", 1, "name", "stands twice"),
        ("items", "name,title\na\n", 2, "", "1 cells, but 2 columns"),
        ("items", "name\na\n\na\n", 4, "name", "stands on line 2 already"),
        ("items", "name,gtins\na,00312345678906\n", 2, "gtins", "NAME=NUMBER"),
        ("items", "name,gtins\na,00312345678907=1\n", 2, "gtins", "it ends in 6"),
        ("items", "name,gtins\na,12=1\n", 2, "gtins", "14 digits"),
        ("items", "name,ndc\na,00028215\n", 2, "ndc", "digits long"),
        ("items", "name,serial_tracked\na,perhaps\n", 2, "serial_tracked", "write one of them"),
        ("items", "name,substitutes\na,a\n", 2, "substitutes", "name other items"),
        ("items", "name,shelf_life_days\na,0\n", 2, "shelf_life_days", "write 1 or more"),
        ("items", 'name,title\na,"open\n', 2, "", "quote"),
        ("suppliers", "name,qualified_until\na,31.01.2027\n", 2, "qualified_until", "write it as 2027-01-31"),
        ("operators", "name,badge\nbob,\n", 2, "badge", "must be filled"),
        ("reorder-levels", "item,place,reorder_point,par_level\na,b,5,5\n", 2, "par_level", "more than the reorder"),
        ("opening-balances", "item,lot_number,place,quantity\na,L1,b,0\n", 2, "quantity", "write 1 or more"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_line_column_and_what_to_write(
    kind: str, text: str, line: int, column: str, says: str
) -> None:
    (fault,) = faults(kind, text)
    assert fault[:2] == (line, column)
    assert says in fault[2]


def test_good_rows_beside_bad_ones_are_read() -> None:
    sheet = read_csv("operators", "\ufeffbadge,name\r\n17,amy\r\n,bob\r\n18,cid\r\n")
    assert [record.key for _, record in sheet.records] == ["amy", "cid"]
    assert [fault.line for fault in sheet.faults] == [3]


def test_only_what_differs_is_told_of_a_change() -> None:
    before = SupplierRecord(name="acme", status="pending")
    after = SupplierRecord(name="acme", status="qualified", qualified_until=date(2027, 1, 31))
    assert differences(before, after) == {
        "status": {"from": "pending", "to": "qualified"},
        "qualified_until": {"from": None, "to": "2027-01-31"},
    }


def test_records_of_two_names_are_told_apart_by_both() -> None:
    level = ReorderRecord(item="insulin", place="fridge-a", reorder_point=1, par_level=5)
    assert level.key == "insulin/fridge-a"
    assert OpeningRecord(item="i", lot_number="L", place="p", quantity=1).key == "i/L/house/p/"
    assert (ItemRecord(name="i").key, OperatorRecord(name="o", badge="1").key) == ("i", "o")
    assert RecipientRecord(name="w", kind="ward").key == "w"


@pytest.mark.parametrize(
    ("written", "separator"), [("1.000", "."), ("1,000", ","), ("1 000", " "), ("1'000", "'"), ("1.0", ".")]
)
def test_a_number_that_may_be_one_or_a_thousand_is_asked_back_and_its_separator_named(
    written: str, separator: str
) -> None:
    text = f'item,lot_number,place,quantity,expires_on\ninsulin,A,main,"{written}",2027-01-31\n'
    ((line, column, told),) = faults("opening-balances", text)
    assert (line, column) == (2, "quantity")
    assert f"has the separator {separator!r}: write the whole number with digits only" in told
    ((_, column, told),) = faults("items", f'name,gtins\ninsulin,"00312345678906={written.replace(" ", ".")}"\n')
    assert (column, "has the separator" in told) == ("gtins", True)


@pytest.mark.parametrize("written", ["1801440000", "46000", "20270131", "2027-1-31", "31.01.2027"])
def test_a_number_is_not_taken_for_a_date(written: str) -> None:
    text = f"item,lot_number,place,quantity,expires_on\ninsulin,A,main,1,{written}\n"
    ((_, column, told),) = faults("opening-balances", text)
    assert (column, told) == ("expires_on", f"{written!r} is no date: write it as 2027-01-31")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_file_with_other_separators_is_told_which_were_found(separator: str) -> None:
    text = separator.join(("name", "title")) + "\n" + separator.join(("insulin", "Insulin")) + "\n"
    ((_, _, told),) = faults("items", text)
    assert told == f"the columns are separated by {separator!r}: save the file with commas between them"


def test_a_decimal_comma_is_named() -> None:
    ((_, column, told),) = faults("items", 'name,allowance_c_max\ninsulin,"25,5"\n')
    assert (column, "the separator ','" in told) == ("allowance_c_max", True)
