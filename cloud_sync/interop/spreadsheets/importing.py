"""From a spreadsheet to the rows of an import: columns are matched, cells made plain, and what is open is asked."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from biip.checksums import gs1_standard_check_digit

from cloud_sync.domain.csv_text import csv_lines
from cloud_sync.domain.master_records_csv import FAULTS_MAX, RecordFault
from cloud_sync.interop.cells import (
    SCIENTIFIC,
    CertainValue,
    date_order_of,
    day_of_serial,
    day_of_text,
    decimal_sign_of,
    number_of,
    whole_of,
)
from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, Question, answered
from cloud_sync.interop.spreadsheets.fields import Field, FieldKind, fields_of
from cloud_sync.interop.tables import Cell, Table, read_table

IGNORE = "-"
MONTH = re.compile(r"(?:(?P<m>[0-9]{1,2})[-./](?P<y>[0-9]{4})|(?P<y2>[0-9]{4})[-./](?P<m2>[0-9]{1,2}))")
ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rows:
    """What a spreadsheet says, as an import takes it. ``lines``: where each row stands in the file."""

    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    faults: tuple[RecordFault, ...]

    def as_csv(self) -> str:
        """The rows as the CSV that imports read. The same file and answers give the same text."""
        return "".join(csv_lines([self.columns, *self.rows], line_end="\n"))

    def line_of(self, line: int) -> int:
        """Where a line of :meth:`as_csv` stands in the file; the header and the whole file as they are."""
        return self.lines[line - 2] if 2 <= line <= len(self.lines) + 1 else line


def read_rows(kind: str, content: bytes, answers: Answers) -> Rows:
    """The rows of a file; bad cells become faults. Raises ``NotUnderstood``, ``Asks`` for all that is open."""
    table = read_table(content, answers)
    fields = fields_of(kind)
    questions: list[Question] = []
    columns = _columns(table, fields, answers, questions)
    # A column that is asked about may be the one that is missing: what is the same for all rows is asked after that.
    fixed = _fixed(fields, columns, answers, [] if questions else questions)
    readers: dict[str, Callable[[Cell], str]] = {}
    for field in fields:
        if field.name in columns:
            at = columns[field.name]
            cells = [row[at] for _, row in table.rows if row[at].text]
            readers[field.name] = _reader(field, cells, table.is_1904, answers, questions)
    if questions:
        raise Asks(questions)
    names = tuple(field.name for field in fields if field.name in columns or field.name in fixed)
    rows, lines, faults = [], [], []
    for line, cells_of_row in table.rows:
        row = []
        for name in names:
            if name in fixed:
                row.append(fixed[name])
                continue
            cell = cells_of_row[columns[name]]
            try:
                row.append(readers[name](cell) if cell.text else "")
            except ValueError as error:
                faults.append(RecordFault(line, name, str(error)))
                row.append("")
        rows.append(tuple(row))
        lines.append(line)
    return Rows(kind, names, tuple(rows), tuple(lines), tuple(faults[:FAULTS_MAX]))


def _columns(table: Table, fields: Sequence[Field], answers: Answers, questions: list[Question]) -> dict[str, int]:
    """Which column holds which field. A column that nothing tells is asked about; so are two for one field."""
    choices = {IGNORE: "nothing that is needed"} | {field.name: field.name.replace("_", " ") for field in fields}
    found: dict[str, int] = {}
    for at, header in enumerate(table.header):
        question = Question(f"column:{header}", f"What does the column “{header}” hold?", choices)
        said = answered(question, answers)
        fits = [field.name for field in fields if header.strip().lower() in field.names]
        name = said or (fits[0] if len(fits) == 1 else None)
        if name is None:
            questions.append(question)
        elif name == IGNORE:
            continue
        elif name in found:
            if said and f"column:{table.header[found[name]]}" in answers:
                raise NotUnderstood(f"two columns hold {name}: {table.header[found[name]]} and {header}")
            questions.append(question)
        else:
            found[name] = at
    return found


def _fixed(
    fields: Sequence[Field], columns: dict[str, int], answers: Answers, questions: list[Question]
) -> dict[str, str]:
    """What no column says and is the same for all rows."""
    fixed = {}
    for field in fields:
        if field.name in columns:
            continue
        words = field.name.replace("_", " ")
        question = Question(f"fixed:{field.name}", f"No column says the {words}. What is it for all rows?")
        said = answered(question, answers)
        if said is not None:
            fixed[field.name] = said
        elif field.is_needed:
            questions.append(question)
    if {"item", "gtin"} <= {field.name for field in fields} and not {"item", "gtin"} & (columns.keys() | fixed.keys()):
        questions.append(Question("fixed:item", "No column says the item. Which one is it in all rows?"))
    return fixed


def _reader(
    field: Field, cells: Sequence[Cell], is_1904: bool, answers: Answers, questions: list[Question]
) -> Callable[[Cell], str]:
    texts = [cell.text for cell in cells]
    if field.kind is FieldKind.DAY:
        return _day_reader(field, cells, is_1904, answers, questions)
    if field.kind in (FieldKind.WHOLE, FieldKind.DECIMAL):
        shown = [cell.text for cell in cells if not cell.is_number]
        sign = _open(field, decimal_sign_of(shown), answers, questions)
        return lambda cell: _number(cell, sign, field.kind)
    if field.kind is FieldKind.GTIN:
        return _gtin
    if field.kind is FieldKind.IDENTIFIER and any(cell.is_number for cell in cells):
        example = next(cell.text for cell in cells if cell.is_number)
        question = Question(
            f"numbers:{field.name}",
            f"The column of {field.name.replace('_', ' ')}s holds numbers, such as {example}: a spreadsheet drops "
            "zeros before them. Are they complete?",
            {"complete": "yes, no label has zeros before these numbers"},
        )
        if answered(question, answers) is None:
            questions.append(question)
    if field.kind is FieldKind.IDENTIFIER and any(SCIENTIFIC.fullmatch(text) for text in texts):
        return _unspoilt
    return lambda cell: cell.text


def _open(field: Field, known: CertainValue, answers: Answers, questions: list[Question]) -> str:
    if known.question is None:
        return known.value or ""
    of_field = Question(
        f"{known.question.key}:{field.name}", f"{field.name.replace('_', ' ').capitalize()}: {known.question.text}",
        known.question.choices,
    )  # fmt: skip
    said = answered(of_field, answers)
    if said is None:
        questions.append(of_field)
    return said or ""


def _number(cell: Cell, sign: str, kind: FieldKind) -> str:
    sign = "." if cell.is_number else sign
    if kind is FieldKind.WHOLE:
        return str(whole_of(cell.text, sign))
    return format(number_of(cell.text, sign), "f")


def _day_reader(
    field: Field, cells: Sequence[Cell], is_1904: bool, answers: Answers, questions: list[Question]
) -> Callable[[Cell], str]:
    texts = [cell.text for cell in cells if cell.day is None]
    serials = [text for text in texts if day_of_serial(text, is_1904=is_1904) is not None]
    months = [text for text in texts if MONTH.fullmatch(text)]
    order = _open(field, date_order_of(text for text in texts if text not in serials), answers, questions)
    are_serials, month_day = "", ""
    if serials:
        means = day_of_serial(serials[0], is_1904=is_1904)
        question = Question(
            f"serial_days:{field.name}",
            f"{field.name.replace('_', ' ').capitalize()} is {serials[0]}: does that mean {means}, "
            "as a spreadsheet counts days?",
            {"yes": f"yes, {means}", "no": "no, these cells are wrong"},
        )
        are_serials = answered(question, answers) or ""
        if not are_serials:
            questions.append(question)
    if months:
        question = Question(
            f"month_day:{field.name}",
            f"{field.name.replace('_', ' ').capitalize()} is a month, such as {months[0]}. Which day of it?",
            {"last": "the last day", "first": "the first day"},
        )
        month_day = answered(question, answers) or ""
        if not month_day:
            questions.append(question)
    return lambda cell: _day(cell, order, is_1904 if are_serials == "yes" else None, month_day).isoformat()


def _day(cell: Cell, order: str, is_1904: bool | None, month_day: str) -> date:
    if cell.day is not None:
        return cell.day
    if is_1904 is not None and (serial := day_of_serial(cell.text, is_1904=is_1904)) is not None:
        return serial
    if found := MONTH.fullmatch(cell.text):
        year, month = int(found["y"] or found["y2"]), int(found["m"] or found["m2"])
        if 1 <= month <= 12 and month_day:
            return date(year, month, 1 if month_day == "first" else calendar.monthrange(year, month)[1])
    return day_of_text(cell.text, order)


def _gtin(cell: Cell) -> str:
    """14 digits: zeros that a spreadsheet dropped are put back, and the check digit proves it."""
    text = _unspoilt(cell).replace(" ", "").replace("-", "")
    if not (text.isascii() and text.isdigit() and 8 <= len(text) <= 14):
        raise ValueError(f"{cell.text!r} is no GTIN: it has 8, 12, 13 or 14 digits")
    whole = text.zfill(14)
    right = gs1_standard_check_digit(whole[:-1])
    if int(whole[-1]) != right:
        raise ValueError(f"GTIN {cell.text} has a wrong check digit: by its other digits it ends in {right}")
    return whole


def _unspoilt(cell: Cell) -> str:
    if SCIENTIFIC.fullmatch(cell.text):
        raise ValueError(f"{cell.text!r} has lost digits: format the column as text and fill it in again")
    return cell.text
