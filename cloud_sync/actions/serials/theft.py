"""Theft and counterfeit: lost serials, what is set so that signals are seen, the signals, and what is missing."""

from collections import Counter
from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.serials.theft import check_units
from cloud_sync.posting.serials.told_units import open_units
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

UNITS_MAX = 10_000
"""Judged again when a rule is set; of more, each is judged when it moves."""
MISSING_MAX = 5000


def report_lost(
    database: Database, *, item: str, serial: str, why: str, description: str, lost_at: datetime | None, at: datetime,
    actor: str,
) -> Row:  # fmt: skip
    """Put a serial on the list that every dock refuses; it need never have been here. Raises ``NotFound``, and
    ``Conflict`` if it stands there already."""
    if lost_at is not None and lost_at > at:
        raise Invalid("it cannot be lost in the future", "Check the time.")
    with database.transaction() as connection:
        lock_holds(connection)
        item_id = int(item_named(connection, item)["id"])
        lost_id = queries("theft").report_lost(
            connection, item_id=item_id, serial=serial, why=why, description=description, lost_at=lost_at or at,
            actor=actor, at=at,
        )  # fmt: skip
        if lost_id is None:
            raise Conflict(f"serial {serial} of {item} is on the list already", "See GET /v1/lost-serials.")
        data = {"item": item, "serial": serial, "why": why}
        add_event(connection, actor=actor, kind="serial_lost", subject=f"lost:{lost_id}", reason=description, data=data)
        check_units(connection, [(item_id, serial)])
        row: Row = queries("theft").lost_by_id(connection, lost_id=lost_id)
        return row


def note_found(database: Database, lost_id: int, how: str, *, at: datetime, actor: str) -> Row:
    """Take a serial off the list. Raises ``NotFound``, ``Conflict`` if it was found before."""
    with database.transaction() as connection:
        lock_holds(connection)
        before: Row | None = queries("theft").lost_by_id(connection, lost_id=lost_id)
        if before is None:
            raise NotFound(f"there is no lost serial {lost_id}", "See GET /v1/lost-serials.")
        found = queries("theft").note_found(connection, lost_id=lost_id, actor=actor, at=at, how=how)
        if found is None:
            raise Conflict(f"{before['found_by']} found it before: {before['found_how']}")
        add_event(connection, actor=actor, kind="serial_found", subject=f"lost:{lost_id}", reason=how)
        check_units(connection, [(found["item_id"], found["serial"])])
        row: Row = queries("theft").lost_by_id(connection, lost_id=lost_id)
        return row


def list_lost(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Lost serials, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("theft").lost(connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def keep_travel(
    database: Database, one_site: str, other_site: str, minutes_min: int, *, at: datetime, actor: str
) -> Row:
    """The least time in which goods get from one site to another. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        places = [place_named(connection, name) for name in (one_site, other_site)]
        for place in places:
            if place["kind"] != "site":
                raise Invalid(f"{place['name']} is a {place['kind']}: ways lead from site to site", "Name two sites.")
        if places[0]["id"] == places[1]["id"]:
            raise Invalid(f"there is no way from {one_site} to itself", "Name two sites.")
        queries("theft").keep_travel(
            connection, one_site=places[0]["id"], other_site=places[1]["id"], minutes_min=minutes_min, actor=actor,
            at=at,
        )  # fmt: skip
        data = {"one": one_site, "other": other_site, "minutes_min": minutes_min}
        add_event(connection, actor=actor, kind="site_travel_kept", subject=f"place:{one_site}", data=data)
        one, other = sorted((one_site, other_site))
        return {"one_site": one, "other_site": other, "minutes_min": minutes_min, "set_by": actor, "set_at": at}


def list_travels(database: Database) -> list[Row]:
    """The least times between sites."""
    with database.transaction() as connection:
        return list(queries("theft").travels(connection))


def set_complete_maker(database: Database, item: str, is_complete: bool, *, at: datetime, actor: str) -> Row:
    """Whether the maker of an item tells every unit that it makes (EPCIS commissioning): what it did not tell of is
    suspicious then. Units in the house are judged again. Raises ``NotFound``."""
    with database.transaction() as connection:
        lock_holds(connection)
        item_id = int(item_named(connection, item)["id"])
        if is_complete:
            queries("theft").keep_complete_maker(connection, item_id=item_id, actor=actor, at=at)
        else:
            queries("theft").forget_complete_maker(connection, item_id=item_id)
        data = {"item": item, "is_complete": is_complete}
        add_event(connection, actor=actor, kind="complete_maker_set", subject=f"item:{item}", data=data)
        rows = queries("theft").all_units_of_item(connection, item_id=item_id, rows_max=UNITS_MAX)
        check_units(connection, {(item_id, row["serial"]) for row in rows} | open_units(connection, item_id))
        return {"item": item, "is_complete": is_complete}


def list_complete_makers(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Items whose maker tells every unit."""
    with database.transaction() as connection:
        return list(queries("theft").complete_makers(connection, rows_max=rows_max, rows_skipped=rows_skipped))


def list_signals(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Signals as cases, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("theft").signals(connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def missing_stock(database: Database, *, place: str | None, since: datetime, until: datetime) -> dict[str, Any]:
    """What approved counts missed in that time: line by line with who worked at the place since the count before, and
    added up by place and by person. That somebody was on duty proves nothing. Raises ``NotFound``, ``Invalid``."""
    if since >= until:
        raise Invalid("the time ends before it begins", "Write the earlier time first.")
    with database.transaction() as connection:
        place_id = place_named(connection, place)["id"] if place else None
        lines = list(
            queries("theft").missing(connection, place_id=place_id, since=since, until=until, rows_max=MISSING_MAX)
        )
    by_place, by_person, times = Counter[str](), Counter[str](), Counter[str]()
    for line in lines:
        by_place[line["place"]] += line["quantity"]
        for each in line["people"]:
            by_person[each["person"]] += line["quantity"]
            times[each["person"]] += 1
    return {
        "lines": lines,
        "by_place": [{"place": name, "quantity": count} for name, count in by_place.most_common()],
        "by_person": [
            {"person": name, "quantity": count, "times": times[name]} for name, count in by_person.most_common()
        ],
        "is_cut": len(lines) == MISSING_MAX,
    }
