"""Controlled changes: configuration and policies are proposed, approved by another person, and in force from a day on.

What only adds care (a longer retention, a rule where there was none) one person may say. ``Kinds`` are in
``posting/governance/change_kinds.py``.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.actions.governance.change_control import check_approved, link
from cloud_sync.errors import Conflict, Invalid, LedgerError, NotAllowed, NotFound
from cloud_sync.posting.cases import LEDGER, Case, open_case
from cloud_sync.posting.governance.change_kinds import change_of
from cloud_sync.posting.governance.controlled import Approved
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

AHEAD_MAX = timedelta(days=3660)
FAILED = "controlled_change_failed"


def propose(
    database: Database,
    kind: str,
    request: Mapping[str, Any],
    *,
    reason: str,
    effective_from: datetime | None = None,
    change_control: int | None = None,
    at: datetime,
    actor: str,
) -> Row:
    """Propose a change; gives it, with ``before`` and ``after``. ``request`` is plain JSON (see :func:`change_of`).

    ``effective_from`` None: as soon as it is approved. Raises ``NotFound``, ``Invalid``, and ``Conflict`` if one about
    the same waits already.
    """
    since = effective_from or at
    if effective_from is not None and not at - timedelta(minutes=5) <= effective_from <= at + AHEAD_MAX:
        raise Invalid("a change is in force from now on or later", "Give a day within the next ten years, or none.")
    with database.transaction() as connection:
        subject = change_of(kind, request).subject(connection)
        if change_control is not None:
            check_approved(connection, change_control, must_be=False)
        change_id: int | None = queries("controlled_changes").propose_change(
            connection,
            kind=kind,
            subject=subject.name,
            request=Jsonb(dict(request)),
            before=None if subject.before is None else Jsonb(subject.before),
            after=Jsonb(subject.after),
            reason=reason,
            effective_from=since,
            needs_second_person=not subject.is_stricter,
            change_control_id=change_control,
            actor=actor,
            at=at,
        )
        if change_id is None:
            raise Conflict(f"a change of {subject.name} waits already", "Approve or reject that one first.")
        row = _locked(connection, change_id)
        _tell(connection, row, "controlled_change_proposed", reason, at, actor)
        if subject.is_stricter:
            _approve(connection, row, reason, at, actor)
        return _locked(connection, change_id)


def approve(database: Database, change_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Agree to what somebody else proposed. Raises ``NotFound``, ``NotAllowed``, and ``Conflict`` if it was decided, if
    what it is about has changed since, or if its change control record is not approved."""
    with database.transaction() as connection:
        row = _waiting(connection, change_id)
        if row["needs_second_person"] and row["proposed_by"] == actor:
            raise NotAllowed(f"{actor} proposed change {change_id}", "Ask a colleague to look at it and approve it.")
        now = change_of(row["kind"], row["request"]).subject(connection)
        if now.before != row["before"]:
            raise Conflict(
                f"{row['subject']} has changed since this was proposed", "Reject the proposal and make another one."
            )
        _approve(connection, row, reason, at, actor)
        return _locked(connection, change_id)


def reject(database: Database, change_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Leave things as they are; whoever proposed it may do that as well. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        row = _waiting(connection, change_id)
        queries("controlled_changes").decide_change(
            connection, id=change_id, decision="rejected", actor=actor, at=at, reason=reason
        )
        _tell(connection, row, "controlled_change_rejected", reason, at, actor)
        return _locked(connection, change_id)


def apply_due(database: Database, at: datetime) -> int:
    """Put in force what is approved and whose day has come; gives how many. What cannot be is a case."""
    with database.transaction() as connection:
        due = [row["id"] for row in queries("controlled_changes").changes_due(connection, at=at)]
    done = 0
    for change_id in due:
        try:
            with database.transaction() as connection:
                row = _locked(connection, change_id)
                if row["applied_at"] is None:
                    _apply(connection, row, at)
                    done += 1
        except LedgerError as error:
            with database.transaction() as connection:
                text = f"change {change_id} of {row['subject']} was approved and cannot be put in force: {error}"
                open_case(connection, Case(FAILED, f"controlled_change:{change_id}", text, data={"change": change_id}))
    return done


def list_changes(
    database: Database, *, only_open: bool, kind: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Changes, the newest first. ``only_open``: those that wait for approval or for their day."""
    with database.transaction() as connection:
        return list(
            queries("controlled_changes").changes(
                connection, only_open=only_open, kind=kind, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def _approve(connection: Connection, row: Row, reason: str, at: datetime, actor: str) -> None:
    if row["change_control_id"] is not None:
        check_approved(connection, row["change_control_id"])
    queries("controlled_changes").decide_change(
        connection, id=row["id"], decision="approved", actor=actor, at=at, reason=reason
    )
    approved = _locked(connection, row["id"])
    _tell(connection, approved, "controlled_change_approved", reason, at, actor)
    if change_of(row["kind"], row["request"]).at_once or row["effective_from"] <= at:
        _apply(connection, approved, at)


def _apply(connection: Connection, row: Row, at: datetime) -> None:
    who = Approved(row["proposed_by"], row["decided_by"], row["reason"], row["effective_from"])
    change_of(row["kind"], row["request"]).apply(connection, who, at)
    queries("controlled_changes").change_applied(connection, id=row["id"], at=at)
    _tell(connection, row, "controlled_change_in_force", row["reason"], at, LEDGER)


def _tell(connection: Connection, row: Row, kind: str, reason: str, at: datetime, actor: str) -> None:
    data = {
        "change": row["id"],
        "before": row["before"],
        "after": row["after"],
        "effective_from": row["effective_from"].isoformat(),
        "proposed_by": row["proposed_by"],
    }
    event_id = add_event(connection, actor=actor, kind=kind, subject=row["subject"], reason=reason, data=data)
    if row["change_control_id"] is not None:
        link(connection, row["change_control_id"], event_id, actor, at)


def _locked(connection: Connection, change_id: int) -> Row:
    row: Row | None = queries("controlled_changes").lock_change(connection, id=change_id)
    if row is None:
        raise NotFound(f"there is no change {change_id}", "See GET /v1/changes for those there are.")
    return row


def _waiting(connection: Connection, change_id: int) -> Row:
    row = _locked(connection, change_id)
    if row["decision"] is not None:
        raise Conflict(f"change {change_id} was {row['decision']} by {row['decided_by']}")
    return row
