"""Loggers that export tables: plain CSV or workbooks with a mapping, and the layouts of LogTag and Elitech.

None of these says by which clock it ran, and few say in which order a date stands or which sign stands before
decimals: what the file itself does not settle is asked. The layouts of LogTag Analyzer and ElitechLog are UNVERIFIED:
no export of a real device was at hand, only what others' programs expect of them. They are read only if somebody says
that they have compared the values, and anything in them that is not known is refused.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from cloud_sync.interop.cells import CertainValue, date_order_of, day_of_text, decimal_sign_of, number_of
from cloud_sync.interop.loggers.model import (
    ACCEPT_UNVERIFIED,
    READINGS_MAX,
    DeviceAlarm,
    LoggerFile,
    LoggerReading,
    Spell,
)
from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, Question, answered
from cloud_sync.interop.tables import Cell, Table, read_table, text_of
from edge_agent.domain.monitoring.excursions import Side

UNIT = Question("unit", "In which unit are the temperatures?", {"C": "degrees Celsius", "F": "degrees Fahrenheit"})
SERIAL = Question("serial", "What is the serial number of the logger?")
TIME_COLUMN, DATE_COLUMN, VALUE_COLUMN, HUMIDITY_COLUMN = (
    "time_column",
    "date_column",
    "value_column",
    "humidity_column",
)
RH_PCT = "rh_pct"
NO_VALUE = frozenset({"", "--.-", "---", "-", "n/a", "na", "nan", "null", "error", "open"})
INSTANT = re.compile(
    r"(?P<day>.+?)[T ]\s*(?P<clock>[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
TIMES = (
    "time",
    "date/time",
    "datetime",
    "date time",
    "timestamp",
    "zeit",
    "datum/zeit",
    "datum/uhrzeit",
    "zeitstempel",
    "date & time",
)
VALUES = ("temperature", "temp", "temp_c", "t", "temperatur", "value", "reading", "température")
HUMIDITIES = ("humidity", "rh", "rh_pct", "%rh", "feuchte", "luftfeuchte")
LOGTAG_KEYS = frozenset({"serial #", "serial number", "reading interval", "non alert range"})


def is_logtag(text: str) -> bool:
    """Whether this looks like a CSV export of LogTag Analyzer: pairs of names and values, then readings."""
    names = {line.split(",")[0].strip().strip('"').lower() for line in text.splitlines()[:60] if line.count(",") >= 1}
    return len(names & LOGTAG_KEYS) >= 2


def read_logtag(text: str, answers: Answers) -> LoggerFile:
    """An export of LogTag Analyzer, UNVERIFIED. Raises ``NotUnderstood``, ``Asks``."""
    if answered(ACCEPT_UNVERIFIED, answers) is None:
        raise Asks([ACCEPT_UNVERIFIED])
    said: dict[str, str] = {}
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if len(cells) == 2:
            said[cells[0].lower()] = cells[1]
        elif len(cells) > 3:
            rows.append((number, cells))
    if len(rows) < 2:
        raise NotUnderstood("the export has no readings")
    serial = said.get("serial #") or said.get("serial number")
    if not serial:
        raise NotUnderstood("the export does not say the logger's serial number")
    body = rows[1:]  # the first one names the columns
    order = _asked(date_order_of(cells[1] for _, cells in body), answers)
    readings = tuple(
        LoggerReading(_instant(f"{cells[1]} {cells[2]}", order, line)[0], _value(cells[3], ".", line))
        for line, cells in body
    )
    _check_unit(rows[0][1], answers)
    alarms = _logtag_limits(said.get("non alert range", ""))
    return LoggerFile(
        "LogTag Analyzer CSV (UNVERIFIED)", False, said.get("model", "LogTag"), serial, _checked(readings), (), alarms
    )


def _logtag_limits(text: str) -> tuple[DeviceAlarm, ...]:
    """Limits from ``2.0  to  8.0 °C``; the export does not say after how long it alarms, so there is no verdict."""
    found = re.fullmatch(r"\s*(-?[0-9.]+)\s+to\s+(-?[0-9.]+)\s*°?\s*C\s*", text)
    if found is None:
        return ()
    low, high = float(found[1]), float(found[2])
    return (DeviceAlarm(Side.BELOW, low, 0, Spell.SINGLE), DeviceAlarm(Side.ABOVE, high, 0, Spell.SINGLE))


def read_plain(content: bytes, answers: Answers, *, maker: str = "") -> LoggerFile:
    """A table with a column of times and one of values. Raises ``NotUnderstood``, and ``Asks`` for all that is open."""
    table = read_table(content, answers)
    questions: list[Question] = []
    if maker and answered(ACCEPT_UNVERIFIED, answers) is None:
        questions.append(ACCEPT_UNVERIFIED)
    at_column = _column(table, TIME_COLUMN, "Which column has the times?", TIMES, answers, questions)
    value_column = _column(table, VALUE_COLUMN, "Which column has the temperatures?", VALUES, answers, questions)
    humidity = _optional(table, HUMIDITY_COLUMN, HUMIDITIES, answers)
    day_column = answers.get(DATE_COLUMN, "").strip()
    if day_column and day_column not in table.header:
        raise NotUnderstood(f"there is no column {day_column}: the file has {', '.join(table.header)}")
    serial = answered(SERIAL, answers)
    if serial is None:
        questions.append(SERIAL)
    unit = _unit_of(value_column, answers)
    if value_column and unit is None:
        questions.append(UNIT)
    if not at_column or not value_column:
        raise Asks(questions)
    times = [_joined(table, cells, day_column, at_column) for _, cells in table.rows]
    values = _texts(table, value_column)
    order = _open(date_order_of(_day_part(text) for text in times), answers, questions)
    sign = _open(decimal_sign_of(text for text in values if text.lower() not in NO_VALUE), answers, questions)
    if questions:
        raise Asks(questions)
    readings: list[LoggerReading] = []
    offsets: set[str] = set()
    for (line, cells), text in zip(table.rows, times, strict=True):
        at, offset = _instant(text, order, line)
        offsets.add(offset)
        value = _value(cells[table.header.index(value_column)].text, sign, line)
        readings.append(LoggerReading(at, _celsius(value) if unit == "F" else value))
        if humidity:
            readings.append(LoggerReading(at, _value(cells[table.header.index(humidity)].text, sign, line), RH_PCT))
    if len(offsets) > 1:
        raise NotUnderstood("some times name an offset and others do not")
    (offset,) = offsets or {""}
    name = f"{maker} table (UNVERIFIED)" if maker else "table with a mapping"
    return LoggerFile(name, not maker, maker or "logger", serial or "", _checked(tuple(readings)), zone=offset or None)


def is_elitech(text: str) -> bool:
    """Whether the first lines name the maker."""
    return "elitech" in text[:2000].lower()


def _column(
    table: Table, key: str, question: str, names: Sequence[str], answers: Answers, questions: list[Question]
) -> str:
    said = answers.get(key, "").strip()
    if said:
        if said not in table.header:
            raise NotUnderstood(f"there is no column {said}: the file has {', '.join(table.header)}")
        return said
    fits = [name for name in table.header if _plain(name) in names]
    if len(fits) == 1:
        return fits[0]
    questions.append(Question(key, question, {name: name for name in table.header}))
    return ""


def _optional(table: Table, key: str, names: Sequence[str], answers: Answers) -> str:
    said = answers.get(key, "").strip()
    fits = [name for name in table.header if (name == said if said else _plain(name) in names)]
    return fits[0] if len(fits) == 1 else ""


def _plain(name: str) -> str:
    """A column's name without its unit: ``Temperature(°C)`` is ``temperature``."""
    return re.sub(r"\s*[\[(].*?[\])]|\s*[/,]?\s*°\s*[CF]$", "", name).strip().lower()


