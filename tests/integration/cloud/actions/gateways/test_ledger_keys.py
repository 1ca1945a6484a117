"""The ledger's own key: made once, handed to gateways that enrol, and changed by its own word."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.enrolment import Enrolment, enrol, invite
from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner, ledger_keys, rotate
from cloud_sync.app import create_app
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.enrolment import enrolment_words
from edge_agent.domain.wire.wire import join_units
from edge_agent.uplink.receipts import parse_receipts
from edge_agent.uplink.trust import LedgerTrust
from tests.support.builders import GatewayWithKey, minute, notice
from tests.support.quick_client import QuickClient

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_one_key_is_made_however_many_workers_start_at_once(database: Database) -> None:
    with ThreadPoolExecutor(8) as workers:
        keys = set(workers.map(lambda _: ledger_keys(database).public_key, range(8)))
    assert len(keys) == 1


def test_a_gateway_that_enrols_is_told_the_key_and_believes_the_receipts_then(database: Database) -> None:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    code, _ = invite(database, "gw-1", place=None, valid=timedelta(hours=1), replaces=False, actor="ann", now=NOW)
    proof = base64.b64encode(key.sign(enrolment_words("gw-1", public, code))).decode()
    told = enrol(database, Enrolment("gw-1", public, code, proof), now=NOW)
    trust = LedgerTrust([told["ledger_key"]])
    gateway = GatewayWithKey("gw-1", key=key)
    with QuickClient(create_app(database)) as client:
        answer = client.post("/v1/batches", content=join_units([gateway.batch(notice(minute(1)))])).content
    found = parse_receipts(answer, trust)
    assert ([each.outcome for each in found.receipts], found.forged) == (["stored"], ())


def test_a_gateway_follows_the_key_through_changes_and_each_is_an_event(database: Database) -> None:
    trust = LedgerTrust([ledger_keys(database).public_key])
    for number in range(3):
        old, new = rotate(database, actor="ann", reason=f"year {number}")
        assert old != new
    answer = ReceiptSigner(database)([{"digest": "a" * 64, "outcome": "stored", "reason": ""}])
    assert parse_receipts(json.dumps(answer).encode(), trust).receipts
    assert trust.keys[-1] == ledger_keys(database).public_key
    with database.transaction() as connection:
        rows = connection.execute("SELECT reason FROM event WHERE kind = 'ledger_key_made' ORDER BY id").fetchall()
    assert [row["reason"] for row in rows] == ["the first one", "year 0", "year 1", "year 2"]
