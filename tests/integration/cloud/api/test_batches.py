"""The HTTP door for gateways: signed batches in, receipts out, over a real connection."""

import base64
import uuid

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.gateways import add_gateway
from cloud_sync.api.batches import UNITS_MAX
from cloud_sync.api.limits import MESSAGE_BYTES_MAX
from cloud_sync.app import create_app
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.ids import GatewayName, JournalId
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, digest_of, encode_batch, join_units
from tests.support.quick_client import QuickClient

JOURNAL = JournalId(str(uuid.uuid4()))
NOTICE = (
    b'{"stamp":{"at":"2026-06-01T12:00:00.000Z","mono_ms":1,"boot":"b","synced":true},"notice":"started",'
    b'"subject":"gw","text":"started","kind":"notice"}'
)


@pytest.fixture
def key(database: Database) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    add_gateway(database, "gw", public, actor="test")
    return key


def batch(key: Ed25519PrivateKey, first: int = 1) -> bytes:
    header = BatchHeader(
        gateway=GatewayName("gw"), journal=JOURNAL, lane=Lane.SCANS, first=first, count=1, previous=NO_PREVIOUS
    )
    return encode_batch(header, [NOTICE], key.sign)


def send(database: Database, message: bytes) -> httpx.Response:
    with QuickClient(create_app(database)) as client:
        return client.post("/v1/batches", content=message)


def stored(database: Database) -> int:
    with database.transaction() as connection:
        row = connection.execute("SELECT count(*) AS n FROM evidence").fetchone()
    assert row is not None
    return int(row["n"])


def test_batches_are_receipted_in_their_order_and_the_second_time_as_duplicates(
    database: Database, key: Ed25519PrivateKey
) -> None:
    units = [batch(key, 2), batch(key, 1)]
    first = send(database, join_units(units)).json()["receipts"]
    assert [(r["digest"], r["outcome"]) for r in first] == [(digest_of(unit), "stored") for unit in units]
    again = send(database, join_units(units)).json()["receipts"]
    assert [r["outcome"] for r in again] == ["duplicate", "duplicate"]
    assert stored(database) == 2


def test_a_forged_batch_is_refused_and_the_good_one_beside_it_is_stored(
    database: Database, key: Ed25519PrivateKey
) -> None:
    forged = batch(Ed25519PrivateKey.generate(), 5)
    response = send(database, join_units([forged, b"not a batch", batch(key)]))
    receipts = response.json()["receipts"]
    assert [r["outcome"] for r in receipts] == ["refused", "refused", "stored"]
    assert receipts[0]["reason"] and receipts[1]["reason"]
    assert stored(database) == 1


@pytest.mark.parametrize("cut", [1, 3, 50])
def test_a_message_that_is_cut_short_is_400_and_nothing_of_it_is_stored(
    database: Database, key: Ed25519PrivateKey, cut: int
) -> None:
    response = send(database, join_units([batch(key, 1), batch(key, 2)])[:-cut])
    assert (response.status_code, "Send the whole message again" in response.json()["what_to_do"]) == (400, True)
    assert stored(database) == 0


def test_an_empty_message_has_no_receipts(database: Database) -> None:
    answer = send(database, b"").json()
    assert (answer["receipts"], answer["handovers"]) == ([], [])


def test_a_message_that_is_too_large_is_413(database: Database) -> None:
    assert send(database, bytes(MESSAGE_BYTES_MAX + 1)).status_code == 413
    assert send(database, join_units([b"x"] * (UNITS_MAX + 1))).status_code == 413


def test_nothing_is_acknowledged_while_the_database_is_away(database: Database, key: Ed25519PrivateKey) -> None:
    database.close()
    response = send(database, join_units([batch(key)]))
    assert (response.status_code, "receipts" in response.json()) == (503, False)
    assert response.headers["retry-after"]