def _unit_of(column: str, answers: Answers) -> str | None:
    said = answered(UNIT, answers)
    if said is not None:
        return said
    found = re.search(r"(?:°|º|℃|\b|_)\s*([CF])\b|(℃)|(℉)", column, re.IGNORECASE) if column else None
    if found is None:
        return None
    return "C" if found[2] else "F" if found[3] else found[1].upper()


def _check_unit(header: Sequence[str], answers: Answers) -> None:
    if "°f" in " ".join(header).lower():
        raise NotUnderstood("the readings are in °F: exports in other units than °C were never seen and are not read")


def _texts(table: Table, column: str) -> list[str]:
    at = table.header.index(column)
    return [cells[at].text for _, cells in table.rows]


def _joined(table: Table, cells: Sequence[Cell], day_column: str, at_column: str) -> str:
    text = cells[table.header.index(at_column)].text
    return f"{cells[table.header.index(day_column)].text} {text}" if day_column else text


def _day_part(text: str) -> str:
    found = INSTANT.fullmatch(text.strip())
    return found["day"] if found else text


def _open(known: CertainValue, answers: Answers, questions: list[Question]) -> str:
    """What is certain of a column, or was answered; else the question is added."""
    if known.question is None:
        return known.value or ""
    said = answered(known.question, answers)
    if said is None:
        questions.append(known.question)
    return said or ""


