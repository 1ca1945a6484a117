"""Quality plans in force; proposed and approved as controlled changes (kinds ``quality_plan``, ``beyond_use``)."""

from typing import Any

from cloud_sync.domain.quality_plans import READ, PlanKind
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.posting.quality_control.plans import latest_plan
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries


def list_plans(database: Database, *, kind: PlanKind | None = None, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Plans with their body, the newest version of each first."""
    with database.transaction() as connection:
        return list(
            queries("quality_control").plans(connection, kind=kind, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def plan_of(database: Database, name: str, version: int) -> Row:
    """One version of a plan. Raises ``NotFound``."""
    with database.transaction() as connection:
        row = latest_plan(connection, name, version)
        if row is None:
            raise NotFound(f"there is no plan {name} version {version}", "See GET /v1/quality-plans.")
        return row


def plan_to_use(connection: Connection, name: str, kind: PlanKind) -> tuple[Row, Any]:
    """The newest version of a plan of this kind, and what it says. Raises ``NotFound``, ``Conflict``."""
    row = latest_plan(connection, name)
    if row is None:
        raise NotFound(
            f"there is no quality plan {name}",
            "Propose it with its limits and their source, and have it approved: POST /v1/changes.",
        )
    if row["kind"] != kind:
        raise Conflict(f"{name} is a plan for {row['kind']}, not for {kind}", f"See GET /v1/quality-plans?kind={kind}.")
    return row, READ.validate_python(row["body"])


def list_beyond_use(database: Database) -> list[Row]:
    """What stability data support, as it was approved: item, storage, days, plan_name, approved_by, approved_at."""
    with database.transaction() as connection:
        return list(queries("quality_control").beyond_use_supports(connection))
