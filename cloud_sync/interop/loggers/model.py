"""What the file of a temperature logger says, whoever made the device.

Times in it are those of the device's own clock, without a zone: whoever brings the file says which clock it was
(:func:`at_utc`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud_sync.interop.questions import NotUnderstood, Question
from edge_agent.domain.monitoring.excursions import Side

READINGS_MAX = 100_000
TEMP_C = "temp_c"
ZONE = Question(
    "zone", "By which clock did the logger run? A time zone such as Europe/Berlin, or a fixed offset such as +02:00."
)
ACCEPT_UNVERIFIED = Question(
    "accept_unverified",
    "This layout was never compared with a file of the real device. Read it all the same, and check the values below?",
    {"yes": "yes, I have compared the values with the device's own report"},
)


class Spell(StrEnum):
    """How a device counts time outside: in one piece, or added up."""

    SINGLE = "single"
    CUMULATIVE = "cumulative"


@dataclass(frozen=True, slots=True)
class LoggerReading:
    """A value at a time of the device's clock; None: it measured nothing then."""

    at: datetime
    value: float | None
    metric: str = TEMP_C


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What a device that keeps no single readings says of a day: least, mean, greatest, and when the extremes were."""

    first: datetime
    last: datetime
    least: float
    least_at: datetime
    mean: float
    greatest: float
    greatest_at: datetime
    gap_minutes: int = 1
    """The longest time without a value on that day; these devices measure once a minute."""
    outside: tuple[tuple[Side, float, int], ...] = ()
    """For each limit of the device, how many minutes of the day it counted beyond it."""


@dataclass(frozen=True, slots=True)
class DeviceAlarm:
    """A limit that is set in the device, and what the device made of it.

    ``outside_minutes``: how long it counted beyond it; ``alarmed_at``: when it first gave the alarm, None: never.
    """

    side: Side
    limit: float
    delay_minutes: int
    spell: Spell
    outside_minutes: int = 0
    alarmed_at: datetime | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether the device gave the alarm."""
        return self.alarmed_at is not None

    def __str__(self) -> str:
        """As people read it."""
        word = "above" if self.side is Side.ABOVE else "below"
        return f"{word} {self.limit:g} °C for {self.delay_minutes} min" + (
            ", added up" if self.spell is Spell.CUMULATIVE else ""
        )


@dataclass(frozen=True, slots=True)
class LoggerFile:
    """A file as it was read. ``is_verified``: the layout was compared with files of real devices of this model."""

    format: str
    is_verified: bool
    device: str
    serial: str
    readings: tuple[LoggerReading, ...]
    days: tuple[DaySummary, ...] = ()
    alarms: tuple[DeviceAlarm, ...] = ()
    verdict: Literal["alarm", "ok", ""] = ""
    """The device's own; '' where the file has none."""
    zone: str | None = None
    """Where the file itself names the offset of its times."""
    notes: tuple[str, ...] = field(default=())

    @property
    def good(self) -> list[LoggerReading]:
        """Readings with a value, in the order of their times."""
        return sorted((each for each in self.readings if each.value is not None), key=lambda each: each.at)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last time in it, by the device's clock."""
        times = [each.at for each in self.readings] or [at for day in self.days for at in (day.first, day.last)]
        return min(times), max(times)


def zone_of(said: str) -> ZoneInfo | timezone:
    """A zone or a fixed offset. Raises ``NotUnderstood``.

    >>> zone_of("+05:30").utcoffset(None)
    datetime.timedelta(seconds=19800)
    """
    text = said.strip().removeprefix("UTC").removeprefix("GMT")
    if text in ("", "Z"):
        return timezone(timedelta(0))
    if text[:1] in "+-\u2212":
        try:
            hours, _, minutes = text[1:].partition(":")
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        except ValueError:
            offset = timedelta(days=1)
        if offset > timedelta(hours=15):
            raise NotUnderstood(f"zone: {said!r} is no offset: write e.g. +02:00")
        return timezone(-offset if text[0] != "+" else offset)
    try:
        return ZoneInfo(said.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NotUnderstood(f"zone: {said!r} is no time zone: write e.g. Europe/Berlin or +02:00") from error


def at_utc(at: datetime, zone: ZoneInfo | timezone) -> datetime:
    """An instant of the device's clock in UTC. Raises ``NotUnderstood`` where the zone's own clocks were changed.

    A logger's clock is not changed twice a year: with a zone that does so, the hour in question is not certain.
    """
    first, second = (at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise NotUnderstood(
            f"at {at:%Y-%m-%d %H:%M} the clocks of {zone} were changed: write the logger's offset, e.g. +01:00"
        )
    return first


def metrics_of(file: LoggerFile) -> Iterator[str]:
    """What was measured, each once."""
    yield from dict.fromkeys([*(each.metric for each in file.readings), *([TEMP_C] if file.days else [])])
