"""Samples: what they are of, what their tests gave, and whether they may be accepted."""

from collections.abc import Iterable, Sequence
from typing import Any

from cloud_sync.domain.quality_plans import READ, AcceptanceLimit, SampleResult, Verdict, faults_of
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

OUT_OF_SPECIFICATION = "out_of_specification"
ACTION_LEVEL = "action_level"
"""Kinds of cases about one result each. Explained or corrected: an error of the laboratory, and the result is void."""


def sample_row(connection: Connection, sample_id: int, *, lock: bool = False) -> Row:
    """A sample. ``lock``: nobody else writes to it until the transaction ends. Raises ``NotFound``."""
    if lock:
        queries("quality_control").lock_sample(connection, id=sample_id)
    row: Row | None = queries("quality_control").sample(connection, id=sample_id)
    if row is None:
        raise NotFound(f"there is no sample {sample_id}", "See GET /v1/quality-samples for those there are.")
    return row


def tests_of(row: Row) -> tuple[AcceptanceLimit, ...]:
    """The tests of a sample, as the version of its plan says."""
    return READ.validate_python(row["body"]).tests_at(row["point"])


def with_results(connection: Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Samples as they are shown: with their results, what keeps each from being accepted, and its state."""
    results: dict[int, list[Row]] = {row["id"]: [] for row in rows}
    for result in queries("quality_control").results(connection, sample_ids=sorted(results)):
        results[result.pop("sample_id")].append(result)
    return [_shown(row, results[row["id"]]) for row in rows]


def _shown(row: Row, results: Sequence[Row]) -> dict[str, Any]:
    tests = tests_of(row)
    units = {test.name: test.unit for test in tests}
    faults = faults_of(tests, [_result(each, units.get(each["test"], "")) for each in results])
    told = {name: value for name, value in row.items() if name != "body"}
    return {
        **told,
        "tests": [{"name": test.name, "limits": test.told(), "unit": test.unit, "source": test.source,
                   "is_measured": test.is_measured} for test in tests],
        "results": list(results),
        "faults": [] if row["decision"] else list(faults),
        "state": row["decision"] or _state(results, faults),
    }  # fmt: skip


def _state(results: Sequence[Row], faults: Iterable[str]) -> str:
    if any(each["verdict"] == Verdict.FAIL and not each["is_void"] for each in results):
        return "failed"
    return "in_test" if any(faults) else "tested"


def _result(row: Row, unit: str) -> SampleResult:
    told = "does not conform" if row["value"] is None else f"{row['value']:g} {unit}".strip()
    return SampleResult(row["test"], Verdict(row["verdict"]), told, row["is_void"])
