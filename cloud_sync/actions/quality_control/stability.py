"""Stability studies: units of a lot set aside, pulled on their days, tested, and what that says of beyond-use dates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.quality_control.plans import plan_to_use
from cloud_sync.actions.quality_control.samples import add_sample, known_sample, lock_lot, shown_sample, take_units
from cloud_sync.actions.stock.movements import MovementLine, Transfer, move_in
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.domain.quality_plans import READ, PlanKind, PullState, StabilityProtocol, pull_state
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.holds import place_hold_on
from cloud_sync.posting.positions import lot_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.wire.records import Action

STABILITY = "stability"
"""Origin of the hold on samples: it is on them alone, and keeps no batch from release."""


def start_study(
    database: Database,
    *,
    client_id: UUID,
    plan: str,
    lot_id: int,
    from_place: str,
    to_place: str,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Set the units of all pull points aside in ``to_place``, where they are held as samples; day 0 is now.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        lock_lot(connection, lot_id)
        row, protocol = plan_to_use(connection, plan, PlanKind.STABILITY)
        known: int | None = queries("quality_control").study_of_request(connection, client_id=client_id)
        if known is not None:
            return _same(connection, known, lot_id, plan)
        lot = lot_of(connection, lot_id)
        target = place_named(connection, to_place)
        if lot["item"] != protocol.item:
            raise Invalid(f"{plan} is a protocol for {protocol.item}, not for {lot['item']}", "Name a lot of its item.")
        if target["kind"] not in INTERNAL - {"site"}:
            raise Invalid(f"{to_place} is a {target['kind']}", "Samples are kept in a room or bin that is monitored.")
        if queries("quality_control").is_in_place(connection, lot_id=lot_id, place_id=target["id"]):
            raise Conflict(
                f"{to_place} holds stock of lot {lot['lot_number']} already", "Keep samples apart: name another bin."
            )
        units = sum(pull.units for pull in protocol.pulls)
        line = MovementLine(lot["item"], lot["lot_number"], units, lot["owner"])
        move_in(connection, Transfer(Action.MOVE, from_place, to_place, at), (line,), client_id=client_id, at=at,
                actor=actor)  # fmt: skip
        study_id: int = queries("quality_control").add_study(
            connection, client_id=client_id, plan_id=row["id"], lot_id=lot_id, place_id=target["id"], at=at, actor=actor
        )
        place_hold_on(
            connection, kind="manual", lot_id=lot_id, place_id=target["id"], serial=None,
            reason=f"samples of stability study ST-{study_id}, not for use", placed_by=actor, at=at, origin=STABILITY,
        )  # fmt: skip
        data = {"plan": plan, "version": row["version"], "lot": lot_id, "place": to_place, "units": units}
        add_event(connection, actor=actor, kind="stability_started", subject=f"study:{study_id}", data=data)
        return _study(connection, study_id, at)


def pull(database: Database, study_id: int, *, client_id: UUID, day: int, note: str, at: datetime, actor: str) -> Any:
    """Take out the units of a pull point; gives the sample. They are used in tests then.

    Raises ``NotFound``, and ``Conflict`` before its window opens, or if it was pulled.
    """
    with database.transaction() as connection:
        row = _row(connection, study_id)
        lock_lot(connection, row["lot_id"])
        if before := known_sample(connection, client_id, study_id=study_id, day=day):
            return before
        protocol = _protocol(row)
        point = next((each for each in protocol.pulls if each.day == day), None)
        if point is None:
            days = ", ".join(str(each.day) for each in protocol.pulls)
            raise NotFound(f"{row['plan']} has no pull point on day {day}", f"It has days {days}.")
        opens_at = row["began_at"] + timedelta(days=day - protocol.window_days)
        if at < opens_at:
            raise Conflict(
                f"day {day} of ST-{study_id} is not before {opens_at:%Y-%m-%d %H:%M} UTC",
                "Pull it within its window; a pull on another day says nothing of this one.",
            )
        late = at > row["began_at"] + timedelta(days=day + protocol.window_days)
        told = f"{note} (after its window of {protocol.window_days} days)".strip() if late else note
        sample_id = add_sample(
            connection, kind="stability_pulled", subject=f"study:{study_id}", at=at, actor=actor, client_id=client_id,
            plan_id=row["plan_id"], lot_id=row["lot_id"], study_id=study_id, day=day, place_id=row["place_id"],
            quantity=point.units, note=told,
        )  # fmt: skip
        if sample_id is None:
            raise Conflict(
                f"day {day} of ST-{study_id} was pulled already", f"See GET /v1/stability-studies/{study_id}."
            )
        event_id = add_event(
            connection, actor=actor, kind="samples_used", subject=f"lot:{row['lot_id']}", data={"sample": sample_id}
        )
        take_units(
            connection, fact=f"sample/{sample_id}", lot_id=row["lot_id"], place=row["place"], quantity=point.units,
            event_id=event_id, at=at, actor=actor,
        )  # fmt: skip
        return shown_sample(connection, sample_id)


def list_studies(database: Database, *, at: datetime, rows_max: int, rows_skipped: int = 0) -> list[dict[str, Any]]:
    """Studies with their pull points, the newest first."""
    with database.transaction() as connection:
        rows = list(
            queries("quality_control").studies(connection, study_id=None, rows_max=rows_max, rows_skipped=rows_skipped)
        )
        return with_pulls(connection, rows, at)


def study_of(database: Database, study_id: int, *, at: datetime) -> dict[str, Any]:
    """A study with its pull points. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _study(connection, study_id, at)


