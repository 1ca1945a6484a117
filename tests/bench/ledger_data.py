"""A ledger filled with stock, quickly: by SQL, as booking would have left it (a test compares the two)."""

import psycopg

ITEMS = 500
BINS = 2_000
ROOMS = 20
CUSTOMERS = 8
POSITIONS_PER_LOT = 20
"""Supplier, dock, ten bins and eight customers."""
MOVEMENTS_PER_LOT = 41

_PLACES = f"""
    INSERT INTO policy VALUES ('cold', '{{"name": "cold", "title": "2 to 8 °C", "rules": [
        {{"name": "too-warm", "metric": "temp_c", "side": "above", "limit": 8.0, "on_limit_is_outside": false,
         "delay_s": 0, "hysteresis": 0.5, "source": "USP <659>"}},
        {{"name": "too-cold", "metric": "temp_c", "side": "below", "limit": 2.0, "on_limit_is_outside": false,
         "delay_s": 0, "source": "USP <659>"}}]}}') ON CONFLICT DO NOTHING;
    INSERT INTO place (name, kind, ancestors) VALUES ('site', 'site', '{{}}'), ('acme', 'supplier', '{{}}');
    INSERT INTO place (name, kind, ancestors) SELECT 'customer-' || n, 'customer', '{{}}'
    FROM generate_series(0, {CUSTOMERS - 1}) n;
    INSERT INTO place (name, kind, ancestors, parent_id)
    SELECT name, 'room', '{{}}', (SELECT id FROM place WHERE name = 'site')
    FROM (SELECT 'dock' AS name UNION ALL SELECT 'cold-room' UNION ALL
          SELECT 'room-' || n FROM generate_series(0, {ROOMS - 1}) n) r;
    INSERT INTO place (name, kind, ancestors, parent_id)
    SELECT 'bin-' || n, 'bin', '{{}}', (SELECT id FROM place WHERE name = 'room-' || n % {ROOMS})
    FROM generate_series(0, {BINS - 1}) n;
    INSERT INTO place (name, kind, ancestors, parent_id)
    SELECT 'cold-bin-' || n, 'bin', '{{}}', (SELECT id FROM place WHERE name = 'cold-room')
    FROM generate_series(0, 99) n;
    UPDATE place SET policy = 'cold' WHERE name = 'cold-room';
    WITH RECURSIVE path AS (
        SELECT id, ARRAY[id] AS ancestors FROM place WHERE parent_id IS NULL
        UNION ALL SELECT p.id, path.ancestors || p.id FROM place p JOIN path ON p.parent_id = path.id
    ) UPDATE place SET ancestors = path.ancestors FROM path WHERE path.id = place.id;
    INSERT INTO item (name) SELECT 'item-' || n FROM generate_series(0, {ITEMS - 1}) n;
    INSERT INTO event (actor, kind, subject) VALUES ('bench', 'filled', 'bench:1');
"""

# Each lot: received at the dock, put away into ten bins, shipped three times from each of them to eight customers.
_MOVEMENTS = f"""
    INSERT INTO lot (item_id, lot_number, owner, expires_on)
    SELECT i.id, 'L' || k, 'house', d
    FROM generate_series(1, %(lots)s) k
    JOIN item i ON i.name = 'item-' || k %% {ITEMS}
    CROSS JOIN LATERAL (SELECT date '2028-01-01' + (k / {ITEMS} * 37 + k %% {ITEMS}) %% 1000 AS d) x;
    CREATE TEMP TABLE bin AS SELECT id, substr(name, 5)::int AS n FROM place WHERE name LIKE 'bin-%%';
    CREATE UNIQUE INDEX ON bin (n);
    CREATE TEMP TABLE buyer AS SELECT id, substr(name, 10)::int AS n FROM place WHERE kind = 'customer';
    ANALYZE bin; ANALYZE buyer;
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/' || l.k || '/r', l.id, 1000, (SELECT id FROM place WHERE name = 'acme'),
           (SELECT id FROM place WHERE name = 'dock'), l.t, 'receive', 1
    FROM (SELECT id, substr(lot_number, 2)::int AS k,
                 timestamptz '2026-01-01 00:00Z' + substr(lot_number, 2)::int * interval '1 s' AS t
          FROM lot WHERE lot_number LIKE 'L%%') l;
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/' || l.k || '/p' || j, l.id, 100, (SELECT id FROM place WHERE name = 'dock'), bin.id,
           l.t + interval '1 hour' + j * interval '1 s', 'put_away', 1
    FROM (SELECT id, substr(lot_number, 2)::int AS k,
                 timestamptz '2026-01-01 00:00Z' + substr(lot_number, 2)::int * interval '1 s' AS t
          FROM lot WHERE lot_number LIKE 'L%%') l
    CROSS JOIN generate_series(0, 9) j JOIN bin ON bin.n = (l.k * 10 + j) %% {BINS};
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/' || l.k || '/s' || j || '/' || i, l.id, 10, bin.id, buyer.id,
           l.t + interval '1 day' + (j * 3 + i) * interval '1 s', 'ship', 1
    FROM (SELECT id, substr(lot_number, 2)::int AS k,
                 timestamptz '2026-01-01 00:00Z' + substr(lot_number, 2)::int * interval '1 s' AS t
          FROM lot WHERE lot_number LIKE 'L%%') l
    CROSS JOIN generate_series(0, 9) j CROSS JOIN generate_series(0, 2) i
    JOIN bin ON bin.n = (l.k * 10 + j) %% {BINS} JOIN buyer ON buyer.n = (j * 3 + i + l.k) %% {CUSTOMERS};
"""

