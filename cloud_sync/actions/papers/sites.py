"""Where a paper belongs, and how its site writes dates, decimals and temperatures."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from cloud_sync.domain.site_formats import Language, PageSize, TemperatureUnit
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.papers.style import PaperStyle
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

HOUSE = "house"
"""Instead of a site: all of them."""


def place_row(connection: Connection, name: str) -> Row:
    """A place with its site: place, place_title, kind, zone, site, site_title. Raises ``NotFound``."""
    row: Row | None = queries("papers").site_of_place(connection, name=name)
    if row is None:
        raise NotFound(f"there is no place {name}", "See GET /v1/places for those there are.")
    return row


def site_shown(row: Mapping[str, Any]) -> dict[str, str]:
    """The site of a place, as papers show it; the house for a place that stands in none."""
    return {"name": row["site"] or "", "title": row["site_title"] or ""}


def style_of(connection: Connection, site: str) -> PaperStyle:
    """How a site writes; of the whole house (empty), as all its sites do if they write alike."""
    rows = list(queries("papers").site_formats(connection, site=site or None))
    known = {
        PaperStyle(zone=row["zone"], language=row["language"], temperature=row["temperature"], page=row["page"])
        for row in rows
    }  # fmt: skip
    if len(known) == 1:
        return known.pop()
    zones = {style.zone for style in known}
    return PaperStyle(zone=zones.pop() if len(zones) == 1 else "UTC")


def list_site_formats(database: Database) -> list[Row]:
    """How each site writes: site, title, zone, language, temperature, page."""
    with database.transaction() as connection:
        return list(queries("papers").site_formats(connection, site=None))


def set_site_format(
    database: Database,
    site: str,
    *,
    language: Language,
    temperature: TemperatureUnit,
    page: PageSize,
    actor: str,
) -> Row:
    """Say how the papers of a site are written from now on. Raises ``NotFound``, ``Invalid`` for what is no site."""
    with database.transaction() as connection:
        row = place_row(connection, site)
        if row["kind"] != "site":
            raise Invalid(f"{site} is a {row['kind']}, not a site", "Give the site in which it stands.")
        (before,) = queries("papers").site_formats(connection, site=site)
        queries("papers").set_site_format(
            connection, site=site, language=language, temperature=temperature, page=page, set_by=actor
        )
        (after,) = queries("papers").site_formats(connection, site=site)
        changed = {
            field: {"from": before[field], "to": after[field]}
            for field in ("language", "temperature", "page") if before[field] != after[field]
        }  # fmt: skip
        if changed:
            add_event(connection, actor=actor, kind="site_format_changed", subject=f"place:{site}", data=changed)
        return dict(after)


def zone_of(connection: Connection, site: str) -> ZoneInfo:
    """The time zone in which days and months of a site (or of the house) begin."""
    return ZoneInfo(style_of(connection, site).zone)
