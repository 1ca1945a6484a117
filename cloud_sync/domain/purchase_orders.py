"""Purchase orders as other systems send them: CSV with one row a line, checked, with faults by line."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloud_sync.domain.csv_text import EXECUTED_QUOTED
from cloud_sync.domain.master_records_csv import RecordFault

COLUMNS = ("order", "supplier", "to_place", "item", "gtin", "quantity", "note")
NEEDED = ("order", "supplier", "to_place", "quantity")
LINES_MAX = 10_000
QUANTITY_MAX = 10**12


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """What is ordered: base units of an item, or packs of a GTIN. ``line`` is where it stands in the file."""

    item: str
    gtin: str
    quantity: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """An order as the other system numbers it."""

    number: str
    supplier: str
    to_place: str
    lines: tuple[PurchaseLine, ...]
    note: str = ""


def read_purchase_orders(text: str) -> tuple[list[PurchaseOrder], list[RecordFault]]:
    """The orders in a CSV file with the columns :data:`COLUMNS` (in any order), and everything that is wrong with it.

    Rows of one order stand anywhere; what they say of supplier, place and note must be the same.
    """
    # Not splitlines(): a note may hold one of the other characters that it takes for the end of a line.
    reader = csv.reader((f"{line}\n" for line in text.removeprefix("\ufeff").split("\n")), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        return [], [RecordFault(reader.line_num, "", f"{error}: put quotes around cells with commas")]
    if not rows:
        return [], [RecordFault(1, "", f"the file is empty: its first line names the columns: {', '.join(COLUMNS)}")]
    header = [cell.strip() for cell in rows[0][1]]
    faults = [RecordFault(1, name, "no such column") for name in header if name not in COLUMNS]
    faults += [RecordFault(1, name, "the column is missing: add it") for name in NEEDED if name not in header]
    if len(rows) > LINES_MAX + 1:
        faults.append(RecordFault(0, "", f"more than {LINES_MAX} lines: split the file"))
    if faults:
        return [], faults
    found: list[tuple[int, dict[str, str], int]] = []
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            faults.append(RecordFault(line, "", f"{len(cells)} cells, but {len(header)} columns"))
            continue
        said = {name: EXECUTED_QUOTED.sub(r"\1", cell.strip()) for name, cell in zip(header, cells, strict=True)}
        quantity = said["quantity"]
        if not (quantity.isascii() and quantity.isdigit() and 0 < int(quantity[:20]) <= QUANTITY_MAX):
            faults.append(RecordFault(line, "quantity", f"{quantity!r} is no whole number: write it with digits only"))
            continue
        found.append((line, said, int(quantity)))
    return _grouped(found, faults), faults


def _grouped(rows: Iterable[tuple[int, dict[str, str], int]], faults: list[RecordFault]) -> list[PurchaseOrder]:
    orders: dict[str, PurchaseOrder] = {}
    for line, said, quantity in rows:
        number = said["order"]
        head = (said["supplier"], said["to_place"], said.get("note", ""))
        new = PurchaseLine(said.get("item", ""), said.get("gtin", ""), quantity, line)
        known = orders.setdefault(number, PurchaseOrder(number, head[0], head[1], (), head[2]))
        if (known.supplier, known.to_place, known.note) != head:
            text = f"order {number} has another supplier, place or note on line {known.lines[0].line}"
            faults.append(RecordFault(line, "order", text))
        orders[number] = PurchaseOrder(number, known.supplier, known.to_place, (*known.lines, new), known.note)
    return list(orders.values())


def lines_of(orders: Iterable[PurchaseOrder]) -> Iterator[tuple[PurchaseOrder, PurchaseLine]]:
    """Each line with its order."""
    for order in orders:
        for line in order.lines:
            yield order, line
