"""How a site writes dates, times, numbers and temperatures on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from cloud_sync.console.lengths import MISSING, lasting
from cloud_sync.domain.site_formats import Language, PageSize, TemperatureUnit
from cloud_sync.domain.uncertain_times import is_unbounded
from edge_agent.domain.monitoring.quantities import quantity_of
from edge_agent.domain.monitoring.quantity_words import shown_as, unit_of

TEMPERATURES = frozenset({"temp_c", "dew_point_c"})
THIN = "\u202f"
"""The SI's separator of thousands: point and comma mean different things in different languages."""


@dataclass(frozen=True, slots=True)
class Locale:
    """Months as they are written in a date, the order of its parts, and the decimal mark."""

    months: Sequence[str]
    day: str
    decimal: str
    twelve_hours: bool = False


_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Months by name in every language: 03/04 is March to one reader and April to the next.
LOCALES: Mapping[Language, Locale] = {
    Language.BRITISH: Locale(_ENGLISH, "{d} {m} {y}", "."),
    Language.AMERICAN: Locale(_ENGLISH, "{m} {d}, {y}", ".", twelve_hours=True),
    Language.GERMAN: Locale(
        ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."),
        "{d}. {m} {y}",
        ",",
    ),
    Language.FRENCH: Locale(
        ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
        "{d} {m} {y}",
        ",",
    ),
    Language.SPANISH: Locale(
        ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"), "{d} {m} {y}", ","
    ),
    Language.ITALIAN: Locale(
        ("gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"), "{d} {m} {y}", ","
    ),
    Language.DUTCH: Locale(
        ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"), "{d} {m} {y}", ","
    ),
    Language.PORTUGUESE: Locale(
        ("jan.", "fev.", "mar.", "abr.", "maio", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."),
        "{d} {m} {y}",
        ",",
    ),
    Language.POLISH: Locale(
        ("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"), "{d} {m} {y}", ","
    ),
}


class PaperStyle(BaseModel):
    """How a paper is written: time zone (IANA), language of dates and decimals, unit of temperatures, size of the page.

    >>> american = PaperStyle(zone="America/New_York", language="en-US", temperature="F")
    >>> at = datetime(2026, 11, 29, 21, 5, tzinfo=UTC)
    >>> american.when(at), american.day(at), american.value(5.0, "temp_c"), american.unit("temp_c")
    ('Nov 29, 2026 4:05 PM', 'Nov 29, 2026', '41.0', '°F')
    >>> german = PaperStyle(zone="Europe/Berlin", language="de")
    >>> german.when(at), german.value(5.0, "temp_c"), german.number(12_345)
    ('29. Nov. 2026 22:05', '5,0', '12\u202f345')
    """

    model_config = ConfigDict(frozen=True)

    zone: str = "UTC"
    language: Language = Language.BRITISH
    temperature: TemperatureUnit = TemperatureUnit.CELSIUS
    page: PageSize = PageSize.A4

    @property
    def _locale(self) -> Locale:
        return LOCALES[self.language]

    def day(self, at: date | None) -> str:
        """A day; of an instant, the day where the goods are."""
        if at is None:
            return MISSING
        local = at.astimezone(ZoneInfo(self.zone)) if isinstance(at, datetime) else at
        return self._locale.day.format(d=local.day, m=self._locale.months[local.month - 1], y=local.year)

    def month(self, year_and_month: str) -> str:
        """A month such as ``2026-11``."""
        year, month = year_and_month.split("-")
        return f"{self._locale.months[int(month) - 1]} {year}"

    def when(self, at: datetime | None, *, seconds: bool = False) -> str:
        """An instant where the goods are; in the hour that comes twice when clocks go back, with its offset."""
        if at is None:
            return MISSING
        if is_unbounded(at):
            return "time unknown"
        return f"{self.day(at)} {self.clock(at, seconds=seconds)}"

    def clock(self, at: datetime, *, seconds: bool = False) -> str:
        """The time of day of an instant."""
        local = at.astimezone(ZoneInfo(self.zone))
        end = f":{local:%S}" if seconds else ""
        if self._locale.twelve_hours:
            text = f"{local.hour % 12 or 12}:{local:%M}{end} {'AM' if local.hour < 12 else 'PM'}"
        else:
            text = f"{local:%H:%M}{end}"
        is_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        return f"{text} ({_offset(local)})" if is_twice else text

    def zone_words(self, at: datetime) -> str:
        """The zone of all times, and how far it is from UTC at an instant."""
        return "UTC" if self.zone == "UTC" else f"{self.zone} ({_offset(at.astimezone(ZoneInfo(self.zone)))})"

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with its thousands apart."""
        if value is None:
            return MISSING
        return f"{value:,.{digits}f}".replace(",", THIN).replace(".", self._locale.decimal).replace("-", "−")

    def value(self, value: float | None, metric: str) -> str:
        """A measured value, in the unit that :meth:`unit` says."""
        if value is None:
            return MISSING
        if quantity_of(metric) == "door_open":
            return "open" if value else "closed"
        return self.number(self.as_shown(value, metric), shown_as(metric).digits)

    def as_shown(self, value: float, metric: str) -> float:
        """A measured value in the unit of the paper."""
        if self.temperature is TemperatureUnit.FAHRENHEIT and quantity_of(metric) in TEMPERATURES:
            return value * 9 / 5 + 32
        return value

    def unit(self, metric: str) -> str:
        """The unit of a measured value."""
        if self.temperature is TemperatureUnit.FAHRENHEIT and quantity_of(metric) in TEMPERATURES:
            return "°F"
        return unit_of(metric)

    def measured(self, value: float | None, metric: str) -> str:
        """A measured value with its unit."""
        return MISSING if value is None else f"{self.value(value, metric)} {self.unit(metric)}".rstrip()

    def celsius(self, value: float | None) -> str:
        """A temperature with its unit."""
        return self.measured(value, "temp_c")

    def span(self, seconds: timedelta | float | None) -> str:
        """A length of time: ``3 h 20 min``."""
        return lasting(seconds)

    def hours(self, seconds: float | None) -> str:
        """A length of time in hours, as monthly figures add them up."""
        return MISSING if seconds is None else f"{self.number(seconds / 3600, 1)} h"

    def percent(self, share: float | None) -> str:
        """A share of 1, in per cent. Never rounded up to all of it."""
        if share is None:
            return MISSING
        shown = min(round(share * 100, 1), 99.9) if share < 1 else 100.0
        return f"{self.number(shown, 1)} %"


def _offset(local: datetime) -> str:
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def utc(at: datetime) -> str:
    """An instant as programs write it, in UTC: what a paper's data and its time of making are compared by."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
