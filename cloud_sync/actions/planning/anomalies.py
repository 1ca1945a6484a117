"""Looking for what is unusual: each finding is a case with its evidence, which a person looks into and closes."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from cloud_sync.planning.anomalies import (
    CountedPosition,
    Finding,
    PersonUse,
    SensorPair,
    differing_counts,
    drifting_sensors,
    unusual_use,
)
from cloud_sync.posting.cases import Case, latest_case, open_case
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.queries import queries

UNUSUAL_USE, COUNT_DIFFERS, SENSOR_DRIFT = "unusual_use", "count_differs_again", "sensor_drift"
WEEKS = 26
COUNTS_SINCE = timedelta(days=365)
DRIFT_DAYS = 30
DRIFT_MAX: Mapping[str, float] = {"temp_c": 0.5, "rh_pct": 5.0}
"""Beyond what sensors of storage rooms may be off between two calibrations."""
PAIRS_MAX = 500
QUIET = timedelta(days=28)
"""A case about the same that was closed so lately is not opened again."""


def look_for_anomalies(database: Database, *, at: datetime) -> list[int]:
    """Look through use, counts and sensors; gives the cases that were opened. Asking again opens nothing twice."""
    with database.transaction() as connection:
        found = [
            *((UNUSUAL_USE, each, None) for each in unusual_use(_uses(connection, at))),
            *((COUNT_DIFFERS, each, place_id) for each, place_id in _counts(connection, at)),
            *((SENSOR_DRIFT, each, place_id) for each, place_id in _drifts(connection, at)),
        ]
        opened = [_open(connection, kind, finding, place_id, at) for kind, finding, place_id in found]
    return [case_id for case_id in opened if case_id is not None]


def _open(connection: Connection, kind: str, finding: Finding, place_id: int | None, at: datetime) -> int | None:
    known = latest_case(connection, kind, finding.key)
    if known is not None and known["resolved_at"] is not None and at - known["resolved_at"] < QUIET:
        return None
    case = Case(kind, finding.key, finding.text, data=dict(finding.evidence), place_id=place_id)
    return open_case(connection, case)


def _uses(connection: Connection, at: datetime) -> list[PersonUse]:
    weeks: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * WEEKS)
    for row in queries("anomalies").controlled_use(connection, first=at - timedelta(weeks=WEEKS), last=at):
        if 0 <= row["weeks_ago"] < WEEKS:
            weeks[row["operator"], row["ward"], row["item"]][WEEKS - 1 - row["weeks_ago"]] += row["units"]
    return [PersonUse(operator, ward, item, _since_first(used)) for (operator, ward, item), used in weeks.items()]


def _since_first(used: list[int]) -> tuple[int, ...]:
    first = next((week for week, units in enumerate(used) if units), 0)
    return tuple(used[first:])


def _counts(connection: Connection, at: datetime) -> list[tuple[Finding, int]]:
    found = []
    for row in queries("anomalies").counted_positions(connection, since=at - COUNTS_SINCE):
        results = tuple(zip(row["counted"], row["expected"], strict=True))
        said = CountedPosition(row["item"], row["place"], results, tuple(row["numbers"]))
        found += [(each, row["place_id"]) for each in differing_counts([said])]
    return found


def _drifts(connection: Connection, at: datetime) -> list[tuple[Finding, int]]:
    found = []
    first = at - timedelta(days=DRIFT_DAYS)
    for row in list(queries("anomalies").neighbours(connection))[:PAIRS_MAX]:
        points = tuple(
            (each["hour"], each["difference"])
            for each in queries("anomalies").hourly_differences(
                connection, channel_id=row["channel_id"], neighbour_id=row["neighbour_id"], first=first, last=at
            )
        )
        unit = "°C" if row["metric"] == "temp_c" else "%"
        pair = SensorPair(f"{row['place']}: {row['channel']}", row["neighbour"], unit, points)
        found += [(each, row["place_id"]) for each in drifting_sensors([pair], drift_max=DRIFT_MAX[row["metric"]])]
    return found
