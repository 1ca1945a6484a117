"""Controlled items: rules by schedule, the perpetual inventory and its register, discrepancies with their deadlines."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.controlled import DISCREPANCIES, SCHEDULES
from cloud_sync.domain.uncertain_times import is_unbounded
from cloud_sync.errors import Invalid, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

REGISTER_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ControlledRule:
    """What the house asks of a schedule, and by which text: its own procedure, a law of its state."""

    blind_count: bool
    double_count: bool
    witnessed_waste: bool
    resolve_hours: int
    inventory_months: int
    source: str


def set_rule(database: Database, schedule: str, rule: ControlledRule, *, at: datetime, actor: str) -> Row:
    """Say what is asked of a schedule from now on; gives it. Raises ``NotFound`` for what is no schedule."""
    if schedule not in SCHEDULES:
        raise NotFound(f"{schedule} is no controlled schedule", f"There are {', '.join(SCHEDULES)}.")
    with database.transaction() as connection:
        before = next((row for row in queries("controlled").rules(connection) if row["schedule"] == schedule), None)
        queries("controlled").set_rule(connection, schedule=schedule, **asdict(rule), set_by=actor, set_at=at)
        data: dict[str, Any] = {"rule": asdict(rule)}
        if before is not None:
            data["before"] = {name: before[name] for name in asdict(rule)}
        add_event(
            connection, actor=actor, kind="controlled_rule_set", subject=f"controlled_rule:{schedule}",
            reason=rule.source, data=data,
        )  # fmt: skip
        return next(row for row in queries("controlled").rules(connection) if row["schedule"] == schedule)


def list_rules(database: Database) -> list[Row]:
    """What is asked of each schedule; one without a rule is not in it."""
    with database.transaction() as connection:
        return list(queries("controlled").rules(connection))


def inventory(
    database: Database,
    *,
    schedule: str = "",
    site: str | None = None,
    item: str | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """What is in the house of each lot of controlled items, by schedule, and when it was counted last."""
    with database.transaction() as connection:
        return list(
            queries("controlled").inventory(
                connection, schedule=schedule, site_id=_site_id(connection, site) if site else None, item=item,
                rows_max=rows_max, rows_skipped=rows_skipped,
            )
        )  # fmt: skip


def register(database: Database, item: str, site: str, *, since: datetime, until: datetime) -> list[Row]:
    """What came to and left a site of an item in that time, with the balance after each. Raises ``NotFound``,
    ``Invalid`` for an item that is not controlled."""
    with database.transaction() as connection:
        row = item_named(connection, item)
        schedules = {each["name"]: each["schedule"] for each in queries("controlled").controlled_items(connection)}
        if item not in schedules:
            raise Invalid(f"{item} is not a controlled item", "Set its schedule under Administration, Items.")
        found = list(
            queries("controlled").register(
                connection, item_id=row["id"], site_id=_site_id(connection, site), first=since, last=until,
                rows_max=REGISTER_MAX,
            )
        )  # fmt: skip
    return [
        {**each, "occurred_at": None if is_unbounded(each["occurred_at"]) else each["occurred_at"]} for each in found
    ]


def controlled_items(database: Database) -> list[Row]:
    """Items with a schedule."""
    with database.transaction() as connection:
        return list(queries("controlled").controlled_items(connection))


def discrepancies(database: Database, *, at: datetime, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Open cases about controlled items, those due first: ``state`` is open, due_soon, overdue or no_deadline."""
    with database.transaction() as connection:
        rows = list(
            queries("controlled").open_discrepancies(
                connection, kinds=list(DISCREPANCIES), rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
    return [{**row, "state": state_of(row["opened_at"], row["due_at"], at)} for row in rows]


def state_of(opened_at: datetime, due_at: datetime | None, at: datetime) -> str:
    """How a deadline stands."""
    if due_at is None:
        return "no_deadline"
    if at >= due_at:
        return "overdue"
    return "due_soon" if at - opened_at >= (due_at - opened_at) / 2 else "open"


def _site_id(connection: Connection, site: str) -> int:
    place = place_named(connection, site)
    if place["kind"] != "site":
        raise Invalid(f"{site} is a {place['kind']}, not a site", "Name a site.")
    return int(place["id"])
