"""How papers write: dates that nobody reads as another day, hours that come twice, shares that are not rounded up."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cloud_sync.domain.site_formats import Language, TemperatureUnit
from cloud_sync.papers.style import LOCALES, PaperStyle

AT = datetime(2026, 3, 4, 15, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("language", list(Language))
def test_a_month_has_a_name_in_every_language(language: Language) -> None:
    style = PaperStyle(language=language)
    written = {style.day(date(2026, month, 7)) for month in range(1, 13)}
    assert len(written) == 12 and all(any(sign.isalpha() for sign in each) for each in written)
    assert len(set(LOCALES[language].months)) == 12


def test_an_hour_that_comes_twice_says_which_one_it_is() -> None:
    style = PaperStyle(zone="Europe/Berlin", language=Language.GERMAN)
    once_more = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [style.clock(at) for at in once_more] == ["02:30 (UTC+02:00)", "02:30 (UTC+01:00)"]
    assert style.clock(once_more[1] + timedelta(hours=1)) == "03:30"
    assert style.zone_words(AT) == "Europe/Berlin (UTC+01:00)"


def test_the_day_is_that_of_the_place() -> None:
    late = datetime(2026, 3, 5, 2, tzinfo=UTC)
    assert PaperStyle(zone="America/Chicago").day(late) == "4 Mar 2026"
    assert PaperStyle(zone="Asia/Tokyo").day(late) == "5 Mar 2026"
    assert PaperStyle(zone="America/Chicago").day(date(2026, 3, 5)) == "5 Mar 2026", "a day on a label is no instant"


def test_a_share_that_is_not_all_of_it_is_never_written_as_all() -> None:
    style = PaperStyle()
    assert [style.percent(share) for share in (1.0, 0.99999, 0.5, 0.0, None)] == [
        "100.0 %", "99.9 %", "50.0 %", "0.0 %", "–",
    ]  # fmt: skip


def test_temperatures_alone_change_their_unit() -> None:
    style = PaperStyle(temperature=TemperatureUnit.FAHRENHEIT)
    assert style.measured(-20.0, "temp_c") == "−4.0 °F"
    assert style.measured(45.0, "humidity_pct") == PaperStyle().measured(45.0, "humidity_pct")
    assert style.celsius(None) == "–"
