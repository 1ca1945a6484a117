"""Set the time zone of a site that has none yet, and list the sites that still need one."""

from datetime import date, timedelta

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.errors import Conflict, Invalid
from cloud_sync.posting.zones import ask_for_zones, check_zone, set_zone, zoneless
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import zone_named

DAYS_COMPARED = 730


def set_first_zone(database: Database, name: str, zone: str, *, reason: str, actor: str) -> Row:
    """Set the time zone of a place that has none; the same again changes nothing. Gives the place.

    What was issued there is judged again by days that end there. Raises ``NotFound``, ``Invalid``, and ``Conflict``
    where another one is set: that is corrected, by two people.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        place = place_named(connection, name)
        if place["parent"] is not None:
            raise Invalid(f"{name} stands in {place['path'][0]} and has its time zone: set it there")
        if place["is_zone_known"]:
            if place["zone"] == zone:
                return place
            raise Conflict(
                f"the time zone of {name} is {place['zone']}", "If that is wrong, propose a correction of the place."
            )
        check_zone(connection, zone)
        set_zone(connection, place, zone, actor=actor, reason=reason)
        return place_named(connection, name)


def sites_without_zone(database: Database) -> list[str]:
    """Names of the sites without a time zone: UTC stands in for it."""
    with database.transaction() as connection:
        return zoneless(connection)


def zones_that_differ(database: Database, *, today: date) -> list[str]:
    """Time zones in use whose change of the clocks within two years the database knows otherwise than this program.

    Docks count by the same tables as this program: where they differ, a day ends at another hour at the dock.
    """
    with database.transaction() as connection:
        names = [row["zone"] for row in queries("zones").zones_in_use(connection)]
        return [
            name
            for name in names
            if any(
                row["noon"].astimezone(zone_named(name)).utcoffset() != timedelta(seconds=row["offset_s"])
                for row in queries("zones").offsets(connection, zone=name, first=today, days=DAYS_COMPARED)
            )
        ]


def ask_for_missing_zones(database: Database) -> list[str]:
    """Names of the sites without a time zone, each with an open case that asks for it."""
    with database.transaction() as connection:
        return ask_for_zones(connection)
