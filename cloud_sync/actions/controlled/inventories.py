"""Inventories of all controlled items of a site, made of approved counts of one day: nothing is typed a second time."""

from collections.abc import Sequence
from datetime import date, datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

COUNTS_MAX = 100
NAMED_MAX = 5


def take_inventory(
    database: Database,
    site: str,
    counts: Sequence[str],
    *,
    taken_on: date,
    taken_when: str,
    remark: str,
    at: datetime,
    actor: str,
) -> Row:
    """Keep the inventory of a site at the opening or close of business of a day, as these counts found it; gives it.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` where a count is not approved or elsewhere, or controlled stock
    of the site is in none of them.
    """
    numbers = sorted(set(counts))
    if not numbers:
        raise Invalid("an inventory of no counts", "Name the counts that it is made of.")
    if taken_on > at.date():
        raise Invalid(f"{taken_on} has not come yet", "Name the day on which it was taken.")
    with database.transaction() as connection:
        place = place_named(connection, site)
        if place["kind"] != "site":
            raise Invalid(f"{site} is a {place['kind']}, not a site", "Name a site.")
        _check_counts(connection, numbers, place)
        lines = list(queries("controlled").counted_of(connection, numbers=numbers))
        _check_whole(connection, place, lines)
        inventory_id = queries("controlled").add_inventory(
            connection, site_id=place["id"], taken_on=taken_on, taken_when=taken_when, counts=numbers, remark=remark,
            recorded_by=actor, recorded_at=at,
        )  # fmt: skip
        if inventory_id is None:
            raise Conflict(f"{site} has an inventory of the {taken_when} of {taken_on} already")
        for line in lines:
            queries("controlled").add_inventory_line(
                connection, inventory_id=inventory_id,
                **{name: line[name] for name in ("lot_id", "serial", "place_id", "schedule", "counted", "expected",
                                                 "counted_by")},
            )  # fmt: skip
        data = {"site": site, "taken_on": taken_on.isoformat(), "taken_when": taken_when, "counts": numbers}
        add_event(
            connection, actor=actor, kind="controlled_inventory_taken",
            subject=f"controlled_inventory:{inventory_id}", reason=remark, data=data,
        )  # fmt: skip
        return _shown(connection, inventory_id)


def _check_counts(connection: Connection, numbers: Sequence[str], site: Row) -> None:
    known = {row["number"]: row for row in queries("controlled").counts_by_number(connection, numbers=list(numbers))}
    for number in numbers:
        row = known.get(number)
        if row is None:
            raise NotFound(f"there is no count {number}", "See GET /v1/counts for those there are.")
        if row["decision"] != "approved":
            raise Conflict(f"count {number} is not approved", "Have it approved first.")
        if site["id"] not in row["ancestors"]:
            raise Conflict(f"count {number} is of {row['place']}, which is not at {site['name']}")


def _check_whole(connection: Connection, site: Row, lines: Sequence[Row]) -> None:
    counted = {(line["lot_id"], line["serial"], line["place_id"]) for line in lines}
    if len(counted) < len(lines):
        raise Conflict("a position is in two of these counts", "Name each part of the site once.")
    missed = [
        row for row in queries("controlled").controlled_stock(connection, site_id=site["id"])
        if (row["lot_id"], row["serial"], row["place_id"]) not in counted
    ]  # fmt: skip
    if missed:
        told = "; ".join(f"{row['item']} {row['lot_number']} in {row['place']}" for row in missed[:NAMED_MAX])
        more = f" and {len(missed) - NAMED_MAX} more" if len(missed) > NAMED_MAX else ""
        raise Conflict(
            f"controlled stock is in none of these counts: {told}{more}", "Count it, and name that count, too."
        )


def list_inventories(database: Database, *, site: str | None = None, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Inventories, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("controlled").inventories(
                connection, inventory_id=None, site=site, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def show_inventory(database: Database, inventory_id: int) -> Row:
    """An inventory with its lines. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, inventory_id)


def _shown(connection: Connection, inventory_id: int) -> Row:
    rows = list(
        queries("controlled").inventories(connection, inventory_id=inventory_id, site=None, rows_max=1, rows_skipped=0)
    )
    if not rows:
        raise NotFound(f"there is no inventory {inventory_id}", "See GET /v1/controlled-inventories.")
    lines = list(queries("controlled").inventory_lines(connection, inventory_id=inventory_id))
    return {**rows[0], "lines": len(lines), "positions": lines}
