"""Change control records: why and what is to change, its risk, who approved it, how it was done, whether it worked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def open_record(
    database: Database, *, title: str, why: str, what: str, risk_level: str, risk: str, at: datetime, actor: str
) -> dict[str, Any]:
    """Open a record; ``risk_level`` is low, medium or high."""
    with database.transaction() as connection:
        record_id: int = queries("controlled_changes").add_change_control(
            connection, title=title, why=why, what=what, risk_level=risk_level, risk=risk, actor=actor, at=at
        )
        data = {"title": title, "what": what, "risk_level": risk_level, "risk": risk}
        _tell(connection, record_id, "change_control_opened", why, actor, data)
        return _shown(connection, record_id)


def decide(database: Database, record_id: int, decision: str, *, reason: str, at: datetime, actor: str) -> Any:
    """Approve or reject (``approved``, ``rejected``). Raises ``NotFound``, ``NotAllowed`` to whoever opened it and
    approves, ``Conflict`` if it was decided."""
    with database.transaction() as connection:
        row = _locked(connection, record_id)
        if row["decision"] is not None:
            raise Conflict(f"CC-{record_id} was {row['decision']} by {row['decided_by']}")
        if decision == "approved" and row["opened_by"] == actor:
            raise NotAllowed(f"{actor} opened CC-{record_id}", "Somebody else assesses the risk and approves it.")
        queries("controlled_changes").decide_change_control(
            connection, id=record_id, decision=decision, actor=actor, at=at, reason=reason
        )
        _tell(connection, record_id, f"change_control_{decision}", reason, actor)
        return _shown(connection, record_id)


def implement(
    database: Database, record_id: int, *, text: str, event_ids: Sequence[int], at: datetime, actor: str
) -> dict[str, Any]:
    """Say how it was done, and which events of the log belong to it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, record_id)
        check_approved(connection, record_id)
        if row["implemented_at"] is not None:
            raise Conflict(f"CC-{record_id} was implemented by {row['implemented_by']}")
        for event_id in dict.fromkeys(event_ids):
            if not link(connection, record_id, event_id, actor, at):
                raise NotFound(f"there is no event {event_id}, or it is linked already", "See GET /v1/events.")
        queries("controlled_changes").implement_change_control(connection, id=record_id, actor=actor, at=at, text=text)
        _tell(connection, record_id, "change_control_implemented", text, actor, {"events": list(event_ids)})
        return _shown(connection, record_id)


def close(database: Database, record_id: int, *, text: str, at: datetime, actor: str) -> dict[str, Any]:
    """Say whether it worked. Raises ``NotFound``, ``NotAllowed`` to whoever implemented it, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, record_id)
        if row["implemented_at"] is None or row["closed_at"] is not None:
            state = "closed already" if row["closed_at"] else "not implemented yet"
            raise Conflict(f"CC-{record_id} is {state}", "A record is opened, approved, implemented, then closed.")
        if row["implemented_by"] == actor:
            raise NotAllowed(f"{actor} implemented CC-{record_id}", "Somebody else looks whether it worked.")
        queries("controlled_changes").close_change_control(connection, id=record_id, actor=actor, at=at, text=text)
        _tell(connection, record_id, "change_control_closed", text, actor)
        return _shown(connection, record_id)


def list_records(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[dict[str, Any]]:
    """Records with their events and controlled changes, the newest first."""
    with database.transaction() as connection:
        rows = list(
            queries("controlled_changes").change_controls(
                connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )
        return with_links(connection, rows)


def check_approved(connection: Connection, record_id: int, *, must_be: bool = True) -> None:
    """Raise ``NotFound``, and ``Conflict`` unless it is approved (or may still be)."""
    row = _locked(connection, record_id)
    if row["decision"] == "rejected" or (must_be and row["decision"] is None):
        raise Conflict(f"CC-{record_id} is {row['decision'] or 'not approved yet'}", "Have it approved first.")


def link(connection: Connection, record_id: int, event_id: int, actor: str, at: datetime) -> bool:
    """Let an event belong to a record; False if there is none, or it does already."""
    return bool(
        queries("controlled_changes").link_event(connection, id=record_id, event_id=event_id, actor=actor, at=at)
    )


def _tell(
    connection: Connection, record_id: int, kind: str, reason: str, actor: str, data: dict[str, Any] | None = None
) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"change_control:{record_id}", reason=reason, data=data)


def _shown(connection: Connection, record_id: int) -> dict[str, Any]:
    return with_links(connection, [_locked(connection, record_id)])[0]


def with_links(connection: Connection, rows: list[Row]) -> list[dict[str, Any]]:
    """Records with the events and controlled changes that belong to them."""
    ids = [row["id"] for row in rows]
    events: dict[int, list[Row]] = {each: [] for each in ids}
    changes: dict[int, list[Row]] = {each: [] for each in ids}
    for row in queries("controlled_changes").linked_events(connection, ids=ids):
        events[row.pop("change_control_id")].append(row)
    for row in queries("controlled_changes").changes_of(connection, ids=ids):
        changes[row.pop("change_control_id")].append(row)
    return [{**row, "events": events[row["id"]], "changes": changes[row["id"]]} for row in rows]


def _locked(connection: Connection, record_id: int) -> Row:
    row: Row | None = queries("controlled_changes").change_control(connection, id=record_id)
    if row is None:
        raise NotFound(f"there is no change control record CC-{record_id}", "See GET /v1/change-controls.")
    return row
