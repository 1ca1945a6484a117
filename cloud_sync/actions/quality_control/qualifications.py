"""Media fills and what follows from them: who may compound which preparations, and until when."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.quality_control.plans import plan_to_use
from cloud_sync.actions.quality_control.samples import add_sample, known_sample, shown_sample
from cloud_sync.domain.quality_plans import READ, PlanKind, QualificationPlan, unqualified
from cloud_sync.errors import Conflict, Invalid
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

PEOPLE_MAX = 1000


def record_fill(
    database: Database,
    *,
    client_id: UUID,
    plan: str,
    person: str,
    place: str,
    units: int,
    note: str,
    at: datetime,
    actor: str,
) -> dict[str, Any]:
    """Somebody filled so many units of medium in this room; gives the sample, which is incubated and read then.

    Raises ``NotFound``, ``Invalid`` for fewer units than the plan asks for, ``Conflict``.
    """
    with database.transaction() as connection:
        if before := known_sample(connection, client_id, person=person, plan=plan, quantity=units):
            return before
        row, said = plan_to_use(connection, plan, PlanKind.QUALIFICATION)
        where = place_named(connection, place)
        if where["kind"] not in {"room", "bin"}:
            raise Invalid(f"{place} is a {where['kind']}", "Name the room, or the hood in it, where it was filled.")
        if units < said.units_min:
            raise Invalid(
                f"{units} units were filled, and {plan} asks for {said.units_min}",
                "Fill as many as the plan says; fewer show nothing.",
            )
        sample_id = add_sample(
            connection, kind="medium_filled", subject=f"person:{person}", at=at, actor=actor, client_id=client_id,
            plan_id=row["id"], person=person, place_id=where["id"], quantity=units, note=note,
        )  # fmt: skip
        if sample_id is None:
            raise Conflict("this media fill is recorded already", "See GET /v1/quality-samples?kind=qualification.")
        return shown_sample(connection, sample_id)


def list_qualifications(database: Database, *, at: datetime) -> list[dict[str, Any]]:
    """Of everybody with a media fill, by plan: until, state (qualified, in_test, failed, over), fault, sample_id."""
    with database.transaction() as connection:
        rows = list(queries("quality_control").qualifications(connection, rows_max=PEOPLE_MAX))
        return [_shown(row, at) for row in rows]


def _shown(row: Row, at: datetime) -> dict[str, Any]:
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, QualificationPlan)  # noqa: S101 - the query asks for these
    fault = unqualified(row["plan"], plan, filled_at=row["taken_at"], decision=row["decision"], at=at)
    until = row["taken_at"] + timedelta(days=plan.valid_days) if row["decision"] == "accepted" else None
    if row["decision"] is None:
        state, fault = "in_test", f"the media fill of {row['taken_at']:%Y-%m-%d} is not decided on"
    elif fault is None:
        state = "qualified"
    else:
        state = "over" if row["decision"] == "accepted" else "failed"
    return {
        "person": row["person"], "plan": row["plan"], "preparations": list(plan.preparations), "state": state,
        "until": until, "fault": fault, "sample_id": row["sample_id"], "filled_at": row["taken_at"],
    }  # fmt: skip
