"""Samples: their results, and what quality decides on them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.stock.checks import check_stock
from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.quality_plans import AcceptanceLimit, PlanKind, Verdict
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.movements import book
from cloud_sync.posting.quality_control.samples import (
    ACTION_LEVEL,
    OUT_OF_SPECIFICATION,
    sample_row,
    tests_of,
    with_results,
)
from cloud_sync.posting.signatures import check_two_accept
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds, lock_lots
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

USED_IN_TESTS = "used-in-tests"
"""The place where samples end."""

Decision = Literal["accepted", "rejected"]


def list_samples(
    database: Database,
    *,
    kind: PlanKind | None,
    lot_id: int | None,
    only_open: bool,
    rows_max: int,
    rows_skipped: int = 0,
) -> list[dict[str, Any]]:
    """Samples with results, faults and state, the newest first."""
    with database.transaction() as connection:
        rows = queries("quality_control").samples(
            connection, kind=kind, lot_id=lot_id, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return with_results(connection, list(rows))


def sample_of(database: Database, sample_id: int) -> dict[str, Any]:
    """A sample with results, faults and state. Raises ``NotFound``."""
    with database.transaction() as connection:
        return shown_sample(connection, sample_id)


def shown_sample(connection: Connection, sample_id: int) -> dict[str, Any]:
    """The same in the caller's transaction."""
    return with_results(connection, [sample_row(connection, sample_id)])[0]


