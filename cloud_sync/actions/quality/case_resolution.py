"""What people do with exception cases: open one by hand, take it on, resolve it by a decision."""

from datetime import datetime

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.roles import Actor
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.ingest.journal_standing import DOUBTED_JOURNAL, decide_on_journal
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.holds import check_goods, lift_holds_of_case, place_hold_on
from cloud_sync.posting.interop.suspects import check_closed
from cloud_sync.posting.lots import MISMATCH, decide_on_expiry
from cloud_sync.posting.monitoring.archived_readings import EVER, archived_channels_of, recalled
from cloud_sync.posting.monitoring.channel_statements import CHANNEL_STATEMENT, decide_on_statement
from cloud_sync.posting.monitoring.unjudged import NOT_JUDGED
from cloud_sync.posting.movements import retime
from cloud_sync.posting.positions import lot_of
from cloud_sync.posting.signatures import check_two_free
from cloud_sync.posting.typed_times import TYPED
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries

SUSPICIOUS = "suspicious_product"
SUSPICION = "suspicion"
"""Origin of the hold that goes with such a case."""


def report_suspicious(
    database: Database, *, lot_id: int, place: str | None, text: str, at: datetime, actor: str
) -> Row:
    """A case about product that looks wrong. It holds the lot, or the goods of it that are at and below ``place`` now.

    Raises ``NotFound``, and ``Conflict`` while such a case is open already or if none are there.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        lot_of(connection, lot_id)
        held_place = place_named(connection, place) if place else None
        check_goods(connection, lot_id=lot_id, serial=None, place=held_place)
        place_id = held_place["id"] if held_place else None
        key = f"lot:{lot_id}/place:{place_id or ''}"
        case = Case(SUSPICIOUS, key, f"{text} (reported by {actor})", lot_id, data={"by": actor}, place_id=place_id)
        case_id = open_case(connection, case)
        if case_id is None:
            raise Conflict("an open case of this kind exists already", "See GET /v1/cases?kind=suspicious_product.")
        place_hold_on(
            connection,
            kind="exception",
            lot_id=lot_id,
            place_id=place_id,
            serial=None,
            reason=f"{SUSPICIOUS}: {case.text}",
            placed_by=actor,
            at=at,
            origin=SUSPICION,
            case_id=case_id,
        )
        return _case(connection, case_id)


def assign_case(database: Database, case_id: int, assignee: str, *, actor: str) -> Row:
    """Say who looks into a case. Raises ``NotFound``, ``Conflict`` if it is closed."""
    with database.transaction() as connection:
        _case(connection, case_id)
        if not queries("quality").assign_case(connection, case_id=case_id, assignee=assignee):
            raise Conflict(f"case {case_id} is resolved already")
        data = {"assignee": assignee}
        add_event(connection, actor=actor, kind="case_assigned", subject=f"case:{case_id}", data=data)
        return _case(connection, case_id)


def resolve_case(
    database: Database, case_id: int, resolution: str, *, actor: Actor, decision: CaseDecision = CaseDecision.EXPLAINED
) -> Row:
    """Close an exception case by a decision, with what was found and done; what it held is free of it.

    Raises ``NotFound``, ``Conflict`` if it is closed, ``NotAllowed`` for the one who reported it.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        case = _case(connection, case_id)
        if case["data"].get("by") == actor.name and case["resolved_at"] is None:
            raise NotAllowed(
                f"{actor.name} reported this, so somebody else has to resolve it",
                "Ask a colleague with the role quality.",
            )
        check_closed(connection, case)
        held = [row["lot_id"] for row in queries("holds").holds_of_case(connection, case_id=case_id)]
        named = [case["lot_id"]] if case["lot_id"] is not None and case["place"] is None else []
        if case["resolved_at"] is None and (held or named):
            check_two_free(
                connection,
                RecordKind.CASE,
                str(case_id),
                [*held, *named],
                actor=actor.name,
                but=case["data"].get("by") or "",
            )
        if not queries("quality").resolve_case(
            connection,
            case_id=case_id,
            resolved_by=actor.name,
            resolved_role=actor.role,
            decision=decision.value,
            resolution=resolution,
        ):
            raise Conflict(f"case {case_id} was resolved by {case['resolved_by']}: {case['resolution']}")
        if case["kind"] == DOUBTED_JOURNAL:
            decide_on_journal(connection, case, decision, actor=actor.name, why=resolution)
        if case["kind"] == CHANNEL_STATEMENT:
            decide_on_statement(connection, case, decision, actor=actor.name)
        if case["kind"] == MISMATCH:
            decide_on_expiry(connection, case, decision, actor=actor.name)
        if case["kind"] == TYPED and decision is CaseDecision.ACCEPTED:
            _accept_typed_time(connection, case, actor)
        if case["kind"] == NOT_JUDGED and decision is CaseDecision.ACCEPTED:
            queries("unjudged").say_on_purpose(
                connection, channel_id=case["data"]["channel"], reason=resolution, said_by=actor.name
            )
        lift_holds_of_case(connection, case_id, reason=resolution, actor=actor.name)
        add_event(
            connection,
            actor=actor.name,
            kind="case_resolved",
            subject=f"case:{case_id}",
            reason=resolution,
            data={"decision": decision.value, "role": actor.role},
        )
        return _case(connection, case_id)


def case_of(database: Database, case_id: int) -> Row:
    """A case. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _case(connection, case_id)


def both_versions(database: Database, case_id: int) -> list[Row]:
    """Of the case of a doubted journal, by channel what it says and what the trusted ones say of the same time.

    Empty for another case, and once both count together. Raises ``NotFound``.
    """
    with database.transaction() as connection:
        case = _case(connection, case_id)
        if case["kind"] != DOUBTED_JOURNAL:
            return []
        data = case["data"]
        with recalled(connection, archived_channels_of(connection, data["gateway"]), *EVER):
            return list(queries("journals").both_versions(connection, name=data["gateway"], journal=data["journal"]))


def _accept_typed_time(connection: Connection, case: Row, actor: Actor) -> None:
    """The typed time of a movement counts from now on. Raises ``NotAllowed`` to whoever typed it."""
    rows = list(queries("holds").movement_to_retime(connection, movement_id=case["data"]["movement"]))
    if any(row["operator"] == actor.name for row in rows):
        raise NotAllowed(f"{actor.name} typed this time", "Somebody else with the role quality has to decide.")
    retime(connection, rows)


def _case(connection: Connection, case_id: int) -> Row:
    row: Row | None = queries("quality").case_by_id(connection, case_id=case_id)
    if row is None:
        raise NotFound(f"there is no case {case_id}", "See GET /v1/cases for those there are.")
    return row
