"""Hot queries look into the months that they are about, however many there are.

A ledger of three years has as many partitions of readings. What is asked for each batch must not get slower with them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cloud_sync.storage.queries import queries
from tests.support.recycled_databases import RecycledDatabases

MONTHS = 36
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = {"is_above": True, "limit": 8.0, "hysteresis": 0.5, "on_limit_is_outside": False}
FILL = """
    INSERT INTO gateway (name, public_key) VALUES ('gw-1', decode(repeat('00', 32), 'hex'));
    INSERT INTO channel (gateway_id, device, metric) SELECT 1, 'probe-' || n, 'temp_c' FROM generate_series(1, 5) AS n;
    SELECT make_reading_partitions('2023-07-01Z', '2026-06-30Z');
    INSERT INTO reading (channel_id, at, seq, value, evidence_id)
    SELECT c.id, at, 1, 5, 1
    FROM channel c, generate_series('2023-07-01Z'::timestamptz, '2026-06-15 12:00Z', '6 hours') AS at;
"""
HOT: dict[str, dict[str, Any]] = {
    "tracks.extremes_around": {"channel_ids": [1, 2], "firsts": [NOW - HOUR] * 2, "lasts": [NOW] * 2},
    "tracks.last_back_before": {"channel_id": 1, "at": NOW, **LIMIT},
    "tracks.first_back_after": {"channel_id": 1, "at": NOW - 24 * HOUR, **LIMIT},
    "tracks.instants": {"channel_id": 1, "first": NOW - 24 * HOUR, "before": None, "is_above": True, "at_most": 2001},
    "tracks.telling_instants": {
        "channel_id": 1, "first": NOW - 24 * HOUR, "before": None, "at_most": 2001, **LIMIT,
    },
    "tracks.last_beyond": {
        "channel_id": 1, "first": NOW - 24 * HOUR, "last": NOW, "is_above": True, "edge": 8.0,
        "on_edge_is_outside": True,
    },
    "tracks.silence_start": {"channel_id": 1, "at": NOW},
    "tracks.last_good_reading": {"channel_id": 1, "horizon": NOW},
    "tracks.first_good_after": {"channel_id": 1, "at": NOW - 24 * HOUR},
    "tracks.silences": {
        "channel_id": 1, "first": NOW - 24 * HOUR, "last": NOW, "after_s": 900.0, "horizon": NOW,
    },
    "tracks.channels_with_doubtful_times": {"channel_ids": [1, 2]},
    "excursions.covered_by_good_readings": {
        "channel_id": 1, "first": NOW - 24 * HOUR, "before": NOW, "gap_s": 600.0,
    },
    "envelopes.readings_of": {
        "channel_id": 1, "first": NOW - 24 * HOUR, "last": NOW, "rows_max": 100, "rows_skipped": 0,
    },
    "master_data.channels": {"gateway": None, "place": None, "rows_max": 100, "rows_skipped": 0},
}  # fmt: skip
"""What is asked for new readings, and what somebody looks at, with values of now."""


@pytest.fixture(scope="module")
def old(databases: RecycledDatabases) -> Iterator[psycopg.Connection]:
    """A ledger of three years."""
    with databases.lent() as url, psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        connection.execute("ANALYZE reading")
        yield connection


@pytest.mark.parametrize("name", sorted(HOT))
def test_a_hot_query_looks_into_at_most_two_months(old: psycopg.Connection, name: str) -> None:
    room, _, query = name.partition(".")
    touched = months_touched(old, getattr(queries(room), query).sql, HOT[name])
    assert len(touched) <= 2, sorted(touched)


def test_a_query_that_looks_into_all_would_be_seen(old: psycopg.Connection) -> None:
    sql = "SELECT max(value) FROM reading WHERE channel_id = %(id)s"
    assert len(months_touched(old, sql, {"id": 1})) == MONTHS


@pytest.mark.parametrize("name", ["tracks.last_back_before", "tracks.last_good_reading", "tracks.extremes_around"])
def test_the_reading_next_to_an_instant_is_found_without_reading_the_days_around(
    old: psycopg.Connection, name: str
) -> None:
    room, _, query = name.partition(".")
    assert rows_read(analysed(old, getattr(queries(room), query).sql, HOT[name])) <= 12


def months_touched(old: psycopg.Connection, sql: str, parameters: dict[str, Any]) -> set[str]:
    """The partitions that were looked into when the query ran."""
    return _touched(analysed(old, sql, parameters))


def analysed(old: psycopg.Connection, sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """How the query ran."""
    with old.transaction(force_rollback=True):
        asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT json) {sql}".encode()
        row = psycopg.ClientCursor(old).execute(asked, parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def rows_read(plan: dict[str, Any]) -> float:
    """Of the partitions, in all."""
    is_month = plan.get("Relation Name", "").startswith("reading_2")
    own = plan["Actual Rows"] * plan["Actual Loops"] if is_month else 0.0
    return float(own) + sum(rows_read(part) for part in plan.get("Plans", ()))


def _touched(plan: dict[str, Any]) -> set[str]:
    name = plan.get("Relation Name", "")
    found = {name} if name.startswith("reading_2") and plan["Actual Loops"] else set()
    for part in plan.get("Plans", ()):
        found |= _touched(part)
    return found
