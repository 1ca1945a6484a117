"""Legal holds on a case, a lot or an item: asked for and lifted with a reason, each agreed to by a second person.

It holds from when somebody asks for it, so that nothing is gone until another one has looked.
"""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def ask(
    database: Database,
    *,
    case_id: int | None = None,
    lot_id: int | None = None,
    item: str | None = None,
    reason: str,
    at: datetime,
    actor: str,
) -> Row:
    """Hold it from now on, until a second person rejects that or it is lifted. Raises ``NotFound``, ``Conflict``."""
    if sum(each is not None for each in (case_id, lot_id, item)) != 1:
        raise Invalid("a legal hold is on one case, lot or item", "Name one of them.")
    with database.transaction() as connection:
        if lot_id is not None:
            lot_of(connection, lot_id)
        if case_id is not None and queries("quality").case_by_id(connection, case_id=case_id) is None:
            raise NotFound(f"there is no case {case_id}", "See GET /v1/cases for those there are.")
        item_id = item_named(connection, item)["id"] if item is not None else None
        hold_id: int | None = queries("legal_holds").ask_legal_hold(
            connection, case_id=case_id, lot_id=lot_id, item_id=item_id, reason=reason, actor=actor, at=at
        )
        if hold_id is None:
            raise Conflict("this is under a legal hold already", "See GET /v1/legal-holds.")
        row = _locked(connection, hold_id)
        _tell(connection, row, "legal_hold_asked", reason, actor)
        return row


def decide(database: Database, hold_id: int, decision: str, *, reason: str, at: datetime, actor: str) -> Row:
    """Agree (``approved``) or not (``rejected``), which ends it; by another person than asked. Raises ``NotFound``,
    ``NotAllowed``, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, hold_id)
        if row["decision"] is not None:
            raise Conflict(f"legal hold {hold_id} was {row['decision']} by {row['decided_by']}")
        if row["asked_by"] == actor:
            raise NotAllowed(f"{actor} asked for legal hold {hold_id}", "Somebody else has to decide.")
        queries("legal_holds").decide_legal_hold(
            connection, id=hold_id, decision=decision, actor=actor, at=at, reason=reason
        )
        _tell(connection, row, f"legal_hold_{decision}", reason, actor)
        return _locked(connection, hold_id)


def lift(database: Database, hold_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """Ask for its end, or agree to what another person asked for: two people lift it.

    Raises ``NotFound``, ``NotAllowed``, ``Conflict``.
    """
    with database.transaction() as connection:
        row = _locked(connection, hold_id)
        if row["lifted_at"] is not None or row["decision"] != "approved":
            state = f"was lifted by {row['lifted_by']}" if row["lifted_at"] else "was not agreed to yet"
            state = "was rejected" if row["decision"] == "rejected" else state
            raise Conflict(f"legal hold {hold_id} {state}", "One that is in force is lifted.")
        if row["lift_asked_by"] is None:
            queries("legal_holds").ask_lift(connection, id=hold_id, actor=actor, at=at, reason=reason)
            _tell(connection, row, "legal_hold_lift_asked", reason, actor)
        elif row["lift_asked_by"] == actor:
            raise NotAllowed(f"{actor} asked to lift legal hold {hold_id}", "Somebody else has to agree.")
        else:
            queries("legal_holds").lift_legal_hold(connection, id=hold_id, actor=actor, at=at)
            _tell(connection, row, "legal_hold_lifted", reason, actor)
        return _locked(connection, hold_id)


def list_holds(database: Database, *, only_open: bool, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Legal holds, the newest first, each with its ``state``: waits, in force, lift asked, lifted, rejected."""
    with database.transaction() as connection:
        rows = queries("legal_holds").legal_holds(
            connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [shown(row) for row in rows]


def state_of(row: Row) -> str:
    """Where a legal hold stands."""
    if row["lifted_at"]:
        return "lifted"
    if row["decision"] is None:
        return "waits for approval"
    if row["decision"] == "rejected":
        return "rejected"
    return "lift asked for" if row["lift_asked_by"] else "in force"


def shown(row: Row) -> Row:
    """A legal hold with its state, and what it is about in words."""
    about = f"case {row['case_id']}" if row["case_id"] else f"lot {row['lot_number']}" if row["lot_id"] else "item"
    return {**row, "state": state_of(row), "about": f"{about} of {row['item']}" if row["lot_id"] else
            f"item {row['item']}" if row["item_id"] else about}  # fmt: skip


def _locked(connection: Connection, hold_id: int) -> Row:
    row: Row | None = queries("legal_holds").lock_legal_hold(connection, id=hold_id)
    if row is None:
        raise NotFound(f"there is no legal hold {hold_id}", "See GET /v1/legal-holds for those there are.")
    return {**row, "state": state_of(row)}


def _tell(connection: Connection, row: Row, kind: str, reason: str, actor: str) -> None:
    data = {"case": row["case_id"], "lot": row["lot_id"], "item_id": row["item_id"]}
    add_event(connection, actor=actor, kind=kind, subject=f"legal_hold:{row['id']}", reason=reason, data=data)
