"""Lists of records as people leaf through them: searched, sorted and filtered in the database, at any length."""

from datetime import date, datetime
from typing import Any

from cloud_sync.actions.compounding.batch_records import batch_summary
from cloud_sync.actions.governance import change_control, legal_holds
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries


def counts_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Counts, the latest first."""
    return _listed(database, "counts_listed", wanted)


def recalls_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Recalls, the newest first."""
    return _listed(database, "recalls_listed", wanted, kind=wanted.choice("is_mock"))


def batches_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Production batches, the newest first: number, item, state, what is open."""
    with database.transaction() as connection:
        rows = list(queries("record_lists").batches_listed(connection, **_asked(wanted)))
        return [batch_summary(connection, row["number"]) for row in rows]


def changes_listed(database: Database, wanted: ListRequest, *, only_open: bool, kind: str) -> list[Row]:
    """Controlled changes of one kind ('': any), the newest first."""
    return _listed(database, "changes_listed", wanted, only_open=only_open, kind=kind)


def change_controls_listed(database: Database, wanted: ListRequest, *, only_open: bool) -> list[Row]:
    """Change control records with their events and changes, the newest first."""
    with database.transaction() as connection:
        rows = queries("record_lists").change_controls_listed(connection, only_open=only_open, **_asked(wanted))
        return change_control.with_links(connection, list(rows))


def legal_holds_listed(database: Database, wanted: ListRequest, *, only_open: bool) -> list[Row]:
    """Legal holds with what they are about, the newest first."""
    return [legal_holds.shown(row) for row in _listed(database, "legal_holds_listed", wanted, only_open=only_open)]


def partners_listed(database: Database, wanted: ListRequest, *, on: date) -> list[Row]:
    """Trading partners and our own sites, each with its ``state`` on a day; ourselves first."""
    return _listed(database, "partners_listed", wanted, today=on, kind=wanted.choice("kind"))


def products_listed(database: Database, wanted: ListRequest) -> list[Row]:
    """Items that are traced, by name."""
    return _listed(database, "products_listed", wanted)


def records_waiting(database: Database, at: datetime) -> Row:
    """How many records of each kind need somebody."""
    with database.transaction() as connection:
        return dict(queries("record_lists").records_waiting(connection, at=at))


def _listed(database: Database, name: str, wanted: ListRequest, **more: Any) -> list[Row]:
    with database.transaction() as connection:
        return list(getattr(queries("record_lists"), name)(connection, **_asked(wanted), **more))


def _asked(wanted: ListRequest) -> dict[str, Any]:
    return {
        "words": wanted.words, "state": wanted.choice("state"), "sort": wanted.sort,
        "is_descending": wanted.is_descending, **wanted.page,
    }  # fmt: skip
