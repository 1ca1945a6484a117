"""When a subscription is to be answered: the query schedule of EPCIS 2.0 (section 8.2.5.3), in UTC.

Each field is a list of numbers and ranges, ``0,[10-20]``; a field that is left out is any number. Days of the week
count from Monday, 1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIELDS: Mapping[str, tuple[int, int]] = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
"""The fields and their bounds."""
DAYS_MAX = 366 * 8
"""A 29 February on a certain day of the week may be that far."""
_PART = re.compile(r"(\d{1,2})|\[(\d{1,2})-(\d{1,2})\]")


class ScheduleFaultError(Exception):
    """A schedule that is none. ``str()`` says what is wrong."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The numbers of each field."""

    second: tuple[int, ...]
    minute: tuple[int, ...]
    hour: tuple[int, ...]
    days_of_month: frozenset[int]
    months: frozenset[int]
    days_of_week: frozenset[int]

    def after(self, at: datetime) -> datetime:
        """The first moment after ``at`` (aware UTC). Raises ``ScheduleFaultError`` if there is none.

        >>> read_schedule({"second": "0", "minute": "0,30"}).after(datetime(2026, 6, 1, 12, 0, tzinfo=UTC)).isoformat()
        '2026-06-01T12:30:00+00:00'
        """
        first = at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        day = first.replace(hour=0, minute=0, second=0)
        for _ in range(DAYS_MAX):
            if self._is_day(day):
                for hour in self.hour:
                    for minute in self.minute:
                        if day.replace(hour=hour, minute=minute, second=59) < first:
                            continue
                        for second in self.second:
                            found = day.replace(hour=hour, minute=minute, second=second)
                            if found >= first:
                                return found
            day += timedelta(days=1)
        raise ScheduleFaultError("there is no such day: its day of the month, month and day of the week never meet")

    def _is_day(self, day: datetime) -> bool:
        return (
            day.month in self.months and day.day in self.days_of_month and day.isoweekday() in self.days_of_week
        )  # fmt: skip


def read_schedule(said: Mapping[str, str]) -> Schedule:
    """The schedule that these fields are. Raises ``ScheduleFaultError``."""
    for name in said:
        if name not in FIELDS:
            raise ScheduleFaultError(f"a schedule has no field {name}; those there are: {', '.join(FIELDS)}")
    numbers = {name: _numbers(name, said.get(name, "")) for name in FIELDS}
    return Schedule(
        numbers["second"], numbers["minute"], numbers["hour"], frozenset(numbers["dayOfMonth"]),
        frozenset(numbers["month"]), frozenset(numbers["dayOfWeek"]),
    )  # fmt: skip


def _numbers(name: str, text: str) -> tuple[int, ...]:
    least, most = FIELDS[name]
    if not text:
        return tuple(range(least, most + 1))
    found: set[int] = set()
    for part in text.split(","):
        said = _PART.fullmatch(part.strip())
        if said is None:
            raise ScheduleFaultError(f"{name}: {part[:20]!r} is neither a number nor a range like [10-20]")
        first, last = int(said[1] or said[2]), int(said[1] or said[3])
        if not least <= first <= last <= most:
            raise ScheduleFaultError(f"{name}: {part.strip()} is not within {least} to {most}")
        found |= set(range(first, last + 1))
    return tuple(sorted(found))