_COLD = """
    INSERT INTO lot (item_id, lot_number, owner, expires_on)
    SELECT (SELECT min(id) FROM item), 'C' || k, 'house', '2030-01-01'
    FROM generate_series(1, %(lots)s) k;
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'bench/cold/' || l.id, l.id, 10, (SELECT id FROM place WHERE name = 'acme'), bin.id, '2026-01-05 00:00Z',
           'receive', 1
    FROM lot l JOIN place bin ON bin.name = 'cold-bin-' || l.id %% 100
    WHERE l.lot_number LIKE 'C%%';
"""

# One lot with so many nodes behind it and as many before it: made of fifty lots that came by a hundred bins each, and
# made into fifty others that went to a hundred bins each. Nodes are (lot, place).
_GRAPH = """
    INSERT INTO place (name, kind, ancestors) SELECT 'made-' || n, 'production', '{}' FROM generate_series(0, 50) n;
    UPDATE place SET ancestors = ARRAY[id] WHERE kind = 'production';
    INSERT INTO lot (item_id, lot_number, owner) SELECT (SELECT max(id) FROM item), name, 'house'
    FROM (SELECT 'ROOT' AS name UNION ALL SELECT 'IN' || n FROM generate_series(1, 50) n
          UNION ALL SELECT 'OUT' || n FROM generate_series(1, 50) n) x;
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'graph/' || l.lot_number || '/' || step.name || '/' || j, l.id, 10, f.id, t.id, step.at, 'move', 1
    FROM lot l
    CROSS JOIN generate_series(0, 98) j
    JOIN place bin ON bin.name = 'bin-' || j
    CROSS JOIN LATERAL (VALUES
        ('a', 'IN', 'acme', bin.name, timestamptz '2026-02-01 00:00Z'),
        ('b', 'IN', bin.name, 'made-0', timestamptz '2026-02-02 00:00Z'),
        ('d', 'OUT', 'made-' || substr(l.lot_number, 4), bin.name, timestamptz '2026-02-05 00:00Z')
    ) AS step (name, of, from_name, to_name, at)
    JOIN place f ON f.name = step.from_name
    JOIN place t ON t.name = step.to_name
    WHERE l.lot_number LIKE step.of || '%%' AND l.lot_number ~ '^(IN|OUT)[0-9]';
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'graph/root/out', l.id, 500, (SELECT id FROM place WHERE name = 'made-0'),
           (SELECT id FROM place WHERE name = 'dock'), '2026-02-03 00:00Z', 'receive', 1
    FROM lot l WHERE l.lot_number = 'ROOT';
    INSERT INTO movement (fact, lot_id, quantity, from_place, to_place, occurred_at, action, event_id)
    SELECT 'graph/root/' || n, l.id, 10, (SELECT id FROM place WHERE name = 'dock'), t.id, '2026-02-04 00:00Z',
           'consume', 1
    FROM lot l CROSS JOIN generate_series(1, 50) n JOIN place t ON t.name = 'made-' || n
    WHERE l.lot_number = 'ROOT';
"""

# Every lot here only ever comes to a place before it leaves it, so that a stay lasts from the first arrival to the last
# departure if nothing is left.
_FOLLOWS = """
    INSERT INTO position (lot_id, serial, place_id, quantity)
    SELECT lot_id, '', place_id, sum(quantity)
    FROM (SELECT lot_id, to_place AS place_id, quantity FROM movement
          UNION ALL SELECT lot_id, from_place, -quantity FROM movement) s
    GROUP BY 1, 3;
    INSERT INTO residency (lot_id, serial, place_id, began_at, ended_at)
    SELECT lot_id, '', place_id, min(at) FILTER (WHERE quantity > 0),
           CASE WHEN sum(quantity) = 0 THEN max(at) FILTER (WHERE quantity < 0) END
    FROM (SELECT lot_id, to_place AS place_id, quantity, occurred_at AS at FROM movement
          UNION ALL SELECT lot_id, from_place, -quantity, occurred_at FROM movement) s
    JOIN place p ON p.id = s.place_id AND p.kind NOT IN ('supplier', 'count_difference', 'used_up')
    GROUP BY 1, 3
    HAVING min(at) FILTER (WHERE quantity > 0) IS NOT NULL;
"""

_BIG = ("movement", "position", "residency")


def fill(url: str, lots: int, *, cold_lots: int = 0, with_graph: bool = False) -> None:
    """Fill an empty, migrated ledger with ``lots`` lots of twenty positions and forty-one movements each.

    ``cold_lots`` more are in a monitored room; ``with_graph`` adds lot ROOT with 10,000 nodes around it.
    """
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        # Facts are made here that booking would make, so neither triggers nor foreign keys need to look.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SET synchronous_commit = off")
        indexes = _secondary_indexes(connection)
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")  # type: ignore[call-overload]
        _run(connection, _PLACES)
        _run(connection, _MOVEMENTS, lots)
        if cold_lots:
            _run(connection, _COLD, cold_lots)
        if with_graph:
            _run(connection, _GRAPH.replace("%%", "%"))
        _run(connection, _FOLLOWS)
        for _, definition in indexes:
            connection.execute(definition)  # type: ignore[call-overload]
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # a million positions are written in the background for minutes otherwise


def _run(connection: psycopg.Connection, sql: str, lots: int | None = None) -> None:
    text = sql if lots is None else sql.replace("%(lots)s", str(lots)).replace("%%", "%")
    connection.execute(text)  # type: ignore[call-overload]


def _secondary_indexes(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        """
        SELECT c.relname, pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary AND NOT i.indisunique
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
        """,
        ([*_BIG, "lot"],),
    ).fetchall()
