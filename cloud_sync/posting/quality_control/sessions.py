"""Sessions of plates in a room: what is exposed, what grew, and what of it a batch has to wait for."""

from collections.abc import Sequence
from typing import Any

from cloud_sync.domain.quality_plans import READ, EnvironmentPlan, Verdict
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

SESSIONS_MAX = 100


def session_row(connection: Connection, session_id: int) -> Row:
    """A session. Raises ``NotFound``."""
    rows = list(
        queries("quality_control").sessions(
            connection, session_id=session_id, batch_id=None, rows_max=1, rows_skipped=0
        )
    )
    if not rows:
        raise NotFound(f"there is no session {session_id}", "See GET /v1/environment-sessions for those there are.")
    row: Row = rows[0]
    return row


def with_plates(connection: Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Sessions with ``plates`` (point, code, person, count, verdict), and ``missing``: points without a count."""
    plates = list(queries("quality_control").plates(connection, session_ids=[row["id"] for row in rows]))
    results: dict[int, Row] = {}
    for each in queries("quality_control").results(connection, sample_ids=[plate["id"] for plate in plates]):
        before = results.get(each["sample_id"])
        # A count above the action level stands until an investigation voids it.
        if not each["is_void"] and (before is None or before["verdict"] != Verdict.FAIL):
            results[each["sample_id"]] = each
    return [_shown(row, [each for each in plates if each["session_id"] == row["id"]], results) for row in rows]


def session_faults(connection: Connection, batch_id: int, plan: str) -> list[str]:
    """What keeps a batch that is made under a plan for its room waiting; empty: every plate is read and good."""
    rows = queries("quality_control").sessions(
        connection, session_id=None, batch_id=batch_id, rows_max=SESSIONS_MAX, rows_skipped=0
    )
    of_plan = [row for row in with_plates(connection, list(rows)) if row["plan"] == plan]
    if not of_plan:
        return [f"no session of plates by {plan} was taken during it"]
    found = []
    for session in of_plan:
        found += [f"session {session['id']} has no count at {point}" for point in session["missing"]]
        found += [
            f"{each['point']} is above its action level in session {session['id']}: {each['count']:g}"
            for each in session["plates"]
            if each["verdict"] == Verdict.FAIL
        ]
    return found


def _shown(row: Row, plates: Sequence[Row], results: dict[int, Row]) -> dict[str, Any]:
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, EnvironmentPlan)  # noqa: S101 - sessions are of these
    shown = []
    for plate in plates:
        result = results.get(plate["id"])
        shown.append({
            "sample_id": plate["id"], "point": plate["point"], "code": plate["code"], "person": plate["person"],
            "taken_at": plate["taken_at"], "taken_by": plate["taken_by"],
            "count": result["value"] if result else None, "verdict": result["verdict"] if result else None,
            "organism": result["note"] if result else "",
        })  # fmt: skip
    read = {each["point"] for each in shown if each["verdict"] is not None}
    unread = {each["point"] for each in shown if each["verdict"] is None}
    missing = [point.name for point in plan.points if point.name not in read or point.name in unread]
    told = {name: value for name, value in row.items() if name not in ("body", "plan_id", "place_id", "batch_id")}
    return {**told, "plates": shown, "missing": missing, "points": [point.name for point in plan.points]}
