"""A batch that can never be booked does not come again for ever: it is evidence and a case, and the others go on."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cloud_sync.actions.access import actor_in_roles
from cloud_sync.actions.quality.case_resolution import resolve_case
from cloud_sync.domain.roles import Role
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.dead_letter_retry import reprocess
from cloud_sync.ingest.mqtt.receiver import MqttDoor, MqttSection
from cloud_sync.ingest.receipts import BatchOutcome, BatchReceipt
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.wire.records import Action, Lane
from edge_agent.domain.wire.wire import digest_of
from tests.integration.cloud.ingest.mqtt.test_receiver import PATIENCE_S, Peer
from tests.support.brokers import Mosquitto
from tests.support.builders import GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.ledger_key import seal

# What stands for any fault of the ledger's: the database takes nothing of one lot, and no reading above 90.
FAULT = """
    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'nobody has foreseen this' USING ERRCODE = 'check_violation'; END $$;
    CREATE TRIGGER spoil BEFORE INSERT ON lot FOR EACH ROW WHEN (NEW.lot_number = 'POISON') EXECUTE FUNCTION spoil();
    CREATE TRIGGER spoil BEFORE INSERT ON reading FOR EACH ROW WHEN (NEW.value > 90) EXECUTE FUNCTION spoil();
"""


@pytest.fixture
def spoilt(ledger: Ledger) -> Iterator[Ledger]:
    """A ledger with a fault; mended afterwards, for another test has the database then."""
    ledger.run_as_owner(FAULT)
    yield ledger
    ledger.run_as_owner("DROP FUNCTION IF EXISTS spoil CASCADE")


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker")
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()


def received(gateway: GatewayWithKey, lot: str, at: int) -> bytes:
    return gateway.batch(scan(minute(at), Action.RECEIVE, "acme", "dock", line(10, lot)))


def test_a_batch_that_cannot_be_booked_is_kept_as_evidence_and_in_a_case(
    spoilt: Ledger, gateway: GatewayWithKey, caplog: pytest.LogCaptureFixture
) -> None:
    raws = [received(gateway, lot, at) for at, lot in enumerate(["L1", "POISON", "L2"])]
    receipts = store_batches(spoilt.database, raws)
    assert [receipt.outcome for receipt in receipts] == [BatchOutcome.STORED] * 3
    assert "could not be booked in 3 tries" in receipts[1].reason
    assert spoilt.balances() == {("L1", "", "dock"): 10, ("L1", "", "acme"): -10, ("L2", "", "dock"): 10,
                                 ("L2", "", "acme"): -10}  # fmt: skip
    (case,) = spoilt.rows("SELECT kind, evidence_id, text FROM exception_case")
    (evidence,) = spoilt.rows("SELECT raw FROM evidence WHERE id = %(id)s", {"id": case["evidence_id"]})
    assert case["kind"] == "batch_set_aside" and "nobody has foreseen this" in case["text"]
    assert bytes(evidence["raw"]) == raws[1]
    assert [record.levelname for record in caplog.records if record.name == "cloud_sync.ingest"] == ["ERROR"]


def test_a_batch_that_was_set_aside_comes_again_as_a_duplicate(spoilt: Ledger, gateway: GatewayWithKey) -> None:
    raw = received(gateway, "POISON", 1)
    assert [store_batches(spoilt.database, [raw])[0].outcome for _ in range(2)] == ["stored", "duplicate"]
    assert spoilt.open_cases() == ["batch_set_aside"]


def test_one_batch_of_readings_that_cannot_be_stored_does_not_hold_up_those_beside_it(
    spoilt: Ledger, gateway: GatewayWithKey
) -> None:
    raws = [gateway.batch(reading(minute(at), value)) for at, value in enumerate([5.0, 99.0, 6.0, 9.0])]
    assert [receipt.outcome for receipt in store_batches(spoilt.database, raws)] == [BatchOutcome.STORED] * 4
    assert [row["value"] for row in spoilt.rows("SELECT value FROM reading ORDER BY at")] == [5.0, 6.0, 9.0]
    assert spoilt.excursions() == {("probe-a", "too-warm", minute(3), None, 9.0)}
    assert spoilt.open_cases() == ["batch_set_aside"]


MENDED = "DROP FUNCTION spoil() CASCADE"


def the_case(ledger: Ledger) -> int:
    (case,) = ledger.rows("SELECT id FROM exception_case WHERE kind = 'batch_set_aside'")
    return int(case["id"])


def test_a_batch_that_was_set_aside_is_booked_once_its_cause_is_gone(spoilt: Ledger, gateway: GatewayWithKey) -> None:
    raw = received(gateway, "POISON", 1)
    store_batches(spoilt.database, [raw])
    with pytest.raises(Conflict, match=r"still cannot be booked.*nobody has foreseen this"):
        reprocess(spoilt.database, the_case(spoilt), reason="try", actor="quinn")
    assert spoilt.open_cases() == ["batch_set_aside"] and spoilt.balances() == {}
    spoilt.run_as_owner(MENDED)
    row = reprocess(spoilt.database, the_case(spoilt), reason="mended in the new version", actor="quinn")
    assert row["resolution"] == "booked again: mended in the new version"
    assert spoilt.balances() == {("POISON", "", "dock"): 10, ("POISON", "", "acme"): -10}
    assert spoilt.open_cases() == []
    (event,) = spoilt.rows("SELECT actor, reason, subject FROM event WHERE kind = 'batch_rebooked'")
    assert (event["actor"], event["reason"]) == ("quinn", "mended in the new version")
    with pytest.raises(Conflict, match="is closed"):
        reprocess(spoilt.database, the_case(spoilt), reason="again", actor="quinn")
    assert store_batches(spoilt.database, [raw])[0].outcome is BatchOutcome.DUPLICATE
    assert spoilt.balances() == {("POISON", "", "dock"): 10, ("POISON", "", "acme"): -10}, "booked once"


def test_readings_that_were_set_aside_are_judged_when_they_are_booked(spoilt: Ledger, gateway: GatewayWithKey) -> None:
    store_batches(spoilt.database, [gateway.batch(reading(minute(at), value)) for at, value in ((0, 5.0), (1, 99.0))])
    store_batches(spoilt.database, [gateway.batch(reading(minute(9), 5.0))])
    assert spoilt.excursions() == set()
    spoilt.run_as_owner(MENDED)
    reprocess(spoilt.database, the_case(spoilt), reason="mended", actor="quinn")
    assert spoilt.excursions() == {("probe-a", "too-warm", minute(1), minute(9), 99.0)}


def test_what_was_set_aside_is_no_silence(spoilt: Ledger, gateway: GatewayWithKey) -> None:
    """It was measured: nobody knows yet what, and the ledger waits as for a batch that is still on its way."""
    silent_after_ten_minutes(spoilt)
    for at, value in ((0, 5.0), (7, 99.0), (14, 5.0)):
        store_batches(spoilt.database, [gateway.batch(reading(minute(at), value))])
    assert spoilt.excursions() == set()
    spoilt.run_as_owner(MENDED)
    reprocess(spoilt.database, the_case(spoilt), reason="mended", actor="quinn")
    store_batches(spoilt.database, [gateway.batch(reading(minute(30), 5.0))])
    assert spoilt.excursions() == {("probe-a", "silent", minute(14), minute(30), 16 * 60.0)}


def test_silence_before_what_was_set_aside_is_found_when_it_is_booked(spoilt: Ledger, gateway: GatewayWithKey) -> None:
    silent_after_ten_minutes(spoilt)
    for at, value in ((0, 5.0), (15, 99.0)):
        store_batches(spoilt.database, [gateway.batch(reading(minute(at), value))])
    spoilt.run_as_owner(MENDED)
    reprocess(spoilt.database, the_case(spoilt), reason="mended", actor="quinn")
    assert spoilt.excursions() == {("probe-a", "silent", minute(0), minute(15), 15 * 60.0)}


def test_a_reading_that_is_told_again_counts_although_its_first_telling_is_never_booked(
    spoilt: Ledger, gateway: GatewayWithKey
) -> None:
    store_batches(spoilt.database, [gateway.batch(reading(minute(0), 5.0), reading(minute(1), 99.0))])
    resolve_case(spoilt.database, the_case(spoilt), "lost", actor=actor_in_roles(spoilt.database, "q", Role.QUALITY))
    spoilt.run_as_owner(MENDED)
    store_batches(spoilt.database, [gateway.batch(replace(reading(minute(1), 99.0), was=2))])
    assert spoilt.rows("SELECT at, value FROM reading") == [{"at": minute(1), "value": 99.0}]


def silent_after_ten_minutes(ledger: Ledger) -> None:
    rule = {"kind": "no_data", "name": "silent", "metric": "temp_c", "after_s": 600, "source": "test"}
    ledger.add_policy(Policy.model_validate({"name": "watched", "title": "", "rules": [rule]}))
    ledger.run("UPDATE place SET policy = 'watched' WHERE name = 'fridge-a'")


def test_only_a_case_of_a_batch_that_was_set_aside_can_be_booked_again(ledger: Ledger, gateway: GatewayWithKey) -> None:
    store_batches(ledger.database, [gateway.batch_of_lines([b"{}"], Lane.SCANS)])
    (case,) = ledger.rows("SELECT id FROM exception_case")
    with pytest.raises(Conflict, match="unreadable_record"):
        reprocess(ledger.database, case["id"], reason="try", actor="quinn")
    with pytest.raises(NotFound):
        reprocess(ledger.database, case["id"] + 1, reason="try", actor="quinn")


def test_a_stranger_cannot_have_anything_set_aside(spoilt: Ledger) -> None:
    raw = received(GatewayWithKey(), "POISON", 1)
    assert store_batches(spoilt.database, [raw])[0].outcome is BatchOutcome.REFUSED
    assert spoilt.rows("SELECT FROM evidence") == []


def test_where_the_ledger_itself_is_at_fault_nothing_is_set_aside(ledger: Ledger, gateway: GatewayWithKey) -> None:
    """With tables of another version every batch fails: they have to come again."""
    ledger.run_as_owner("ALTER TABLE movement RENAME TO movement_of_another_version")
    with pytest.raises(psycopg.errors.UndefinedTable):
        store_batches(ledger.database, [received(gateway, "L1", 1)])
    ledger.run_as_owner("ALTER TABLE movement_of_another_version RENAME TO movement")
    assert ledger.rows("SELECT FROM exception_case") == []
    assert ledger.rows("SELECT FROM evidence") == []


async def test_over_mqtt_it_has_a_receipt_and_is_not_asked_for_again(
    spoilt: Ledger, gateway: GatewayWithKey, broker: Mosquitto
) -> None:
    tries: list[int] = []

    def store(raws: Sequence[bytes]) -> list[BatchReceipt]:
        tries.append(len(raws))
        return store_batches(spoilt.database, raws)

    raws = [received(gateway, lot, at) for at, lot in enumerate(["L1", "POISON", "L2"])]
    door = MqttDoor(MqttSection(url=broker.url), store, seal)
    door.start()
    try:
        assert await asyncio.to_thread(door.wait_connected, PATIENCE_S)
        peer = await asyncio.to_thread(Peer, broker.port)
        for raw in raws:
            await asyncio.to_thread(peer.say, raw, gateway.name)
        heard = await asyncio.to_thread(peer.wait, 3)
        peer.stop()
    finally:
        await asyncio.to_thread(door.stop)
    assert {receipt["digest"]: receipt["outcome"] for _, receipt in heard} == {digest_of(r): "stored" for r in raws}
    assert sum(tries) == 3
    assert {lot for lot, _, place in spoilt.balances() if place == "dock"} == {"L1", "L2"}
    assert spoilt.open_cases() == ["batch_set_aside"]
