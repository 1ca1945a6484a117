"""Viable counts: sessions of plates in a room, one plate at each point of its plan, with the batch made meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_sync.actions.quality_control.plans import plan_to_use
from cloud_sync.actions.quality_control.samples import add_sample, known_sample, shown_sample
from cloud_sync.domain.quality_plans import READ, EnvironmentPlan, PlanKind
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.quality_control.sessions import session_row, with_plates
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def open_session(
    database: Database, *, plan: str, place: str, batch: str | None, note: str, at: datetime, actor: str
) -> dict[str, Any]:
    """Begin a session by the plan of this room. Raises ``NotFound``, ``Invalid``, ``Conflict``."""
    with database.transaction() as connection:
        row, said = plan_to_use(connection, plan, PlanKind.ENVIRONMENT)
        if said.place != place:
            raise Invalid(f"{plan} is the plan of {said.place}, not of {place}", "Name the plan of this room.")
        made = queries("compounding").batch(connection, number=batch) if batch else None
        if batch and made is None:
            raise NotFound(f"there is no production batch {batch}", "See GET /v1/production-batches.")
        if made is not None and row["place_id"] not in made["ancestors"] and made["room"] != place:
            raise Conflict(
                f"batch {batch} is made in {made['room']}, and {plan} is of {place}",
                "Name a batch of that room, or none.",
            )
        session_id: int = queries("quality_control").add_session(
            connection, plan_id=row["id"], batch_id=made["id"] if made else None, note=note, at=at, actor=actor
        )
        data = {"plan": plan, "version": row["version"], "place": place, "batch": batch}
        add_event(connection, actor=actor, kind="plates_begun", subject=f"session:{session_id}", reason=note, data=data)
        return with_plates(connection, [session_row(connection, session_id)])[0]


def add_plate(
    database: Database,
    session_id: int,
    *,
    client_id: UUID,
    point: str,
    code: str,
    person: str,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """A plate with this code is exposed at a point; ``person``: whose glove or garment it is of. Gives the sample.

    Raises ``NotFound``, ``Conflict`` if the point or the code has one, ``Invalid``.
    """
    with database.transaction() as connection:
        row = session_row(connection, session_id)
        if before := known_sample(connection, client_id, session_id=session_id, point=point):
            return before
        plan = READ.validate_python(row["body"])
        assert isinstance(plan, EnvironmentPlan)  # noqa: S101 - sessions are of these
        if not plan.tests_at(point):
            raise NotFound(
                f"plan {row['plan']} has no point {point}", f"It has {', '.join(each.name for each in plan.points)}."
            )
        if any(each["point"] == point and each["person"] == person for each in _plates(connection, session_id)):
            raise Conflict(
                f"session {session_id} has a plate at {point} already", "Open another session for the next one."
            )
        sample_id = add_sample(
            connection, kind="plate_exposed", subject=f"session:{session_id}", at=at, actor=actor, client_id=client_id,
            plan_id=row["plan_id"], session_id=session_id, point=point, code=code, person=person,
            place_id=row["place_id"],
        )  # fmt: skip
        if sample_id is None:
            raise Conflict(
                f"plate {code} was exposed before", "Each plate has a code of its own: read it from the plate."
            )
        return shown_sample(connection, sample_id)


def list_sessions(database: Database, *, rows_max: int, rows_skipped: int = 0) -> list[dict[str, Any]]:
    """Sessions with their plates and counts, the newest first."""
    with database.transaction() as connection:
        rows = queries("quality_control").sessions(
            connection, session_id=None, batch_id=None, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return with_plates(connection, list(rows))


def session_of(database: Database, session_id: int) -> dict[str, Any]:
    """A session with its plates and counts. Raises ``NotFound``."""
    with database.transaction() as connection:
        return with_plates(connection, [session_row(connection, session_id)])[0]


def _plates(connection: Any, session_id: int) -> Sequence[Any]:
    return list(queries("quality_control").plates(connection, session_ids=[session_id]))
