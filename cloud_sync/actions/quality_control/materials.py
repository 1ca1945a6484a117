"""Raw materials: samples of their lots, and whether each lot may be used."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloud_sync.actions.quality_control.samples import add_sample, known_sample, lock_lot, shown_sample, take_units
from cloud_sync.domain.quality_plans import READ, MaterialPlan
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.positions import lot_of
from cloud_sync.posting.quality_control.gates import material_fault
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

LOTS_MAX = 2000


def take_sample(
    database: Database, *, client_id: UUID, lot_id: int, from_place: str, note: str, at: datetime, actor: str
) -> dict[str, Any]:
    """Take what the plan of its item asks for out of a lot; gives the sample. The units are used in tests then.

    Raises ``NotFound``, and ``Conflict`` where they are not there.
    """
    with database.transaction() as connection:
        lock_lot(connection, lot_id)
        if before := known_sample(connection, client_id, lot_id=lot_id):
            return before
        lot = lot_of(connection, lot_id)
        row = next(iter(queries("quality_control").material_standing(connection, lot_ids=[lot_id])), None)
        if row is None:
            raise NotFound(
                f"{lot['item']} has no plan for raw materials",
                "Propose one with its limits and their source, and have it approved: POST /v1/changes.",
            )
        plan = _plan(row)
        stored = queries("quality_control").plan(connection, name=row["plan"], version=row["version"])
        sample_id = add_sample(
            connection, kind="material_sampled", subject=f"lot:{lot_id}", at=at, actor=actor, client_id=client_id,
            plan_id=stored["id"], lot_id=lot_id, quantity=plan.units, note=note,
        )  # fmt: skip
        if sample_id is None:
            raise Conflict("this sample is recorded already", "See GET /v1/quality-samples?kind=material.")
        event_id = add_event(
            connection, actor=actor, kind="samples_used", subject=f"lot:{lot_id}", data={"sample": sample_id}
        )
        take_units(
            connection, fact=f"sample/{sample_id}", lot_id=lot_id, place=from_place, quantity=plan.units,
            event_id=event_id, at=at, actor=actor,
        )  # fmt: skip
        return shown_sample(connection, sample_id)


def list_materials(database: Database, *, at: datetime) -> list[dict[str, Any]]:
    """Lots in the house whose item has a plan: state (usable, waiting), fault, sampled_at, retest_at."""
    with database.transaction() as connection:
        return material_states(connection, at)


def material_states(connection: Connection, at: datetime) -> list[dict[str, Any]]:
    """The same in the caller's transaction."""
    lots = [row["lot_id"] for row in queries("quality_control").material_lots(connection, rows_max=LOTS_MAX)]
    return [_shown(row, at) for row in queries("quality_control").material_standing(connection, lot_ids=lots)]


def _shown(row: Row, at: datetime) -> dict[str, Any]:
    plan, fault = _plan(row), material_fault(row, at)
    accepted = row["decision"] == "accepted"
    return {
        "lot_id": row["lot_id"], "lot_number": row["lot_number"], "item": row["item"], "plan": row["plan"],
        "state": "usable" if fault is None else "waiting", "fault": fault, "sample_id": row["sample_id"],
        "sampled_at": row["taken_at"],
        "retest_at": row["taken_at"] + timedelta(days=plan.retest_days) if accepted and plan.retest_days else None,
    }  # fmt: skip


def _plan(row: Row) -> MaterialPlan:
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, MaterialPlan)  # noqa: S101 - the query asks for these
    return plan
