"""Times of HL7 version 2 (data type TS/DTM): as exact as they are written, and no more. Pure."""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

_TIME = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?:(?P<day>[0-9]{2})(?:(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})"
    r"(?:(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,4}))?)?)?)?)?)?(?P<offset>[+-][0-9]{4})?"
)
OFFSET_HOURS_MAX = 14


def interval_of(text: str, zone: tzinfo | None) -> tuple[datetime, datetime]:
    """Between which instants (aware UTC) a time is; ``zone`` is that of times without an offset.

    A time to the minute or finer is one instant, but in the hour that a zone has twice. Raises ``ValueError``.

    >>> [str(each) for each in interval_of("20261129", UTC)]
    ['2026-11-29 00:00:00+00:00', '2026-11-29 23:59:59.999000+00:00']
    """
    found = _TIME.fullmatch(text)
    if found is None or found["month"] is None or found["day"] is None:
        raise ValueError(f"{text[:30]!r} is no time: YYYYMMDDHHMMSS is needed, with an offset such as +0100")
    own = _offset(found["offset"]) or zone
    if own is None:
        raise ValueError(f"{text} has no offset, and the time zone of its sender is unknown")
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    fraction_us = int((found["fraction"] or "0").ljust(6, "0"))
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        first = datetime.combine(day, time(hour, minute, second, fraction_us), own)
    except ValueError as error:
        raise ValueError(f"{text} is no time: {error}") from error
    wide = timedelta(days=1) if found["hour"] is None else timedelta(hours=1) if found["minute"] is None else None
    if wide is None:
        return _instants(first)
    return first.astimezone(UTC), (first + wide).astimezone(UTC) - timedelta(milliseconds=1)


def expiry_of(text: str) -> tuple[date, time | None]:
    """The day until whose end a lot is good, and its hour if the text names one. A month means its last day.

    >>> expiry_of("202702")
    (datetime.date(2027, 2, 28), None)
    """
    found = _TIME.fullmatch(text)
    if found is None or found["month"] is None:
        raise ValueError(f"{text[:30]!r} is no expiry: YYYYMMDD or YYYYMM is needed")
    year, month = int(found["year"]), int(found["month"])
    if not 1 <= month <= 12 or year < 1:
        raise ValueError(f"{text} is no expiry: there is no month {found['month']}")
    day = int(found["day"] or 0) or calendar.monthrange(year, month)[1]
    try:
        on = date(year, month, day)
        hour = time(int(found["hour"]), int(found["minute"] or 0)) if found["hour"] else None
    except ValueError as error:
        raise ValueError(f"{text} is no expiry: {error}") from error
    # Midnight and the last minute are how systems without hours write a day.
    return on, None if hour in (time(0), time(23, 59)) else hour


def _instants(local: datetime) -> tuple[datetime, datetime]:
    """Both instants of a wall-clock time that is there twice; the earlier one is the first."""
    both = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return both[0], both[1]


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    hours, minutes = int(text[1:3]), int(text[3:])
    if hours > OFFSET_HOURS_MAX or minutes > 59:
        raise ValueError(f"{text} is no offset from UTC")
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
