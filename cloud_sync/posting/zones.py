"""The time zone of a place, and what follows from it: what was issued there is judged again by days that end there."""

import psycopg

from cloud_sync.errors import Invalid
from cloud_sync.posting.cases import Case, close_case, latest_case, open_case
from cloud_sync.posting.lots import judge_issues_again
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import UnknownZoneError, zone_named

NO_ZONE = "site_without_time_zone"


def check_zone(connection: Connection, zone: str) -> None:
    """Raise ``Invalid`` unless both this program and PostgreSQL know the time zone."""
    try:
        zone_named(zone)
    except UnknownZoneError as error:
        raise Invalid(f"zone: {error}") from error
    try:
        with connection.transaction():
            queries("zones").time_in(connection, zone=zone)
    except psycopg.errors.InvalidParameterValue as error:
        raise Invalid(
            f"zone: the database server does not know the time zone {zone}: update its time zone data"
        ) from error


def check_zone_of_new(connection: Connection, kind: str, name: str, parent: Row | None, zone: str | None) -> None:
    """Raise ``Invalid`` if a new place of this kind must have a time zone of its own and has none, or may not have one.

    A site must say it: UTC is never assumed for it in silence.
    """
    if zone is not None:
        if parent is not None:
            raise Invalid(f"zone: {name} stands in {parent['name']} and has its time zone: leave zone out")
        check_zone(connection, zone)
    elif kind == "site":
        raise Invalid(
            f"zone: site {name} needs a time zone",
            "Write the IANA name of the zone in which its labels' days end, such as Europe/Berlin or America/New_York.",
        )


def set_zone(connection: Connection, place: Row, zone: str, *, actor: str, reason: str = "") -> None:
    """Let ``zone`` count in a place that stands alone and in all that stands in it, and judge again what was issued
    there. The caller owns the holds (``lock_holds``).
    """
    queries("zones").set_zone(connection, place_id=place["id"], zone=zone)
    before = place["zone"] if place["is_zone_known"] else None
    add_event(
        connection,
        actor=actor,
        kind="zone_set",
        subject=f"place:{place['name']}",
        reason=reason,
        data={"zone": zone, "before": before},
    )
    case = latest_case(connection, NO_ZONE, f"place:{place['name']}")
    if case is not None and case["resolved_at"] is None:
        close_case(connection, case["id"], actor=actor, resolution=f"its time zone is {zone}")
    if zone != place["zone"]:
        judge_issues_again(connection, place_id=place["id"])


def zoneless(connection: Connection) -> list[str]:
    """Names of the sites for which nobody has set a time zone."""
    return [row["name"] for row in queries("zones").sites_without_zone(connection)]


def ask_for_zones(connection: Connection) -> list[str]:
    """Names of the sites without a time zone, each with an open case that asks for it."""
    names = zoneless(connection)
    for name in names:
        text = (
            f"site {name} has no time zone: until one is set, its days end at midnight UTC. "
            f"Set it: POST /v1/places/{name}/zone"
        )
        open_case(connection, Case(NO_ZONE, f"place:{name}", text))
    return names