def _asked(known: CertainValue, answers: Answers) -> str:
    questions: list[Question] = []
    value = _open(known, answers, questions)
    if questions:
        raise Asks(questions)
    return value


def _instant(text: str, order: str, line: int) -> tuple[datetime, str]:
    """A time of the device's clock, and the offset that it names, if any."""
    found = INSTANT.fullmatch(text.strip())
    if found is None:
        raise NotUnderstood(f"{text!r} is no time: a day and a time of day are needed", line=line)
    try:
        day: date = day_of_text(found["day"].strip(" ,"), order)
        parts = [int(each) for each in re.split(r"[:.]", found["clock"])]
        if half := (found["half"] or "").lower()[:1]:
            if not 1 <= parts[0] <= 12:
                raise ValueError(f"{text!r} is no time of half a day")
            parts[0] = parts[0] % 12 + (12 if half == "p" else 0)
        clock = time(parts[0], parts[1], parts[2] if len(parts) > 2 else 0)
        return datetime.combine(day, clock), found["offset"] or ""
    except ValueError as error:
        raise NotUnderstood(str(error), line=line) from error


def _value(text: str, sign: str, line: int) -> float | None:
    plain = re.sub(r"\s*(°\s*)?[CF%]?$", "", text.strip())
    if plain.lower() in NO_VALUE:
        return None
    try:
        return float(number_of(plain, sign))
    except ValueError as error:
        raise NotUnderstood(str(error), line=line) from error


def _celsius(value: float | None) -> float | None:
    return None if value is None else float(round((Decimal(str(value)) - 32) * 5 / 9, 2))


def _checked(readings: tuple[LoggerReading, ...]) -> tuple[LoggerReading, ...]:
    if not readings:
        raise NotUnderstood("the file has no readings")
    if len(readings) > 2 * READINGS_MAX:
        raise NotUnderstood(f"more than {READINGS_MAX} readings: split the file")
    return readings


def text_if_any(content: bytes, answers: Answers) -> str:
    """The text of a file that is no workbook, '' of one."""
    return "" if content[:4] == b"PK\x03\x04" else text_of(content, answers)


def elitech_or_plain(content: bytes, text: str, answers: Mapping[str, str]) -> LoggerFile:
    """A table; one that names Elitech is UNVERIFIED."""
    return read_plain(content, answers, maker="Elitech" if is_elitech(text) else "")