def add_result(
    database: Database,
    sample_id: int,
    test: str,
    *,
    value: float | None,
    conforms: bool | None,
    note: str,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Record what a test gave. Out of its limits it is a case, which holds the lot that was sampled.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` once quality has decided on the sample.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        row = sample_row(connection, sample_id, lock=True)
        if row["decision"] is not None:
            raise Conflict(
                f"sample {sample_id} was {row['decision']} by {row['decided_by']}", "Take another sample and test that."
            )
        if at < row["taken_at"]:
            raise Invalid(f"sample {sample_id} was taken later", "Check the client's clock.")
        limit = _test(row, test)
        try:
            verdict = limit.verdict(value, conforms)
        except ValueError as error:
            raise Invalid(str(error), f"The plan asks for {limit.told()}.") from error
        result_id: int = queries("quality_control").add_result(
            connection, sample_id=sample_id, test=test, value=value if limit.is_measured else None,
            conforms=None if limit.is_measured else conforms, note=note, verdict=verdict.value, actor=actor, at=at,
        )  # fmt: skip
        data = {"test": test, "value": value, "conforms": conforms, "verdict": verdict.value}
        add_event(connection, actor=actor, kind="quality_result", subject=f"sample:{sample_id}", reason=note, data=data)
        if verdict is Verdict.FAIL:
            _open_case(connection, row, limit, result_id, value, actor)
        return shown_sample(connection, sample_id)


def decide(
    database: Database, sample_id: int, decision: Decision, *, by_exception: bool, reason: str, at: datetime, actor: str
) -> dict[str, Any]:
    """Accept or reject a sample, by somebody who neither took it nor was tested by it.

    ``by_exception``: accept it though a result is missing or out of specification; two people have signed the sample
    for release then. Raises ``NotFound``, ``NotAllowed``, ``Conflict`` with what is open.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        row = sample_row(connection, sample_id, lock=True)
        if row["decision"] is not None:
            raise Conflict(f"sample {sample_id} was {row['decision']} by {row['decided_by']}")
        if actor in (row["taken_by"], row["person"]):
            raise NotAllowed(
                f"{actor} had a hand in sample {sample_id}", "Somebody else with the role quality decides."
            )
        faults = shown_sample(connection, sample_id)["faults"]
        if decision == "accepted" and faults and not by_exception:
            raise Conflict(
                f"sample {sample_id} may not be accepted: {'; '.join(faults)}",
                "Record what is missing; have an out-of-specification result investigated (its case); or accept it by "
                "exception, with the signatures of two people.",
            )
        is_exception = decision == "accepted" and bool(faults)
        if is_exception:
            check_two_accept(
                connection, RecordKind.SAMPLE, str(sample_id), faults, actor=actor,
                but=frozenset({row["taken_by"], row["person"]}),
            )  # fmt: skip
        queries("quality_control").add_decision(
            connection, sample_id=sample_id, decision=decision, by_exception=is_exception, reason=reason, actor=actor,
            at=at,
        )  # fmt: skip
        data = {"decision": decision, "by_exception": is_exception, "faults": faults}
        add_event(
            connection, actor=actor, kind="quality_decision", subject=f"sample:{sample_id}", reason=reason, data=data
        )
        if decision == "rejected":
            _follow_rejection(connection, row, reason)
        return shown_sample(connection, sample_id)


def take_units(
    connection: Connection,
    *,
    fact: str,
    lot_id: int,
    place: str,
    quantity: int,
    event_id: int,
    at: datetime,
    actor: str,
) -> None:
    """Book units of a lot as used in tests. The caller owns the holds and the lot. Raises ``Conflict``."""
    source = place_named(connection, place)
    check_stock(connection, Action.MOVE, source, lot_id, "", quantity, at)
    queries("master_data").add_place(
        connection, name=USED_IN_TESTS, title="Used in tests", kind="used_up", parent_id=None, policy=None
    )
    movement = NewMovement(
        fact=fact, lot_id=lot_id, quantity=quantity, from_place=source["id"],
        to_place=place_named(connection, USED_IN_TESTS)["id"], occurred_at=at, action=Action.CONSUME.value,
        operator=actor,
    )  # fmt: skip
    book(connection, [movement], event_id=event_id)


def known_sample(connection: Connection, client_id: UUID, **same: Any) -> dict[str, Any] | None:
    """The sample that was taken under this id before. Raises ``Conflict`` if it was another one."""
    sample_id: int | None = queries("quality_control").sample_of_request(connection, client_id=client_id)
    if sample_id is None:
        return None
    shown = shown_sample(connection, sample_id)
    if any(shown[name] != value for name, value in same.items()):
        raise Conflict(
            f"client_id {client_id} was used for another request before",
            "Make a new UUID for each new request; repeat the old one only to send the very same again.",
        )
    return shown


def add_sample(
    connection: Connection, *, kind: str, subject: str, at: datetime, actor: str, **values: Any
) -> int | None:
    """Keep a sample and give its id; None if its pull point, plate or code has one."""
    nothing = dict.fromkeys(("lot_id", "study_id", "day", "session_id", "code", "place_id"))
    asked = {**nothing, "point": "", "person": "", "quantity": 0, "note": "", **values}
    sample_id: int | None = queries("quality_control").add_sample(connection, at=at, actor=actor, **asked)
    if sample_id is not None:
        data = {name: value for name, value in asked.items() if value not in (None, "", 0) and name != "client_id"}
        add_event(connection, actor=actor, kind=kind, subject=subject, data={"sample": sample_id, **data})
    return sample_id


def lock_lot(connection: Connection, lot_id: int) -> None:
    """Nobody else books or decides on a lot until the transaction ends."""
    lock_holds(connection)
    lock_lots(connection, [lot_id])


def _test(row: Row, name: str) -> AcceptanceLimit:
    tests = tests_of(row)
    for each in tests:
        if each.name == name:
            return each
    raise NotFound(
        f"plan {row['plan']} version {row['version']} has no test {name}",
        f"It asks for {', '.join(each.name for each in tests)}.",
    )


def _open_case(
    connection: Connection, row: Row, limit: AcceptanceLimit, result_id: int, value: float | None, actor: str
) -> None:
    given = "does not conform" if value is None else f"{value:g} {limit.unit}".strip()
    kind = ACTION_LEVEL if row["kind"] == PlanKind.ENVIRONMENT else OUT_OF_SPECIFICATION
    data = {"by": actor, "sample": row["id"], "test": limit.name}
    text = f"sample {row['id']} of {_of(row)}: {limit.name} {given}, {limit.told()} ({row['plan']})"
    open_case(connection, Case(kind, f"result:{result_id}", text, row["lot_id"], data=data))


def _of(row: Row) -> str:
    if row["lot_id"] is not None:
        when = f" on day {row['day']}" if row["day"] is not None else ""
        return f"lot {row['lot_number']} of {row['item']}{when}"
    return (
        f"{row['person']}'s media fill" if row["kind"] == PlanKind.QUALIFICATION else f"{row['place']}, {row['point']}"
    )


def _follow_rejection(connection: Connection, row: Row, reason: str) -> None:
    """What a rejected sample was of is in doubt: a case says what that is."""
    data = {"sample": row["id"]}
    if row["kind"] == PlanKind.QUALIFICATION:
        since = queries("quality_control").last_passed_fill(connection, person=row["person"], name=row["plan"])
        made = queries("quality_control").worked_since(
            connection, person=row["person"], since=since or datetime.min.replace(tzinfo=row["taken_at"].tzinfo)
        )
        batches = [each["number"] for each in made]
        told = (
            f"batches since the last one that passed: {', '.join(batches)}" if batches else "no batch since is theirs"
        )
        text = f"{row['person']} did not pass the media fill for {row['plan']} ({reason}); {told}"
        data["batches"] = batches
        open_case(connection, Case("media_fill_failed", f"sample:{row['id']}", text, data=data))
    elif row["lot_id"] is not None:
        text = f"sample {row['id']} of {_of(row)} was rejected: {reason}"
        open_case(connection, Case("sample_rejected", f"sample:{row['id']}", text, row["lot_id"], data=data))
