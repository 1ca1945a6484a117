"""A gateway of the release before and this ledger, this gateway and a ledger of the release before: each understands
the other, or says clearly that it does not."""

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.uplink.receipts import parse_receipts
from edge_agent.uplink.trust import LedgerTrust
from tests.bench.baseline import run_in, tree
from tests.support.builders import GatewayWithKey, minute, notice, reading

RELEASE_BEFORE = "f318336"
"""The last commit before ledgers and gateways said which versions they read."""
OLD_GATEWAY = """
import base64, json, random, sys
from pathlib import Path
from edge_agent.buffer.opening import start_journal
from edge_agent.domain.wire.records import *
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.receipts import parse_receipts
from edge_agent.uplink.trust import LedgerTrust
from datetime import datetime, UTC
home = Path(sys.argv[1])
identity = Identity.load_or_make(home)
at = datetime(2026, 3, 1, 12, tzinfo=UTC)
stamped = Stamp(at, 1, "00000000-0000-4000-8000-000000000001", True)
with start_journal(home / "journal", "gw-old", sign=identity.sign, verify=identity.verify, clock=ManualClock(at),
                   bytes_max=10_000_000) as journal:
    if len(sys.argv) == 2:
        journal.append(Lane.READINGS, [Reading(stamped, "probe-a", Quality.GOOD, {"temp_c": 5.0})])
        journal.append(Lane.SCANS, [Notice(stamped, NoticeKind.STARTED, "gw-old", "the agent started")])
    batches = journal.batches() if hasattr(journal, "batches") else []
    units = [batch.raw for batch in batches]
    said = {"key": identity.public_key, "units": [base64.b64encode(unit).decode() for unit in units]}
    if len(sys.argv) > 2:
        trust = LedgerTrust([sys.argv[2]])
        parsed = parse_receipts(base64.b64decode(sys.argv[3]), trust)
        said["receipts"] = [[each.digest, each.outcome] for each in parsed.receipts]
print(json.dumps(said))
"""
OLD_LEDGER = """
import base64, json, sys
from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner
from cloud_sync.app import create_app
from cloud_sync.ingest.batches import store_batches
from cloud_sync.storage.database import Database, migrate
from fastapi.testclient import TestClient
url, key = sys.argv[1], sys.argv[2]
migrate(url)
with Database.at_url(url) as database:
    add_gateway(database, "gw-1", key, actor="test")
    units = [base64.b64decode(each) for each in sys.argv[3:]]
    receipts = store_batches(database, units)
    said = [{"digest": each.digest, "outcome": str(each.outcome), "reason": each.reason} for each in receipts]
    answer = ReceiptSigner(database)(said)
    with TestClient(create_app(database)) as client:
        heartbeat = client.post("/v1/heartbeats", json={}).status_code
    print(json.dumps({"answer": answer, "heartbeat": heartbeat}))
"""


@pytest.fixture(scope="module")
def before() -> Path:
    try:
        return tree(RELEASE_BEFORE)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NOT TESTED: the release before is not in this checkout's history ({error})")


def run_before(before: Path, script: str, *arguments: object) -> dict[str, Any]:
    return run_in(before, "-c", script, *map(str, arguments))


def test_a_gateway_of_the_release_before_is_understood_and_understands_the_receipts(
    before: Path, database: Database, tmp_path: Path
) -> None:
    said = run_before(before, OLD_GATEWAY, tmp_path)
    add_gateway(database, "gw-old", said["key"], actor="test")
    units = [base64.b64decode(each) for each in said["units"]]
    assert len(units) == 2
    receipts = store_batches(database, units)
    assert [each.outcome for each in receipts] == [BatchOutcome.STORED] * 2
    keys = ledger_keys(database)
    answer = keys.sign([{"digest": r.digest, "outcome": str(r.outcome), "reason": r.reason} for r in receipts])
    assert answer["protocols"] == [1]
    sent = base64.b64encode(json.dumps(answer).encode()).decode()
    heard = run_before(before, OLD_GATEWAY, tmp_path, keys.public_key, sent)
    assert heard["receipts"] == [[each.digest, "stored"] for each in receipts]


def test_this_gateway_and_a_ledger_of_the_release_before(before: Path, ledger_url: str) -> None:
    gateway = GatewayWithKey()
    units = [gateway.batch(reading(minute(0), 5.0)), gateway.batch(notice(minute(1)))]
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS release_before WITH (FORCE)")
        connection.execute("CREATE DATABASE release_before")
    url = re.sub(r"/test_[0-9a-f]+", "/release_before", ledger_url)
    try:
        said = run_before(
            before,
            OLD_LEDGER,
            url,
            base64.b64encode(gateway.public_key).decode(),
            *(base64.b64encode(unit).decode() for unit in units),
        )
    finally:
        with psycopg.connect(ledger_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE release_before WITH (FORCE)")
    parsed = parse_receipts(json.dumps(said["answer"]).encode(), LedgerTrust(), learns=True)
    assert [each.outcome for each in parsed.receipts] == ["stored", "stored"]
    assert parsed.protocols == (1,), "a ledger that does not say reads version 1"
    assert said["heartbeat"] == 404, "it hands out nothing"


def test_what_a_ledger_cannot_read_yet_is_kept_for_a_newer_one(database: Database) -> None:
    gateway = GatewayWithKey()
    gateway.register(database)
    good = gateway.batch(reading(minute(0), 5.0))
    size = int.from_bytes(good[4:8], "big")
    head = json.dumps({**json.loads(good[8 : 8 + size]), "version": 2, "new": "x"}).encode()
    signed = good[:4] + len(head).to_bytes(4, "big") + head + good[8 + size : -64]
    later = signed + gateway.key.sign(signed)
    (receipt,) = store_batches(database, [later])
    assert receipt.outcome is BatchOutcome.UNREAD and "version 2" in receipt.reason and "upgrade" in receipt.reason
    (other,) = store_batches(database, [b"LWB2" + good[4:]])
    assert other.outcome is BatchOutcome.UNREAD
    assert store_batches(database, [b"LWX1" + good[4:]])[0].outcome is BatchOutcome.REFUSED
