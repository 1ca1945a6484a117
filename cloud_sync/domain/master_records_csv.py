"""Master records as rows of a CSV file, and everything that may be wrong with such a file.

A list inside a cell is separated by spaces (``insulin-a insulin-b``), a table by spaces and ``=``
(``00312345678906=1 10312345678903=10``).
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from pydantic import ValidationError

from cloud_sync.domain.csv_text import EXECUTED_QUOTED, csv_lines
from cloud_sync.domain.master_records import KINDS, MasterRecord

ROWS_MAX = 100_000
"""Of one file."""
CELL_CHARACTERS_MAX = 20_000
FAULTS_MAX = 1000
"""Shown of one file; whoever wrote it will not read more."""


@dataclass(frozen=True, slots=True)
class RecordFault:
    """What is wrong with a file. ``line`` counts from 1, the header being the first; ``column`` is '' for all of it."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says: records with the lines they stand on, and everything that is wrong with it."""

    records: tuple[tuple[int, MasterRecord], ...]
    faults: tuple[RecordFault, ...]


def read_csv(kind: str, text: str) -> Sheet:
    """The records in ``text`` (comma-separated, header first, columns in any order, missing ones left as they are by
    default). Bad rows become faults and never stop the reading."""
    model = KINDS[kind]
    # Not splitlines(): a title may hold one of the other characters that it takes for the end of a line.
    lines = (f"{line}\n" for line in text.removeprefix("\ufeff").split("\n"))
    reader = csv.reader(lines, strict=True)
    records: list[tuple[int, MasterRecord]] = []
    faults: list[RecordFault] = []
    seen: dict[str, int] = {}
    last = 0
    try:
        header = [cell.strip() for cell in next(reader, [])]
        last = reader.line_num
        faults += _faults_in_header(model, header)
        if faults:
            return Sheet((), tuple(faults))
        for cells in reader:
            line, last = last + 1, reader.line_num
            if len(faults) >= FAULTS_MAX:
                break
            if not any(cell.strip() for cell in cells):
                continue
            if len(records) >= ROWS_MAX:
                faults.append(RecordFault(line, "", f"more than {ROWS_MAX} rows: split the file"))
                break
            found = _record(model, header, [EXECUTED_QUOTED.sub(r"\1", cell) for cell in cells], line)
            if isinstance(found, MasterRecord):
                before = seen.setdefault(found.key, line)
                if before != line:
                    text_ = f"{found.key} stands on line {before} already: leave one of them out"
                    faults.append(RecordFault(line, model.KEY[0], text_))
                else:
                    records.append((line, found))
            else:
                faults += found
    except csv.Error as error:
        faults.append(RecordFault(last + 1, "", f"{error}: put quotes around cells with commas, and double a quote"))
    return Sheet(tuple(records), tuple(faults[:FAULTS_MAX]))


def write_csv(kind: str, records: Iterable[MasterRecord]) -> Iterator[str]:
    """The lines of a file that :func:`read_csv` reads back as the same records."""
    columns = list(KINDS[kind].model_fields)
    yield from csv_lines([columns])
    yield from csv_lines([_cell(getattr(record, column)) for column in columns] for record in records)


def _faults_in_header(model: type[MasterRecord], header: list[str]) -> list[RecordFault]:
    known = ", ".join(model.model_fields)
    if not header:
        return [RecordFault(1, "", f"the file is empty: its first line names the columns: {known}")]
    if len(header) == 1 and (found := re.search(r"[;\t|]", header[0])):
        text = f"the columns are separated by {found[0]!r}: save the file with commas between them"
        return [RecordFault(1, "", text)]
    faults = [
        RecordFault(1, name, f"no such column: write one of {known}")
        for name in header
        if name not in model.model_fields
    ]
    faults += [
        RecordFault(1, name, "the column stands twice: leave one out") for name in set(header) if header.count(name) > 1
    ]
    needed = [name for name, field in model.model_fields.items() if field.is_required() and name not in header]
    return faults + [RecordFault(1, name, "the column is missing: add it") for name in needed]


