"""Tables as people have them: CSV with any separator and encoding, and workbooks of spreadsheets."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, Question, answered

ROWS_MAX = 100_000
COLUMNS_MAX = 200
CELL_CHARACTERS_MAX = 20_000
UNPACKED_BYTES_MAX = 256 << 20
"""Of a workbook: it is a compressed archive."""
SEPARATORS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
ENCODINGS = {
    "utf-8": "UTF-8",
    "cp1252": "Windows, western",
    "cp1250": "Windows, central European",
    "cp1251": "Windows, Cyrillic",
}
ENCODING = Question("encoding", "The file is not in UTF-8. In which encoding was it saved?", ENCODINGS)
SHEET, HEADER_LINE = "sheet", "header_line"
LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. ``text`` as people read it; ``day`` where the file itself says that it is one; ``is_number``: the file
    holds a number, so that zeros before it, if there were any, are gone."""

    text: str
    day: date | None = None
    is_number: bool = False


EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells with the lines they stand on, and their header. ``is_1904``: how its days are counted."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    is_1904: bool = False
    notes: tuple[str, ...] = field(default=())


def read_table(content: bytes, answers: Answers) -> Table:
    """The table in a file. Raises ``NotUnderstood``, and ``Asks`` for what the file does not say."""
    if content[:4] == b"PK\x03\x04":
        return _read_workbook(content, answers)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise NotUnderstood("this is a workbook of an old kind (.xls): save it as .xlsx or CSV")
    text = text_of(content, answers)
    return _read_csv(text, answers)


def text_of(content: bytes, answers: Answers) -> str:
    """What a text file says, whatever its byte order mark. Raises ``Asks`` for the encoding."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decoded(content, encoding)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        said = answered(ENCODING, answers)
        if said is None:
            raise Asks([ENCODING]) from None
        text = _decoded(content, said)
    if "\x00" in text:
        raise NotUnderstood("the file holds NUL characters: save it as plain CSV in UTF-8")
    return text


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotUnderstood(f"the file is not in {ENCODINGS.get(encoding, encoding)}: {error.reason}") from error


def _read_csv(text: str, answers: Answers) -> Table:
    lines = text.splitlines()
    first = 0
    separator = None
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:  # Excel's own way to say it
        separator, first = lines[0][4], 1
    separator = separator or _separator_of(lines[first:], answers)
    reader = csv.reader((f"{line}\n" for line in text.split("\n")[first:]), delimiter=separator, strict=True)
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    last = 0
    try:
        for cells in reader:
            line, last = first + last + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                rows.append((line, tuple(Cell(cell.strip()) for cell in cells)))
            if len(rows) > ROWS_MAX:
                raise NotUnderstood(f"more than {ROWS_MAX} rows: split the file")
    except csv.Error as error:
        raise NotUnderstood(f"{error}: put quotes around cells with separators", line=first + last + 1) from error
    return _with_header(rows, answers)


def _separator_of(lines: list[str], answers: Answers) -> str:
    """The sign that divides the lines into the same number of cells, if only one does."""
    question = Question("separator", "Which sign separates the columns?", SEPARATORS)
    said = answered(question, answers)
    if said is not None:
        return said
    sample = [line for line in lines[:200] if line.strip()]
    if not sample:
        raise NotUnderstood("the file is empty: its first line names the columns")
    header = sample[0]
    divides = [sign for sign in SEPARATORS if sign in header]
    if len(divides) == 1:
        return divides[0]
    if not divides:
        return ","  # one column
    counts = {sign: {len(next(csv.reader([line], delimiter=sign))) for line in sample} for sign in divides}
    regular = [sign for sign in divides if len(counts[sign]) == 1]
    if len(regular) == 1:
        return regular[0]
    raise Asks([Question("separator", question.text, {sign: SEPARATORS[sign] for sign in divides})])


def _read_workbook(content: bytes, answers: Answers) -> Table:
    from openpyxl import load_workbook  # late: only who brings a workbook needs it
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise NotUnderstood("the workbook unpacks to too much: split it")
        book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise NotUnderstood(f"the workbook cannot be read ({error}): save it again as .xlsx") from error
    try:
        sheet = _sheet_of(book, answers)
        rows = list(_rows_of(sheet))
        is_1904 = book.epoch.year == 1904
    finally:
        book.close()
    return _with_header(rows, answers, is_1904=is_1904)


def _sheet_of(book: Any, answers: Answers) -> Any:
    names = list(book.sheetnames)
    filled = [
        name for name in names if getattr(book[name], "max_row", None) != 0 and book[name].sheet_state == "visible"
    ]
    said = answers.get(SHEET, "").strip()
    if said:
        if said not in names:
            raise NotUnderstood(f"there is no sheet {said}: the workbook has {', '.join(names)}")
        return book[said]
    if len(filled) == 1:
        return book[filled[0]]
    raise Asks([Question(SHEET, "Which sheet of the workbook?", {name: name for name in filled})])


def _rows_of(sheet: Any) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS_MAX, values_only=True), start=1):
        if number > ROWS_MAX + 1:
            raise NotUnderstood(f"more than {ROWS_MAX} rows: split the file")
        row = tuple(_cell(value) for value in cells)
        while row and not row[-1].text:
            row = row[:-1]
        if row:
            yield number, row


def _cell(value: Any) -> Cell:
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    if isinstance(value, datetime):
        is_day = value.time() == time(0)
        return Cell(
            value.date().isoformat() if is_day else value.isoformat(sep=" "), day=value.date() if is_day else None
        )
    if isinstance(value, date):
        return Cell(value.isoformat(), day=value)
    if isinstance(value, int):
        return Cell(str(value), is_number=True)
    if isinstance(value, float):
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        return Cell(text, is_number=True)
    return Cell(str(value).strip())


def _with_header(rows: list[tuple[int, tuple[Cell, ...]]], answers: Answers, *, is_1904: bool = False) -> Table:
    if not rows:
        raise NotUnderstood("the file is empty: its first line names the columns")
    shown = {str(line): " | ".join(cell.text for cell in cells)[:80] for line, cells in rows[:LINES_SHOWN]}
    question = Question(HEADER_LINE, "Which line names the columns?", shown)
    said = answered(question, answers)
    if said is not None:
        rows = [each for each in rows if each[0] >= int(said)]
    elif len(rows[0][1]) < max(len(cells) for _, cells in rows[:LINES_SHOWN]):
        raise Asks([question])
    line, first = rows[0]
    header = tuple(cell.text for cell in first)
    if not all(header):
        raise NotUnderstood("a column of the first row has no name: name every column there", line=line)
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise NotUnderstood(f"the column {twice} stands twice: name each once", line=line)
    body = []
    for number, cells in rows[1:]:
        if len(cells) > len(header) and any(cell.text for cell in cells[len(header) :]):
            raise NotUnderstood(f"{len(cells)} cells, but {len(header)} columns", line=number)
        if any(len(cell.text) > CELL_CHARACTERS_MAX for cell in cells):
            raise NotUnderstood(f"a cell has more than {CELL_CHARACTERS_MAX} characters", line=number)
        body.append((number, (*cells[: len(header)], *[EMPTY] * (len(header) - len(cells)))))
    return Table(header, tuple(body), is_1904)
