"""The ledger's SQL and the domain agree on when a day ends, in every zone, on every day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest

from cloud_sync.actions.master_data import zones
from cloud_sync.actions.master_data.zones import zones_that_differ
from cloud_sync.storage.database import Database
from edge_agent.domain.stock.expiry import Expiry, expired_text, zone_named
from tests.support.builders import Ledger

FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
HOURS = (None, time(0, 30), time(1, 30), time(2, 30))
BY_THE_MOON = ("Africa/Casablanca", "Africa/El_Aaiun")
"""Tables of different years differ on their years to come."""


def test_sql_and_domain_agree_on_every_change_of_the_clocks_in_every_zone(database: Database) -> None:
    ledger = Ledger(database)
    known = {row["name"] for row in ledger.rows("SELECT name FROM pg_timezone_names")} & available_timezones()
    names = sorted(name for name in known if ("/" in name or name == "UTC") and name not in BY_THE_MOON)
    assert len(names) > 300
    asked = [(name, day, hour) for name in names for day in days_of_change(name) for hour in HOURS]
    rows = ledger.rows(
        """
        SELECT a.zone, a.day, a.hour, expires_at(a.day, a.hour, NULL, a.zone) AS at,
               expired_text(expires_at(a.day, a.hour, NULL, a.zone), a.zone) AS text
        FROM unnest(%(zones)s::text[], %(days)s::date[], %(hours)s::time[]) AS a (zone, day, hour)""",
        {"zones": [a for a, _, _ in asked], "days": [b for _, b, _ in asked], "hours": [c for _, _, c in asked]},
    )
    wrong = set()
    for row in rows:
        zone = zone_named(row["zone"])
        at = Expiry(row["day"], row["hour"]).at(zone)
        if (at, expired_text(at, zone)) != (row["at"].astimezone(UTC), row["text"]):
            wrong.add((row["zone"], row["day"], row["hour"]))
    assert wrong == set()


def days_of_change(name: str) -> list[date]:
    """The days around each change of the clocks, and one other."""
    zone = zone_named(name)
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]
    offsets = [datetime.combine(day, time(12), tzinfo=zone).utcoffset() for day in days]
    changes = [n for n in range(1, len(days) - 1) if offsets[n] != offsets[n - 1]]
    return sorted({days[n + step] for n in changes for step in (-1, 0, 1)} | {FIRST})


def test_zones_whose_tables_differ_between_database_and_program_are_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(database)
    for name in ("Pacific/Auckland", "America/Vancouver", "America/Los_Angeles"):
        site = ledger.add_place(name.replace("/", "-"), "site")
        ledger.run("UPDATE place SET zone = %(zone)s WHERE id = %(id)s", {"zone": name, "id": site})
    assert zones_that_differ(database, today=date(2026, 6, 1)) == []
    monkeypatch.setattr(zones, "zone_named", lambda name: UTC if name == "America/Vancouver" else zone_named(name))
    assert zones_that_differ(database, today=date(2026, 6, 1)) == ["America/Vancouver"]
