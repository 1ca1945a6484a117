"""Six-digit dates of GS1 element strings (GS1 General Specifications 3.4 and 7.12)."""

import calendar
from datetime import date


def date_of(yymmdd: str, *, today: date, day_00_is_last: bool = True) -> date:
    """The day that ``yymmdd`` means on ``today``.

    The century slides: 49 years back to 50 years ahead of this year. Day 00 is the last day of the month, where the
    application identifier allows it. Raises ``ValueError`` with the reason.

    >>> date_of("270200", today=date(2026, 11, 21))
    datetime.date(2027, 2, 28)
    """
    if len(yymmdd) != 6 or not (yymmdd.isascii() and yymmdd.isdigit()):
        raise ValueError(f"{yymmdd!r} is not a date: six digits YYMMDD are needed")
    if yymmdd == "000000":
        raise ValueError("the date is 000000 (unknown)")
    year = century_of(int(yymmdd[:2]), today=today) + int(yymmdd[:2])
    month, day = int(yymmdd[2:4]), int(yymmdd[4:])
    if not 1 <= month <= 12:
        raise ValueError(f"{yymmdd} is not a date: there is no month {yymmdd[2:4]}")
    last = calendar.monthrange(year, month)[1]
    if day == 0 and day_00_is_last:
        return date(year, month, last)
    if not 1 <= day <= last:
        raise ValueError(f"{yymmdd} is not a date: {year}-{month:02} has no day {yymmdd[4:]}")
    return date(year, month, day)


def century_of(year_yy: int, *, today: date) -> int:
    """The century (1900, 2000...) that a two-digit year belongs to on ``today``."""
    century = today.year // 100 * 100
    ahead = year_yy - today.year % 100
    if ahead >= 51:
        return century - 100
    if ahead <= -50:
        return century + 100
    return century
