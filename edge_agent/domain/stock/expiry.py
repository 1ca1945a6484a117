"""Until when a lot may be used: a label's day counts to its end where the goods are.

A label says a day, or a day and an hour; both are read off the wall clock of whoever stands before the goods. What was
made here may end at one instant, the same everywhere (a beyond-use date in hours). The same arithmetic serves the desk
and, as SQL (``expires_at`` and ``instant_of`` in the ledger's schema), the ledger.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZONE_NAME = re.compile(r"(UTC|GMT|[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)+)")
"""IANA names with their area. Abbreviations such as EST and CET mean different things to different people."""
ZONE_NAME_CHARACTERS_MAX = 50


class UnknownZoneError(ValueError):
    """A name that is no IANA time zone."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is not a time zone. Write an IANA name such as Europe/Berlin, America/Los_Angeles or UTC"
        )
        self.name = name


@lru_cache(maxsize=1000)
def zone_named(name: str) -> tzinfo:
    """The IANA time zone of this name. Raises ``UnknownZoneError``.

    >>> zone_named("Pacific/Auckland")
    zoneinfo.ZoneInfo(key='Pacific/Auckland')
    """
    if name == "UTC":
        return UTC
    if len(name) > ZONE_NAME_CHARACTERS_MAX or not ZONE_NAME.fullmatch(name):
        raise UnknownZoneError(name)
    # The tables of the tzdata package come first: the machine's own may be years old, and desk and ledger must agree.
    file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    try:
        if file.is_file():
            with file.open("rb") as table:
                return ZoneInfo.from_file(table, key=name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZoneError(name) from error


@dataclass(frozen=True, slots=True)
class Expiry:
    """What ends the use of a lot: the label's day, its hour if it names one, or ``exactly`` one instant (aware).

    With ``exactly``, ``on`` is its day where the lot was made.
    """

    on: date
    hour: time | None = None
    exactly: datetime | None = None

    def at(self, zone: tzinfo) -> datetime:
        """The first instant (UTC) at which the lot may no longer be used where ``zone`` counts."""
        if self.exactly is not None:
            return self.exactly.astimezone(UTC)
        return end_of_day(self.on, zone) if self.hour is None else instant_of(self.on, self.hour, zone)


def expiry_of(on: date | None, hour: time | None = None, exactly: datetime | None = None) -> Expiry | None:
    """The expiry that these name; None where there is neither a day nor an instant."""
    if on is None:
        return None
    return Expiry(on, hour, exactly)


def exactly(at: datetime, zone: tzinfo) -> Expiry:
    """What may be used until one instant, made where ``zone`` counts; its words are the day and minute there.

    >>> exactly(datetime(2026, 3, 1, 8, tzinfo=UTC), zone_named("America/Los_Angeles")).on
    datetime.date(2026, 2, 28)
    """
    day = last_day(at, zone)
    is_end_of_day = end_of_day(day, zone) == at
    local = at.astimezone(zone)
    return Expiry(day, None if is_end_of_day else time(local.hour, local.minute), at.astimezone(UTC))


def earlier(one: Expiry | None, other: Expiry | None, zone: tzinfo = UTC) -> Expiry | None:
    """The earlier of two expiries where ``zone`` counts; the first if they are the same."""
    if one is None or other is None:
        return one or other
    return other if other.at(zone) < one.at(zone) else one


def instant_of(day: date, hour: time, zone: tzinfo) -> datetime:
    """When the wall clock shows ``hour`` of ``day`` for the first time, in UTC.

    An hour that the summer time skips is taken as if the clock had not been moved yet.

    >>> instant_of(date(2026, 11, 1), time(1, 30), zone_named("America/Los_Angeles"))
    datetime.datetime(2026, 11, 1, 8, 30, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, hour.replace(fold=0), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: tzinfo = UTC) -> datetime:
    """The first instant after ``day`` where ``zone`` counts, in UTC.

    >>> end_of_day(date(2027, 2, 28), zone_named("Pacific/Auckland"))
    datetime.datetime(2027, 2, 28, 11, 0, tzinfo=datetime.timezone.utc)
    """
    return instant_of(day + timedelta(days=1), time(0), zone)


def day_of(at: datetime, zone: tzinfo = UTC) -> date:
    """The day of an instant where ``zone`` counts, however its offset is written."""
    return at.astimezone(zone).date()


def last_day(expires_at: datetime, zone: tzinfo = UTC) -> date:
    """The last day on which what expires at this instant may be used, be it for an hour only.

    >>> last_day(datetime(2027, 3, 1, tzinfo=UTC))
    datetime.date(2027, 2, 28)
    """
    return day_of(expires_at - timedelta(microseconds=1), zone)


def life_left(expires_at: datetime, at: datetime, zone: tzinfo = UTC) -> timedelta:
    """What the calendar and the wall clock show to be left at ``at``: a day is a day, also when the clocks change."""
    return expires_at.astimezone(zone).replace(tzinfo=None) - at.astimezone(zone).replace(tzinfo=None)


def wall_text(at: datetime, zone: tzinfo = UTC) -> str:
    """An instant as people read it where ``zone`` counts: ``2027-03-01 09:00 (Europe/Berlin)``, or with ``UTC``."""
    local = at.astimezone(zone)
    named = " UTC" if zone is UTC else f" ({zone})"
    return f"{local:%Y-%m-%d %H:%M}{named}"


def expired_text(expires_at: datetime, zone: tzinfo = UTC) -> str:
    """When it expired: the day where days end, else the instant. As ``expired_text`` of the ledger's schema says it.

    >>> expired_text(datetime(2027, 3, 1, tzinfo=UTC))
    'expired on 2027-02-28'
    """
    day = last_day(expires_at, zone)
    if end_of_day(day, zone) == expires_at:
        return f"expired on {day}"
    return f"expired at {wall_text(expires_at, zone)}"
