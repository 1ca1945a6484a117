"""Master data as records, and records as rows of a CSV file.

Each kind of record is one pydantic model: what the API takes, what a file holds, and what an export gives are the same.
A list inside a cell is separated by spaces (``insulin-a insulin-b``), a table by spaces and ``=``
(``00312345678906=1 10312345678903=10``).
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, get_args

from biip.checksums import gs1_standard_check_digit
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from edge_agent.domain.barcodes.item_codes import keys_of_code, parse_code
from edge_agent.domain.barcodes.ndc import parse_ndc

ROWS_MAX = 100_000
"""Of one file."""
CELL_CHARACTERS_MAX = 20_000
FAULTS_MAX = 1000
"""Shown of one file; whoever wrote it will not read more."""
QUANTITY_MAX = 10**12
DAYS_MAX = 36_500

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
LOT_NUMBER = r"^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$"
"""What a lot number looks like: printable ASCII, spaces inside only."""
LotNumber = Annotated[str, StringConstraints(pattern=LOT_NUMBER, max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=100)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=1000, strip_whitespace=True)]
Units = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Day = Annotated[date, BeforeValidator(lambda said: as_day(said))]
"""A date written as one: a number may be anything."""
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]+$", max_length=50)]
Days = Annotated[int, Field(ge=0, le=DAYS_MAX)]


def as_day(said: Any) -> Any:
    """What was written for a date. Raises ``ValueError`` for what is not written as one."""
    if said is None or isinstance(said, date) or (isinstance(said, str) and _DAY.fullmatch(said)):
        return said
    raise ValueError(f"{said!r} is no date: write it as 2027-01-31")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class MasterRecord(BaseModel):
    """Base of all records. ``name`` (or what :attr:`KEY` says) tells records of a kind apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    @property
    def key(self) -> str:
        """What people call it: its name, or its names with slashes between."""
        return "/".join(str(getattr(self, part)) for part in self.KEY)


class PlaceRecord(MasterRecord):
    """A place of the house. Suppliers, customers and wards have records of their own."""

    name: Name
    title: Text = ""
    kind: Literal["site", "room", "bin", "production", "scrap", "count_difference", "transit"]
    parent: Name | None = None
    policy: Name | None = Field(None, description="Storage policy of the place and what stands in it.")
    zone: Zone | None = Field(
        None, description="IANA time zone of a site, such as Europe/Berlin: its labels' days end there."
    )


class OwnerRecord(MasterRecord):
    """Whose stock it is."""

    name: Name
    title: Text = ""


ItemCode = Annotated[str, StringConstraints(max_length=60), AfterValidator(parse_code)]
"""``ndc:0591-0369-01`` or ``hibc:A123BJC5D6E71``; both may also be written as they are printed."""


class ItemRecord(MasterRecord):
    """A product. Days are whole days of remaining shelf life."""

    name: Name
    title: Text = ""
    base_unit: Name = "each"
    expiry_required: bool = True
    serial_tracked: bool = False
    gtins: dict[Annotated[str, Field(pattern=r"^[0-9]{14}$")], Units] = Field(
        {}, max_length=100, description="Each packaging level and how many base units are in one."
    )
    codes: dict[ItemCode, Units] = Field(
        {}, max_length=100, description="Other codes on labels, NDC and HIBC, and how many base units each stands for."
    )
    ndc: Text = Field("", description="National Drug Code with its hyphens.")
    storage_class: Name | None = Field(None, description="The storage policy that places for it should have.")
    allowance_minutes: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        None, description="Minutes outside the storage limits that stability data permit, over the life of a lot."
    )
    allowance_c_max: Annotated[float, Field(ge=-273.15, le=200)] | None = Field(
        None, description="Up to this temperature, in degrees Celsius."
    )
    receipt_inspection: bool = Field(False, description="Every receipt is held until it was inspected.")
    shelf_life_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = Field(None, description="From making to expiry.")
    receipt_days_min: Days | None = Field(None, description="Shelf life that a receipt should have left.")
    substitutes: Annotated[tuple[Name, ...], Field(max_length=20)] = Field((), description="The best first.")
    controlled_schedule: Literal["", "I", "II", "III", "IV", "V"] = ""
    compounding: Literal["", "503A", "503B"] = Field("", description="503A for one patient, 503B in batches.")

    @field_validator("gtins")
    @classmethod
    def _check_digits(cls, gtins: dict[str, int]) -> dict[str, int]:
        for gtin in gtins:
            right = gs1_standard_check_digit(gtin[:-1])
            if int(gtin[-1]) != right:
                raise ValueError(f"GTIN {gtin} has a wrong check digit: by its other digits it ends in {right}")
        return gtins

    @field_validator("ndc")
    @classmethod
    def _is_ndc(cls, ndc: str) -> str:
        return str(parse_ndc(ndc)) if ndc else ndc

    @field_validator("codes")
    @classmethod
    def _mean_different_things(cls, codes: dict[str, int]) -> dict[str, int]:
        seen: dict[str, str] = {}
        for code in codes:
            for key in keys_of_code(code):
                if seen.setdefault(key, code) != code:
                    raise ValueError(f"{code} is the same as {seen[key]}: leave one of them out")
        return codes

    @model_validator(mode="after")
    def _is_no_substitute_of_itself(self) -> "ItemRecord":
        if self.name in self.substitutes or len(set(self.substitutes)) < len(self.substitutes):
            raise ValueError("substitutes: name other items, each once")
        return self


