"""A gateway that has nothing but a broker is told there what the ledger misses, and sends it again."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.actions.gateways.journal_gaps import MissingTeller
from cloud_sync.actions.gateways.ledger_keys import ReceiptSigner, ledger_keys
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.mqtt.receiver import MqttDoor, MqttSection
from cloud_sync.storage.database import Database
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.journal_gaps import missing_of
from edge_agent.domain.wire.records import Action, Lane, Record
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.mqtt import MqttUplink
from edge_agent.uplink.replay import build_replay
from edge_agent.uplink.trust import LedgerTrust
from tests.integration.cloud.backup.test_replay import SEED, Station, warm
from tests.support.brokers import Mosquitto
from tests.support.builders import GatewayWithKey, Ledger, ledger_with_two_fridges, line, minute, scan
from tests.support.recycled_databases import RecycledDatabases

PATIENCE_S = 20


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker")
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()


@contextmanager
def behind(broker: Mosquitto, database: Database) -> Iterator[None]:
    """This ledger takes what comes through the broker."""
    teller = MissingTeller(database, every_s=0)
    section = MqttSection.model_validate({"url": broker.url})
    door = MqttDoor(section, partial(store_batches, database), ReceiptSigner(database), None, teller)
    door.start()
    try:
        assert door.wait_connected(PATIENCE_S)
        yield
    finally:
        door.stop()


async def nobody_records(record: Record) -> None:
    raise AssertionError(f"there is no cause for an alarm: {record}")


class BrokerStation(Station):
    """A gateway that sends through a broker only."""

    async def exchange(self, broker: Mosquitto, trust: LedgerTrust) -> MqttUplink:
        """Send all there is; gives the uplink, with what was said beside the receipts."""
        uplink = MqttUplink(
            UplinkSection(kind="mqtt", url=broker.url, timeout_s=PATIENCE_S), GatewayName("gw-1"), trust
        )
        forwarder = Forwarder(
            self.journal, self.thread, uplink, self.clock, random=Random(1).random, record=nobody_records,
            retry_max_s=1, keep=self.kept.keep,
        )  # fmt: skip
        while await forwarder.forward_once():
            pass
        await uplink.close()
        return uplink


def furnished(database: Database) -> Ledger:
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    return ledger_with_two_fridges(database, GatewayWithKey(key=key))


async def test_what_a_set_back_ledger_misses_is_said_beside_its_receipts_and_comes_again(
    databases: RecycledDatabases, broker: Mosquitto, tmp_path: Path
) -> None:
    (tmp_path / "gateway").mkdir()
    station = BrokerStation(tmp_path / "gateway", Identity(SEED))
    trust = LedgerTrust.load(station.folder)
    with databases.lent() as url, databases.lent() as older_url:
        ledger, older = furnished(databases.open(url)), furnished(databases.open(older_url))
        trust.believe_only(ledger_keys(ledger.database).public_key)
        station.say(Lane.SCANS, scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))
        for since in range(0, 20, 5):
            station.say(Lane.READINGS, *warm(since, since + 5, 12.0))
        with behind(broker, ledger.database):
            await station.exchange(broker, trust)  # several at once: the last may be there before the first
            station.say(Lane.READINGS, *warm(20, 21, 5.0))
            assert (await station.exchange(broker, trust)).take_missing() == ""
        assert ledger.held() and station.journal.pending_records() == 0

        trust.believe_only(ledger_keys(older.database).public_key)
        station.say(Lane.SCANS, scan(minute(50), Action.MOVE, "fridge-a", "fridge-b", line(4)))
        station.say(Lane.READINGS, *warm(21, 22, 5.0))
        with behind(broker, older.database):
            uplink = await station.exchange(broker, trust)
            replay = build_replay(None, uplink, station.journal, station.thread, station.kept, wake=lambda: None)
            assert replay is not None and not older.held()
            while await replay.look():
                uplink = await station.exchange(broker, trust)
                replay = build_replay(None, uplink, station.journal, station.thread, station.kept, wake=lambda: None)
                assert replay is not None
            assert await told_at_last(station, broker, trust) == ""
        assert (older.balances(), older.held()) == (
            {**ledger.balances(), ("L1", "", "fridge-a"): 6, ("L1", "", "fridge-b"): 4}, older.held(),
        )  # fmt: skip
        assert older.held() and "lost_with_restore" not in older.open_cases()


async def told_at_last(station: BrokerStation, broker: Mosquitto, trust: LedgerTrust) -> str:
    """What is missing when one more batch has come."""
    station.say(Lane.READINGS, *warm(30, 31, 5.0))
    return (await station.exchange(broker, trust)).take_missing()


@pytest.mark.parametrize("words", ["", "[]", "{}", '{"journal": "j", "missing": [["scans", 1]]}', '{"journal": 1'])
def test_what_does_not_say_what_is_missing_is_none(words: str) -> None:
    with pytest.raises(ValueError, match="does not say what is missing"):
        missing_of(words)
