"""What quality control has to do soon, or should have done."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from cloud_sync.domain.quality_plans import (
    READ,
    EnvironmentPlan,
    MaterialPlan,
    QualificationPlan,
    StabilityProtocol,
)
from cloud_sync.storage.database import Connection
from cloud_sync.storage.queries import queries

AHEAD = timedelta(days=14)
"""How long before its day something is told; of a pull point as long as its window is open, if that is longer."""
ROWS_MAX = 1000
HALF_YEAR_DAYS = 184
"""The longest half of a year."""


def due_now(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    """Pull points, retests, qualifications, sessions of plates and reports that are due: see ``actions``."""
    yield from _pulls(connection, at)
    yield from _retests(connection, at)
    yield from _qualifications(connection, at)
    yield from _sessions(connection, at)
    yield from _reports(connection, at)


def _due(
    kind: str, key: str, text: str, due_on: date, at: datetime, path: str, place_id: int | None = None
) -> dict[str, Any]:
    return {
        "kind": kind, "key": f"{kind}:{key}", "text": text, "due_on": due_on, "is_late": due_on < at.date(),
        "path": path, "place_id": place_id,
    }  # fmt: skip


def _pulls(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    studies = list(queries("quality_control").studies(connection, study_id=None, rows_max=ROWS_MAX, rows_skipped=0))
    done = {
        (row["study_id"], row["day"])
        for row in queries("quality_control").pulls(connection, study_ids=[row["id"] for row in studies])
    }
    for row in studies:
        protocol = READ.validate_python(row["body"])
        assert isinstance(protocol, StabilityProtocol)  # noqa: S101 - studies are of these
        for pull in protocol.pulls:
            due_at = row["began_at"] + timedelta(days=pull.day)
            ahead = max(AHEAD, timedelta(days=protocol.window_days))
            if (row["id"], pull.day) in done or at < due_at - ahead:
                continue
            text = f"Pull {pull.units} of lot {row['lot_number']} ({row['item']}) for day {pull.day} of ST-{row['id']}"
            yield _due("pull", f"{row['id']}:{pull.day}", text, due_at.date(), at, f"/quality/studies/{row['id']}",
                       row["place_id"])  # fmt: skip


def _retests(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    lots = [row["lot_id"] for row in queries("quality_control").material_lots(connection, rows_max=ROWS_MAX)]
    for row in queries("quality_control").material_standing(connection, lot_ids=lots):
        plan = READ.validate_python(row["body"])
        assert isinstance(plan, MaterialPlan)  # noqa: S101 - the query asks for these
        if row["decision"] != "accepted" or plan.retest_days is None:
            continue
        due_on = (row["taken_at"] + timedelta(days=plan.retest_days)).date()
        if due_on - AHEAD <= at.date():
            text = f"Test lot {row['lot_number']} of {row['item']} again; after that day it may not be used"
            yield _due("retest", f"{row['lot_id']}:{row['sample_id']}", text, due_on, at, f"/lots/{row['lot_id']}")


def _qualifications(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    for row in queries("quality_control").qualifications(connection, rows_max=ROWS_MAX):
        plan = READ.validate_python(row["body"])
        assert isinstance(plan, QualificationPlan)  # noqa: S101 - the query asks for these
        if row["decision"] != "accepted":
            continue
        due_on = (row["taken_at"] + timedelta(days=plan.valid_days)).date()
        if due_on - AHEAD <= at.date():
            text = f"{row['person']} needs another media fill for {row['plan']} to go on compounding after that day"
            yield _due("qualification", f"{row['plan']}:{row['person']}:{row['sample_id']}", text, due_on, at,
                       "/quality/qualifications")  # fmt: skip


def _sessions(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    for row in queries("quality_control").environment_standing(connection):
        plan = READ.validate_python(row["body"])
        assert isinstance(plan, EnvironmentPlan)  # noqa: S101 - the query asks for these
        if plan.every_days is None:
            continue
        due_on = ((row["last_at"] or row["effective_from"]) + timedelta(days=plan.every_days)).date()
        if due_on <= at.date() + timedelta(days=1):
            text = f"Expose plates in {row['place']} by {row['plan']}"
            yield _due(
                "environment", f"{row['plan']}:{due_on}", text, due_on, at, "/quality/environment", row["place_id"]
            )


def _reports(connection: Connection, at: datetime) -> Iterator[dict[str, Any]]:
    last: date | None = queries("quality_control").last_report_until(connection)
    first: date | None = queries("quality_control").first_made_since(connection, since=last)
    if first is None:
        return
    due_on = (last or first) + timedelta(days=HALF_YEAR_DAYS)
    if due_on - AHEAD <= at.date():
        text = f"Report what was compounded for stock since {last or first}"
        yield _due("report", f"{last or first}", text, due_on, at, "/quality/reports")