class SupplierRecord(MasterRecord):
    """Who goods come from, and whether they may. ``qualified_until`` is the last day on which they may."""

    name: Name
    title: Text = ""
    status: Literal["pending", "qualified", "suspended", "rejected"] = "pending"
    qualified_until: Day | None = None
    note: Text = ""


class RecipientRecord(MasterRecord):
    """A customer or ward, and the remaining shelf life that it demands of everything and of single items."""

    name: Name
    title: Text = ""
    kind: Literal["customer", "ward"]
    parent: Name | None = Field(None, description="The site a ward belongs to.")
    shelf_life_days_min: Days = 0
    item_days_min: Annotated[dict[Name, Days], Field(max_length=1000)] = {}


class OperatorRecord(MasterRecord):
    """Who works with scanners. ``badge`` is what follows ``LW.BADGE.`` on the card."""

    name: Name
    badge: Code
    active: bool = True


class ReorderRecord(MasterRecord):
    """When to order more of an item for a place, and up to how much, in base units."""

    KEY = ("item", "place")
    item: Name
    place: Name
    supplier: Name | None = None
    reorder_point: Annotated[int, Field(ge=0, le=QUANTITY_MAX)]
    par_level: Units

    @model_validator(mode="after")
    def _par_is_above(self) -> "ReorderRecord":
        if self.par_level <= self.reorder_point:
            raise ValueError(f"par_level: write more than the reorder point, {self.reorder_point}")
        return self


class OpeningRecord(MasterRecord):
    """Stock that was there before the ledger was."""

    KEY = ("item", "lot_number", "owner", "place", "serial")
    item: Name
    lot_number: LotNumber
    owner: Name = "house"
    place: Name
    serial: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]*$", max_length=100)] = ""
    quantity: Units
    expires_on: Day | None = None


KINDS: dict[str, type[MasterRecord]] = {
    "places": PlaceRecord,
    "owners": OwnerRecord,
    "items": ItemRecord,
    "suppliers": SupplierRecord,
    "recipients": RecipientRecord,
    "operators": OperatorRecord,
    "reorder-levels": ReorderRecord,
    "opening-balances": OpeningRecord,
}
"""What can be imported and exported, in an order in which nothing needs what comes after it."""


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
            found = _record(model, header, [_EXECUTED_QUOTED.sub(r"\1", cell) for cell in cells], line)
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
    sink = _Line()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(columns)
    yield sink.text
    for record in records:
        writer.writerow([_unexecuted(_cell(getattr(record, column))) for column in columns])
        yield sink.text


def differences(before: MasterRecord, after: MasterRecord) -> dict[str, dict[str, Any]]:
    """What changes from one to the other: field -> ``{"from": ..., "to": ...}`` in plain JSON values."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {field: {"from": old[field], "to": new[field]} for field in new if old[field] != new[field]}


# What spreadsheets take for a formula; a plain number is none. An apostrophe makes it text for them, and goes again
# when it is read.
_EXECUTED = re.compile(r"'*(?:[=@\t\r]|[+\-](?!\d*(?:\.\d+)?\Z))")
_EXECUTED_QUOTED = re.compile(r"\A'('*(?:[=@\t\r]|[+\-](?!\d*(?:\.\d+)?\Z)))")


def _unexecuted(cell: str) -> str:
    return f"'{cell}" if _EXECUTED.match(cell) else cell


class _Line:
    text = ""

    def write(self, text: str) -> None:
        self.text = text


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
        text = "this cell must be filled"
    elif error["type"].startswith("bool"):
        text = f"{error['input']!r} is neither true nor false: write one of them"
    elif error["type"].startswith("date"):
        text = f"{error['input']!r} is no date: write it as 2027-01-31"
    elif error["type"] == "string_pattern_mismatch":
        text = f"{error['input']!r} has characters that do not belong there: {_PATTERNS.get(column, 'write ' + _PLAIN)}"
    return RecordFault(line, column, text)


_PLAIN = "letters, digits, dot, dash and underscore"
_PATTERNS = {
    "gtins": "write GTINs of 14 digits, leading zeros included",
    "badge": "write printable ASCII without spaces",
    "lot_number": "write printable ASCII, spaces inside only",
    "serial": "write printable ASCII without spaces",
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
    if float in types:
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
    return value.isoformat() if isinstance(value, date) else str(value)