def _record(
    model: type[MasterRecord], header: list[str], cells: list[str], line: int
) -> MasterRecord | list[RecordFault]:
    if len(cells) != len(header):
        return [RecordFault(line, "", f"{len(cells)} cells, but {len(header)} columns: write one cell for each column")]
    said: dict[str, Any] = {}
    faults: list[RecordFault] = []
    for column, cell in zip(header, cells, strict=True):
        text = cell.strip()
        if len(text) > CELL_CHARACTERS_MAX:
            faults.append(RecordFault(line, column, f"{len(text)} characters: write {CELL_CHARACTERS_MAX} at most"))
        elif text:
            try:
                said[column] = _value(model, column, text)
            except ValueError as error:
                faults.append(RecordFault(line, column, str(error)))
    if faults:
        return faults
    try:
        return model.model_validate(said)
    except ValidationError as error:
        return [_fault_of(each, line) for each in error.errors()]


def _fault_of(error: Any, line: int) -> RecordFault:
    where = error["loc"]
    text = error["msg"].removeprefix("Value error, ")
    column = str(where[0]) if where else ""
    if not column and ":" in text and text.split(":")[0].isidentifier():
        column, text = text.split(": ", 1)
    if error["type"] == "missing":
        text = "this must be filled in"
    elif error["type"].startswith("bool"):
        text = f"{error['input']!r} is neither true nor false: write one of them"
    elif error["type"].startswith("decimal_"):
        text = f"{error['input']!r} has more than 8 decimals, or too many digits"
    elif error["type"].startswith("date"):
        text = f"{error['input']!r} is no date: write it as 2027-01-31"
    elif error["type"] == "string_pattern_mismatch":
        text = f"{error['input']!r} has characters that do not belong there: {_PATTERNS.get(column, 'write ' + _PLAIN)}"
    elif words := _BOUNDS.get(error["type"]):
        text = words.format_map(error["ctx"] | {"input": str(error["input"])[:60], "long": len(str(error["input"]))})
    return RecordFault(line, column, text)


_BOUNDS = {
    "string_too_long": "{long} characters: write {max_length} at most",
    "too_long": "{actual_length} of them: write {max_length} at most",
    "greater_than_equal": "{input!r} is too small: write {ge} or more",
    "greater_than": "{input!r} is too small: write more than {gt}",
    "less_than_equal": "{input!r} is too large: write {le} or less",
    "less_than": "{input!r} is too large: write less than {lt}",
    "literal_error": "{input!r} is none of the choices: write {expected}",
}
_PLAIN = "letters, digits, dot, dash and underscore"
_PATTERNS = {
    "gtins": "write GTINs of 14 digits, leading zeros included",
    "badge": "write printable ASCII without spaces",
    "lot_number": "write printable ASCII, spaces inside only",
    "serial": "write printable ASCII without spaces",
    "currency": "write three capital letters, such as EUR",
    "title": "write no control characters",
    "note": "write no control characters",
}


def _value(model: type[MasterRecord], column: str, text: str) -> Any:
    shape = _SHAPES.get(column)
    if shape:
        return shape(text)
    types = _types_in(model.model_fields[column].annotation)
    if int in types and bool not in types:
        return _whole_number(text)
    if float in types or Decimal in types:
        return _decimal_number(text)
    return text


def _types_in(annotation: Any) -> set[Any]:
    """The plain types that an annotation allows."""
    inside = get_args(annotation)
    return set().union(*map(_types_in, inside)) if inside else {annotation}


def _whole_number(text: str) -> str:
    """Digits alone. ``1.000`` is one to some and a thousand to others: whoever wrote it knows."""
    if re.fullmatch(r"[0-9]+", text):
        return text
    found = re.search(r"[^0-9]", text)
    plain = re.sub(r"[^0-9]", "", text)
    if found and found.start() > 0 and plain and re.fullmatch(r"[0-9][0-9.,' \u00a0\u202f]*", text):
        raise ValueError(f"{text!r} has the separator {found[0]!r}: write the whole number with digits only")
    raise ValueError(f"{text!r} is no whole number: write it with digits only")


def _decimal_number(text: str) -> str:
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        return text
    if "," in text:
        raise ValueError(f"{text!r} has the separator ',': write a decimal point and no separator of thousands")
    raise ValueError(f"{text!r} is no number: write it as 25 or 25.5")


def _table(text: str) -> Mapping[str, str]:
    table: dict[str, str] = {}
    for pair in text.split():
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise ValueError(f"{pair!r} is no pair: write NAME=NUMBER, with spaces between pairs")
        if key in table:
            raise ValueError(f"{key} stands twice: leave one out")
        table[key] = _whole_number(value)
    return table


_SHAPES: dict[str, Callable[[str], Any]] = {
    "gtins": _table,
    "codes": _table,
    "item_days_min": _table,
    "substitutes": str.split,
}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " ".join(f"{key}={number}" for key, number in sorted(value.items()))
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)
