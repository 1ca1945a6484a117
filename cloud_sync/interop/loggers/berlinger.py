"""Text exports of Berlinger's loggers: Fridge-tag 2, 2 L and Ultra Low, and Q-tag CLm doc.

The export is an outline: one space deeper, one level down; ``key: value`` pairs with commas between; and tables with
tabs (``Data``, ``Marker``). Verified against exports of real devices that others have published (Fridge-tag 2 with
firmware 3.4, 2 L and Ultra Low with 4.0, Q-tag CLm doc LR with 4.7). What those show:

- ``Zone`` is 0.00 in all of them, wherever the device was: it does not say by which clock it ran.
- A Fridge-tag 2 keeps no single readings but least, mean and greatest of each day, and the minutes beyond each limit.
- ``--.-`` in a table is no value.
- A value that equals the limit is not marked as out of limits (8.0 °C at a limit of +8.0), whatever manuals say.
- Alarm types of a Q-tag: 1 below and 2 above in one piece, 3 below and 4 above added up, 0 none.

The signature at the end (``Sig``) is kept with the file; how it is made is not published, and it is not checked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from cloud_sync.interop.loggers.model import (
    ACCEPT_UNVERIFIED,
    READINGS_MAX,
    DaySummary,
    DeviceAlarm,
    LoggerFile,
    LoggerReading,
    Spell,
)
from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, answered
from edge_agent.domain.monitoring.excursions import Side

VERIFIED = frozenset({"Q-tag Fridge-tag 2", "Q-tag Fridge-tag 2 L", "Q-tag Fridge-tag Ultra Low", "Q-tag CLm doc LR"})
"""Models of which an export of a real device was read."""
DEVICE = re.compile(r"Device: (\S.{0,60})")
LEVELS_MAX = 6
DAYS_MAX = 400
TYPES: Mapping[str, tuple[Side, Spell]] = {
    "1": (Side.BELOW, Spell.SINGLE),
    "2": (Side.ABOVE, Spell.SINGLE),
    "3": (Side.BELOW, Spell.CUMULATIVE),
    "4": (Side.ABOVE, Spell.CUMULATIVE),
}
TIMEOUTS = ("Int Sensor timeout", "Ext Sensor timeout")
LOW, HIGH = "0", "1"
"""The alarms of a Fridge-tag."""

Outline = dict[str, Any]


@dataclass(slots=True)
class _Section:
    """A level of the outline and its tables."""

    values: Outline = field(default_factory=dict)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


def is_berlinger(text: str) -> bool:
    """Whether this looks like such an export."""
    return DEVICE.match(text) is not None and "\nConf:" in text.replace("\r\n", "\n")


def read_berlinger(text: str, answers: Answers) -> LoggerFile:
    """What the export says. Raises ``NotUnderstood``, and ``Asks`` for a model that was never seen."""
    outline, tables = _outline(text)
    device = str(outline.get("Device", ""))
    is_verified = device in VERIFIED
    if not is_verified and answered(ACCEPT_UNVERIFIED, answers) is None:
        raise Asks([ACCEPT_UNVERIFIED])
    conf = _level(outline, "Conf")
    unit = conf.get("Temp unit", "C")
    if unit != "C":
        raise NotUnderstood(f"the logger shows {unit}: exports in other units than °C were never seen and are not read")
    if "Hist" in outline:
        return _fridge_tag(device, conf, _level(outline, "Hist"), tables, is_verified=is_verified)
    if "Res" in outline:
        return _q_tag(device, conf, _level(outline, "Res"), tables, is_verified=is_verified)
    raise NotUnderstood("the export has neither a history (Hist) nor results (Res)")


def _fridge_tag(
    device: str, conf: Outline, hist: Outline, tables: Mapping[str, _Section], *, is_verified: bool
) -> LoggerFile:
    numbered = [key for key in hist if key.isdigit()]
    if len(numbered) > DAYS_MAX:
        raise NotUnderstood(f"more than {DAYS_MAX} days")
    reported = _time(hist, "TS Report Creation")
    activated = _time(hist, "TS Actv")
    days = [_level(hist, key) for key in numbered]
    limits = _level(conf, "Alarm")
    alarms = tuple(_day_alarm(key, _level(limits, key), days) for key in (LOW, HIGH) if "T AL" in limits.get(key, {}))
    readings = _readings(tables.get("Data"))
    found = [] if readings else _summaries(days, limits, activated, reported)
    summaries = tuple(sorted(found, key=lambda day: day.first))
    if not readings and not summaries:
        raise NotUnderstood("the export has no day and no reading")
    notes = ["The device's signature is kept with the file; it is not checked."]
    if summaries:
        notes.append(
            "This logger keeps the least, mean and greatest of each day: each day is judged by all that they allow."
        )
    return LoggerFile(
        "Berlinger text export", is_verified, device, _serial(conf), readings, summaries, alarms,
        "alarm" if any(alarm.is_alarm for alarm in alarms) else "ok", notes=tuple(notes),
    )  # fmt: skip


def _day_alarm(key: str, limit: Outline, days: list[Outline]) -> DeviceAlarm:
    """One of the two limits of a Fridge-tag over all days."""
    minutes, alarmed = 0, []
    for day in days:
        of_day = _level(_level(day, "Alarm"), key)
        minutes += _whole(of_day, "t Acc")
        if "TS A" in of_day:
            alarmed.append(datetime.combine(_day(day, "Date"), _clock(of_day, "TS A")))
    side = Side.BELOW if key == LOW else Side.ABOVE
    return DeviceAlarm(
        side, _number(limit, "T AL"), _whole(limit, "t AL"), Spell.SINGLE, minutes, min(alarmed, default=None)
    )


def _summaries(days: list[Outline], limits: Outline, activated: datetime, reported: datetime) -> list[DaySummary]:
    found = []
    for day in days:
        on = _day(day, "Date")
        if str(day.get("Min T", "--.-")).startswith("--"):
            continue  # nothing was measured on that day
        first, last = datetime.combine(on, time(0)), datetime.combine(on, time(23, 59))
        found.append(
            DaySummary(
                max(first, activated),
                min(last, reported),
                _number(day, "Min T"),
                datetime.combine(on, _clock(day, "TS Min T")),
                _number(day, "Avrg T"),
                _number(day, "Max T"),
                datetime.combine(on, _clock(day, "TS Max T")),
                max(1, *(_whole(_level(day, name), "t AccST") for name in TIMEOUTS if name in day)),
                _outside(day, limits),
            )
        )
    return found


def _outside(day: Outline, limits: Outline) -> tuple[tuple[Side, float, int], ...]:
    """What the device counted beyond each of its limits on a day."""
    counted = _level(day, "Alarm")
    return tuple(
        (side, _number(_level(limits, key), "T AL"), _whole(_level(counted, key), "t Acc"))
        for key, side in ((LOW, Side.BELOW), (HIGH, Side.ABOVE))
        if key in counted and key in limits
    )


def _q_tag(
    device: str, conf: Outline, res: Outline, tables: Mapping[str, _Section], *, is_verified: bool
) -> LoggerFile:
    limits, outcomes = _level(conf, "Alarm"), _level(res, "Alarm")
    alarms = []
    for key, limit in limits.items():
        kind = str(limit.get("Type", ""))
        if kind == "0":
            continue
        if kind not in TYPES:
            raise NotUnderstood(f"alarm {key} is of the type {kind!r}, which was never seen")
        outcome = outcomes.get(key) or {}
        side, spell = TYPES[kind]
        alarmed_at = _time(outcome, "TS A") if outcome.get("TS A") else None
        minutes = _whole(outcome, "t A") if outcome.get("t A") else 0
        alarms.append(DeviceAlarm(side, _number(limit, "T AL"), _whole(limit, "t AL"), spell, minutes, alarmed_at))
    readings = _readings(tables.get("Data"))
    if not readings:
        raise NotUnderstood("the export has no readings (Data): choose the detailed report in the logger's settings")
    return LoggerFile(
        "Berlinger text export", is_verified, device, _serial(conf), readings, (), tuple(alarms),
        "alarm" if any(alarm.is_alarm for alarm in alarms) else "ok",
        notes=("The device's signature is kept with the file; it is not checked.",),
    )  # fmt: skip


def _readings(section: _Section | None) -> tuple[LoggerReading, ...]:
    if section is None or not section.rows:
        return ()
    (_, header), *rows = section.rows
    if [name.strip() for name in header[:2]] != ["yyyy-MM-dd hh:mm", "T"]:
        raise NotUnderstood(f"the readings have the columns {header}: only time and T are known")
    if len(rows) > READINGS_MAX:
        raise NotUnderstood(f"more than {READINGS_MAX} readings")
    return tuple(_reading(line, cells) for line, cells in rows)


def _reading(line: int, cells: list[str]) -> LoggerReading:
    try:
        at = datetime.fromisoformat(cells[0].strip())
        value = None if cells[1].strip() == "--.-" else float(cells[1])
    except (ValueError, IndexError) as error:
        raise NotUnderstood(f"{cells} is no reading", line=line) from error
    return LoggerReading(at, value)


def _outline(text: str) -> tuple[Outline, dict[str, _Section]]:
    """The outline, and its tables by the name of the section that they stand in."""
    root: Outline = {}
    levels: list[Outline] = [root]
    tables: dict[str, _Section] = {}
    section = ""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.startswith("\t"):
            tables.setdefault(section, _Section()).rows.append((number, line.strip("\t\r ").split("\t")))
            continue
        depth = len(line) - len(line.lstrip(" "))
        if depth >= len(levels) or depth >= LEVELS_MAX:
            raise NotUnderstood("a line stands deeper than the one above it", line=number)
        del levels[depth + 1 :]
        for pair in line.strip().split(", "):
            name, colon, value = pair.partition(":")
            if not colon:
                raise NotUnderstood(f"{pair!r} is no pair of a name and a value", line=number)
            levels[depth][name.strip()] = value.strip()
        if line.rstrip().endswith(":") and ", " not in line.strip():
            name = line.strip()[:-1]
            if depth == 0:
                section = name
            deeper: Outline = {}
            levels[depth][name] = deeper
            levels.append(deeper)
    return root, tables


def _level(outline: Outline, name: str) -> Outline:
    found = outline.get(name, {})
    return found if isinstance(found, dict) else {}


def _serial(conf: Outline) -> str:
    serial = conf.get("Serial")
    if not isinstance(serial, str) or not serial:
        raise NotUnderstood("the export does not say the logger's serial number")
    return serial


def _number(outline: Outline, name: str) -> float:
    try:
        return float(outline[name])
    except (KeyError, ValueError, TypeError) as error:
        raise NotUnderstood(f"{name} is {outline.get(name)!r}, which is no number") from error


def _whole(outline: Outline, name: str) -> int:
    return int(_number(outline, name))


def _time(outline: Outline, name: str) -> datetime:
    try:
        return datetime.fromisoformat(outline[name])
    except (KeyError, ValueError, TypeError) as error:
        raise NotUnderstood(f"{name} is {outline.get(name)!r}, which is no time") from error


def _day(outline: Outline, name: str) -> date:
    try:
        return date.fromisoformat(outline[name])
    except (KeyError, ValueError, TypeError) as error:
        raise NotUnderstood(f"{name} is {outline.get(name)!r}, which is no day") from error


def _clock(outline: Outline, name: str) -> time:
    try:
        return time.fromisoformat(outline[name])
    except (KeyError, ValueError, TypeError) as error:
        raise NotUnderstood(f"{name} is {outline.get(name)!r}, which is no time of day") from error
