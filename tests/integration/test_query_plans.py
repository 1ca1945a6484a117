"""No hot query reads a whole big table, when the tables are big and the planner knows it."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cloud_sync.storage.queries import queries
from tests.bench.ledger_data import fill
from tests.conftest import database_url

LOTS = 2_500
BIG = {"movement", "position", "residency", "exposure", "reading", "evidence", "event", "reservation"}
AT = datetime(2026, 1, 10, tzinfo=UTC)
JOURNAL = "11111111-1111-4111-8111-111111111111"

FILL_MORE = """
    INSERT INTO gateway (name, public_key) VALUES ('gw-1', sha256('1'));
    INSERT INTO channel (gateway_id, device, metric, place_id)
    SELECT 1, 'probe-' || n, 'temp_c', (SELECT id FROM place WHERE name = 'bin-' || n) FROM generate_series(1, 100) n;
    SELECT make_reading_partitions('2026-01-01', '2026-02-20');
    INSERT INTO reading
    SELECT 1 + n % 100, timestamptz '2026-01-01 00:00Z' + n * interval '40 s', n, 5, true, 1
    FROM generate_series(1, 100000) n;
    INSERT INTO event (actor, kind, subject) SELECT 'a', 'moved', 'lot:' || n % 5000 FROM generate_series(1, 100000) n;
    INSERT INTO evidence (gateway_id, journal, lane, first_seq, last_seq, digest, previous, raw)
    SELECT 1, '11111111-1111-4111-8111-111111111111', 'readings', n * 10 + 1, n * 10 + 10, sha256(n::text::bytea),
           sha256(''), 'x' FROM generate_series(0, 99999) n;
    INSERT INTO excursion (channel_id, place_id, rule, began_at, ended_at, worst)
    SELECT 1 + n % 100, (SELECT place_id FROM channel WHERE id = 1 + n % 100), 'too-warm',
           timestamptz '2026-01-01 00:00Z' + n * interval '20 min',
           timestamptz '2026-01-01 00:05Z' + n * interval '20 min', 9 FROM generate_series(1, 2000) n;
    INSERT INTO exposure (excursion_id, lot_id, place_id, residency_began_at, since)
    SELECT 1 + (row_number() OVER (ORDER BY lot_id)) % 2000, lot_id, place_id, began_at, began_at FROM residency
    ON CONFLICT DO NOTHING;
    INSERT INTO reservation (client_id, lot_id, place_id, quantity, demand, reserved_by, ended_at, ended_as)
    SELECT gen_random_uuid(), lot_id, place_id, 1, 'SO-' || n % 5000, 'amy', CASE WHEN n % 10 > 0 THEN now() END,
           CASE WHEN n % 10 > 0 THEN 'void' END
    FROM (SELECT lot_id, place_id, row_number() OVER () AS n FROM residency) r;
    INSERT INTO track SELECT id, 'too-warm', '{}', '2026-02-16', NULL, false, NULL FROM channel;
    INSERT INTO place (name, kind, ancestors) VALUES ('B1', 'production', ARRAY[currval('place_id_seq') + 1]);
    INSERT INTO formula (name, version, item_id, body, drafted_by) VALUES ('f', 1, 1, '{}', 'a');
    INSERT INTO production_batch (place_id, formula_id, quantity, owner, planned_by)
    SELECT id, 1, 1, 'house', 'a' FROM place WHERE name = 'B1';
"""


@pytest.fixture(scope="module")
def large(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A ledger with about a hundred thousand rows in every big table, analysed."""
    name = f"large_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE lotwarden_template")  # type: ignore[call-overload]
        url = database_url(postgres_url, name)
        fill(url, LOTS)
        with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(FILL_MORE)  # type: ignore[call-overload]
            connection.execute("VACUUM ANALYZE")
            yield connection
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


def lots(count: int = 5) -> dict[str, Any]:
    return {"lot_ids": list(range(100, 100 + count))}