def with_pulls(connection: Connection, rows: Sequence[Row], at: datetime) -> list[dict[str, Any]]:
    """Studies with ``pulls``: day, units, due_at, state, sample_id."""
    pulled = {
        (row["study_id"], row["day"]): row
        for row in queries("quality_control").pulls(connection, study_ids=[row["id"] for row in rows])
    }
    return [_shown(row, {day: each for (study, day), each in pulled.items() if study == row["id"]}, at) for row in rows]


def _shown(row: Row, pulled: dict[int, Row], at: datetime) -> dict[str, Any]:
    protocol = _protocol(row)
    pulls = []
    for point in protocol.pulls:
        done = pulled.get(point.day)
        state = pull_state(
            protocol,
            point,
            row["began_at"],
            decision=done["decision"] if done else None,
            is_pulled=done is not None,
            at=at,
        )
        pulls.append({
            "day": point.day, "units": point.units, "due_at": row["began_at"] + timedelta(days=point.day),
            "state": state, "sample_id": done["sample_id"] if done else None,
        })  # fmt: skip
    is_open = any(each["state"] in _OPEN for each in pulls)
    told = {name: value for name, value in row.items() if name not in ("body", "plan_id", "place_id")}
    return {
        **told,
        "storage": protocol.storage,
        "window_days": protocol.window_days,
        "pulls": pulls,
        "is_open": is_open,
    }


_OPEN = frozenset({PullState.PLANNED, PullState.DUE, PullState.MISSED, PullState.PULLED})


def _same(connection: Connection, study_id: int, lot_id: int, plan: str) -> dict[str, Any]:
    row = _row(connection, study_id)
    if (row["lot_id"], row["plan"]) != (lot_id, plan):
        raise Conflict("this client_id was used for another request before", "Make a new UUID for each new request.")
    return with_pulls(connection, [row], row["began_at"])[0]


def _study(connection: Connection, study_id: int, at: datetime) -> dict[str, Any]:
    return with_pulls(connection, [_row(connection, study_id)], at)[0]


def _row(connection: Connection, study_id: int) -> Row:
    rows = list(queries("quality_control").studies(connection, study_id=study_id, rows_max=1, rows_skipped=0))
    if not rows:
        raise NotFound(f"there is no stability study {study_id}", "See GET /v1/stability-studies for those there are.")
    row: Row = rows[0]
    return row


def _protocol(row: Row) -> StabilityProtocol:
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, StabilityProtocol)  # noqa: S101 - studies are of these
    return plan
