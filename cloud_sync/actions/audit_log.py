"""The event log, as auditors read it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from json import dumps

from cloud_sync.domain.audit_trail import changes_of
from cloud_sync.domain.csv_text import csv_text
from cloud_sync.errors import NotFound
from cloud_sync.posting.personal_data import told_in
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

CSV_PART_ROWS = 1000
COLUMNS = (
    "id",
    "recorded_at",
    "happened_at",
    "actor",
    "kind",
    "subject",
    "reason",
    "gateway_record",
    "changes",
    "data",
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; what is None is not asked. Periods begin with the first instant and end before the second."""

    subject: str | None = None
    """``lot:12``, ``place:fridge-a``, ..."""
    person: str | None = None
    """Who did it, or of whom a gateway says so."""
    kind: str | None = None
    place: str | None = None
    """Events that name it, or a place in it."""
    gateway_record: str | None = None
    """``gateway/journal/lane/number``."""
    happened_from: datetime | None = None
    happened_until: datetime | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    after_id: int = 0
    """Those recorded after the event of this id."""


def events_of(database: Database, subject: str, *, rows_max: int) -> list[Row]:
    """What was done to a subject (``lot:12``, ``place:fridge-a``, ...), oldest first."""
    return audit_trail(database, EventFilter(subject=subject), rows_max=rows_max)


def audit_trail(database: Database, asked: EventFilter, *, rows_max: int) -> list[Row]:
    """Events in the order in which they were recorded, with the old and the new values of what they changed.

    Raises ``NotFound`` for a place that there is not.
    """
    with database.transaction() as connection:
        return _rows(connection, asked, _place_names(connection, asked.place), rows_max)


def audit_trail_csv(database: Database, asked: EventFilter) -> Iterator[str]:
    """All of them as CSV, header first, in parts. Raises ``NotFound`` before the first line."""
    with database.transaction() as connection:
        names = _place_names(connection, asked.place)
    return _lines(database, asked, names)


def _lines(database: Database, asked: EventFilter, names: list[str] | None) -> Iterator[str]:
    yield csv_text([COLUMNS])
    while True:
        with database.transaction() as connection:
            rows = _rows(connection, asked, names, CSV_PART_ROWS)
        yield csv_text([_cells(row) for row in rows])
        if len(rows) < CSV_PART_ROWS:
            return
        asked = EventFilter(**{**asdict(asked), "after_id": rows[-1]["id"]})


def _place_names(connection: Connection, place: str | None) -> list[str] | None:
    if place is None:
        return None
    names = [row["name"] for row in queries("events").place_and_below(connection, name=place)]
    if not names:
        raise NotFound(f"there is no place {place}", "See GET /v1/places for those there are.")
    return names


def _rows(connection: Connection, asked: EventFilter, names: list[str] | None, rows_max: int) -> list[Row]:
    given = asdict(asked)
    del given["place"]
    found = queries("events").audit_trail(connection, **given, places=names, rows_max=rows_max)
    rows = told_in(connection, found, "data")
    return [{**row, "changes": changes_of(row["kind"], row["data"])} for row in rows]


def _cells(row: Row) -> tuple[str, ...]:
    return tuple(_cell(row["at" if column == "recorded_at" else column]) for column in COLUMNS)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return dumps(value, sort_keys=True, ensure_ascii=False) if value else ""
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def events_found(
    database: Database,
    *,
    actor: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    words: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[Row]:
    """Events by who, what, about what, words in the reason, and period (``until`` not included), the newest first."""
    with database.transaction() as connection:
        found = queries("events").events_found(
            connection, actor=actor, kind=kind, subject=subject, words=words, since=since, until=until,
            rows_max=rows_max, rows_skipped=rows_skipped,
        )  # fmt: skip
        return told_in(connection, found, "data")