TOUCHED = {"lot_ids": [101, 102], "serials": ["", ""], "place_ids": [20, 21]}
SPAN = {"after": AT, "until": AT + timedelta(hours=1)}
RULE = {"channel_id": 7, "is_above": True, "limit": 8.0, "hysteresis": 0.5, "on_limit_is_outside": False}
PAGE = {"rows_max": 101, "rows_skipped": 0}
HOT: list[tuple[str, str, dict[str, Any]]] = [
    ("availability", "positions_in_fefo_order", {"item_id": 3, "owner": "house", "site": None, "rows_max": 64}),
    ("availability", "lot_by_id", {"lot_id": 77}),
    ("availability", "lot_by_number", {"item": "item-3", "lot_number": "L3", "owner": "house"}),
    ("availability", "moved", {"facts": ["bench/1/r", "bench/2/r"]}),
    ("availability", "positions", {"item": None, "place": None, "lot_id": 77, "everywhere": True, **PAGE}),
    ("availability", "movements", {"lot_id": 77, "place": None, **PAGE}),
    ("reservations", "said", {"subject": "request:1"}),
    ("reservations", "reservation_by_id", {"reservation_id": 9}),
    ("reservations", "reservations", {"demand": "SO-7", "lot_id": None, "only_open": False, **PAGE}),
    ("reservations", "reservations", {"demand": None, "lot_id": 77, "only_open": True, **PAGE}),
    (
        "reservations",
        "position_to_issue",
        {"lot_id": 77, "serial": "", "place_id": 40, "but_reservation": None, "but_demand": "D-1"},
    ),
    ("movements", "lots_touch_production", {"place_ids": [20], **lots()}),
    ("movements", "lots_by_label", {"item_ids": [1, 2], "lot_numbers": ["L1", "L2"], "owners": ["house", "house"]}),
    ("movements", "redo_residencies", TOUCHED),
    ("movements", "negative_balances", TOUCHED),
    ("movements", "serials_in_places", {"lot_ids": [101, 102], "serials": ["s1", "s2"]}),
    ("movements", "faults_at_issue", {**TOUCHED, "at": [AT, AT], "dispensed_for": [None, None]}),
    ("exposure", "expose_lots", lots()),
    ("exposure", "expose_excursions", {"excursion_ids": [5]}),
    ("exposure", "downstream_lots", lots()),
    ("exposure", "exposed_lots", {"excursion_ids": [5]}),
    ("trace", "upstream", {"lot_id": 77, "serial": "", "rows_max": 1000}),
    ("trace", "downstream", {"lot_id": 77, "serial": "", "rows_max": 1000}),
    ("tracks", "last_back_before", {**RULE, "at": AT}),
    ("tracks", "first_back_after", {**RULE, "at": AT}),
    ("tracks", "instants", {"channel_id": 7, "is_above": True, **SPAN}),
    ("tracks", "extremes_around", {"channel_ids": [7, 8], "firsts": [AT, AT], "lasts": [AT, AT]}),
    ("tracks", "excursions_between", {"channel_id": 7, "rule": "too-warm", **SPAN}),
    ("tracks", "tracks_of", {"channel_ids": [7, 8]}),
    ("ingest", "last_batch_up_to", {"gateway_id": 1, "journal": JOURNAL, "lane": "readings", "last_seq": 500}),
    ("ingest", "last_batches_up_to", {"gateway_id": 1, "journals": [JOURNAL] * 50, "lanes": ["readings"] * 50,
                                      "last_seqs": list(range(50))}),
    ("events", "events_of_subject", {"subject": "lot:77", "rows_max": 100}),
    ("quality", "exposures", {"excursion_id": None, "lot_id": 77, **PAGE}),
    ("quality", "exposures", {"excursion_id": 7, "lot_id": None, **PAGE}),
    ("quality", "holds_now", {"lot_id": 77, "place": None, **PAGE}),
    ("quality", "excursions", {"place": None, "only_open": False, **PAGE}),
    ("quality", "excursion_to_decide", {"excursion_id": 7, "lot_id": 77}),
    ("master_data", "channels", {"gateway": None, "place": None, **PAGE}),
    ("compounding", "components", {"place_id": 2131}),
    ("compounding", "products", {"batch_id": 1, "place_id": 2131}),
    ("compounding", "left_in_batch", {"place_id": 2131}),
    ("compounding", "prescriptions_of_lots", lots()),
    ("compounding", "environment", {"ancestors": [20, 21], "room_id": 21, "began_at": AT, "ended_at": AT}),
    ("compounding", "excursions_during", {"ancestors": [20, 21], "began_at": AT, "ended_at": AT}),
]  # fmt: skip


@pytest.mark.parametrize(("room", "name", "parameters"), HOT, ids=[f"{room}.{name}" for room, name, _ in HOT])
def test_a_hot_query_never_reads_a_whole_big_table(
    large: psycopg.Connection, room: str, name: str, parameters: dict[str, Any]
) -> None:
    sql = getattr(queries(room), name).sql
    with large.transaction(force_rollback=True):
        row = large.execute(f"EXPLAIN (FORMAT json) {sql}".encode(), parameters).fetchone()
    assert row is not None
    assert scanned(row[0][0]["Plan"]) == set()


def test_a_scan_of_a_big_table_would_be_seen(large: psycopg.Connection) -> None:
    row = large.execute("EXPLAIN (FORMAT json) SELECT sum(quantity) FROM movement, reading").fetchone()
    assert row is not None
    assert scanned(row[0][0]["Plan"]) >= {"movement", "reading"}


def test_every_big_table_is_big(large: psycopg.Connection) -> None:
    for table in BIG:
        (count,) = large.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)  # type: ignore[call-overload]
        assert count >= 45_000, table


def scanned(plan: dict[str, Any]) -> set[str]:
    """Big tables (months of readings count as one) that a plan reads from end to end."""
    found: set[str] = set()
    if plan["Node Type"] == "Seq Scan":
        table = plan["Relation Name"]
        found |= BIG & {"reading" if table.startswith("reading_2") else table}
    for part in plan.get("Plans", ()):
        found |= scanned(part)
    return found
