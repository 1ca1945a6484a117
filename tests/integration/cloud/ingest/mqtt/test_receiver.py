"""The ledger's MQTT door: receipts only for what is committed, to the right gateway, fairly, over any broker loss."""

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from cloud_sync.ingest.mqtt.receiver import ITEMS_MAX_PER_GATEWAY, MqttDoor, MqttSection
from edge_agent.domain.wire.ids import GatewayName, JournalId
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import (
    BATCH_BYTES_MAX,
    NO_PREVIOUS,
    BatchHeader,
    digest_of,
    encode_batch,
    encode_record,
)
from tests.contract.ways import Store, Stored, StoreReceipt, one_by_one
from tests.support.brokers import Broker, Mosquitto, NatsServer
from tests.support.journal_parts import IDENTITY, scan
from tests.support.ledger_key import seal, trust
from tests.support.relay import Relay
from tests.support.small_ledger import Ledger

PATIENCE_S = 30


def batch(number: int, gateway: str = "gw-test") -> bytes:
    header = BatchHeader(
        gateway=GatewayName(gateway), journal=JournalId("0" * 8 + "-0000-4000-8000-" + "0" * 12), lane=Lane.SCANS,
        first=number, count=1, previous=NO_PREVIOUS,
    )  # fmt: skip
    return encode_batch(header, [encode_record(scan(number))], IDENTITY.sign)


class Peer:
    """A gateway at byte level: publishes anything anywhere and hears all receipts."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, dict[str, str]]] = []  # topic, receipt
        self._news = threading.Condition()
        ready = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2)
        client.max_inflight_messages_set(0)
        client.on_connect = lambda c, _u, _f, _r, _p: c.subscribe("lotwarden/+/receipts", qos=1)
        client.on_subscribe = lambda _c, _u, _m, _r, _p: ready.set()
        client.on_message = self._hear
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(PATIENCE_S)
        self._client = client

    def say(self, payload: bytes, gateway: str = "gw-test") -> None:
        """Returns once the broker has it."""
        self._client.publish(f"lotwarden/{gateway}/batches", payload, qos=1).wait_for_publish(PATIENCE_S)

    def wait(self, count: int) -> list[tuple[str, dict[str, str]]]:
        """The receipts so far, once there are ``count``."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.heard) >= count, PATIENCE_S), self.heard
            return list(self.heard)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        with self._news:
            answer = json.loads(message.payload)
            words = [(each["digest"], each["outcome"], each["reason"]) for each in answer["receipts"]]
            assert words and trust().is_genuine(words, answer["key"], answer["signature"])
            self.heard += [(message.topic.split("/")[1], receipt) for receipt in answer["receipts"]]
            self._news.notify_all()


@pytest.fixture(params=[Mosquitto, NatsServer], ids=["mosquitto", "nats-server"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    started: Broker = request.param(tmp_path / "broker")
    try:
        await started.start()
        yield started
    finally:
        await started.kill()


only_mosquitto = pytest.mark.parametrize("broker", [Mosquitto], indirect=True, ids=["mosquitto"])


@contextlib.contextmanager
def open_door(broker: Broker, store: Callable[[bytes], Any], **settings: Any) -> Any:
    door = MqttDoor(MqttSection.model_validate({"url": broker.url, **settings}), one_by_one(store), seal)
    door.start()
    try:
        assert door.wait_connected(PATIENCE_S)
        yield door
    finally:
        door.stop()


@contextlib.contextmanager
def peer_at(broker: Broker) -> Any:
    peer = Peer(broker.port)
    try:
        yield peer
    finally:
        peer.stop()


async def test_a_batch_is_stored_and_its_receipt_goes_to_its_gateway(broker: Broker) -> None:
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store), peer_at(broker) as peer:
        peer.say(batch(1))
        peer.wait(1)
        peer.say(batch(1))
        receipt = {"digest": digest_of(batch(1)), "reason": ""}
        assert peer.wait(2) == [
            ("gw-test", receipt | {"outcome": "stored"}),
            ("gw-test", receipt | {"outcome": "duplicate"}),
        ]


async def test_no_receipt_before_the_batch_is_committed(broker: Broker) -> None:
    committing, may_commit = threading.Event(), threading.Event()

    def store(raw: bytes) -> StoreReceipt:
        committing.set()
        assert may_commit.wait(PATIENCE_S)
        return StoreReceipt(digest_of(raw), Stored.STORED)

    with open_door(broker, store), peer_at(broker) as peer:
        peer.say(batch(1))
        assert committing.wait(PATIENCE_S)
        peer.say(b"", gateway="gw-other")  # answered, so that what had been sent before would have been heard
        assert [gateway for gateway, _ in peer.wait(1)] == ["gw-other"]
        may_commit.set()
        assert [gateway for gateway, _ in peer.wait(2)] == ["gw-other", "gw-test"]


async def test_a_batch_on_the_topic_of_another_gateway_is_refused_there_and_never_stored(broker: Broker) -> None:
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store), peer_at(broker) as peer:
        peer.say(batch(1), gateway="gw-thief")
        ((gateway, receipt),) = peer.wait(1)
        assert (gateway, receipt["outcome"]) == ("gw-thief", "refused")
        assert receipt["reason"] == "it came on the topic of gw-thief but is signed as gw-test"
        assert store.calls == 0


@pytest.mark.parametrize("raw", [b"", b"x", b"LWB1", batch(1)[:40], bytes(1000), b"LWB1\xff\xff\xff\xff" + bytes(99)])
@only_mosquitto
async def test_what_is_no_batch_is_refused_and_the_next_is_stored(broker: Broker, raw: bytes) -> None:
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store), peer_at(broker) as peer:
        peer.say(raw)
        ((_, refusal),) = peer.wait(1)
        assert (refusal["digest"], refusal["outcome"]) == (digest_of(raw), "refused")
        peer.say(batch(1))
        assert peer.wait(2)[1][1]["outcome"] == "stored"


@only_mosquitto
async def test_refusals_of_a_gateway_are_logged_once_until_it_is_taken_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "cloud_sync.mqtt")
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store), peer_at(broker) as peer:
        for number in range(5):
            peer.say(bytes(number))
        peer.say(batch(1))
        peer.wait(6)
    first, second = [record.message for record in caplog.records]
    assert first.startswith("refused a batch of gw-test (e3b0c44298fc...): not a Lotwarden batch")
    assert second == "batches of gw-test are taken again"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@only_mosquitto
async def test_a_message_larger_than_any_batch_does_no_harm(broker: Broker, version: str) -> None:
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store, version=version), peer_at(broker) as peer:
        peer.say(bytes(BATCH_BYTES_MAX + 1))
        assert peer.wait(1)[0][1]["reason"] == f"{BATCH_BYTES_MAX + 1} bytes are more than {BATCH_BYTES_MAX}"
        peer.say(bytes(3 * BATCH_BYTES_MAX))  # with MQTT 5 the broker does not even pass it on
        peer.say(batch(1))
        peer.wait(2 if version == "5" else 3)
        assert peer.heard[-1][1]["outcome"] == "stored"


@pytest.mark.parametrize("topic", ["lotwarden//batches", "lotwarden/GW 1/batches", "lotwarden/#x/batches"])
@only_mosquitto
async def test_a_topic_that_names_no_gateway_is_ignored(broker: Broker, topic: str) -> None:
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store), peer_at(broker) as peer:
        with contextlib.suppress(ValueError):  # paho itself knows that '#' is no topic to publish to
            peer.say(batch(2), gateway=topic.split("/")[1])
        peer.say(batch(1))
        assert peer.wait(1)[0][1]["digest"] == digest_of(batch(1))
        assert store.calls == 1


async def test_a_database_that_is_down_is_logged_once_and_gives_no_receipts(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "cloud_sync.mqtt")
    store = Store(Ledger(IDENTITY.verify), is_down=True)
    with open_door(broker, store), peer_at(broker) as peer:
        for number in range(1, 6):
            peer.say(batch(number))
        for number in (1, 2):  # of the same gateway, so what was taken before the second was tried before it
            peer.say(b"")
            assert [receipt["outcome"] for _, receipt in peer.wait(number)] == ["refused"] * number
        store.is_down = False
        peer.say(batch(1))
        assert peer.wait(3)[2][1]["outcome"] == "stored"
    words = [record.message for record in caplog.records if "stored" in record.message]
    assert words == [
        "batches cannot be stored (no route to PostgreSQL): no receipts until they can",
        "batches are stored again",
    ]


async def test_a_broker_that_was_killed_is_logged_once_and_met_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "cloud_sync.mqtt")
    store = Store(Ledger(IDENTITY.verify))
    with open_door(broker, store) as door:
        await broker.kill()
        async with asyncio.timeout(PATIENCE_S):
            while door.is_connected:  # noqa: ASYNC110 - the door lives in threads
                await asyncio.sleep(0.01)
        await broker.start()
        assert await asyncio.to_thread(door.wait_connected, PATIENCE_S)
        with peer_at(broker) as peer:
            peer.say(batch(1))
            peer.wait(1)
    words = [record.message for record in caplog.records]
    assert len(words) == 2
    assert words[0].startswith(f"broker lost: {broker.url}: the connection broke")
    assert words[1] == f"broker {broker.url} is back"


async def test_a_door_whose_connection_is_half_open_makes_a_new_one(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    relay = Relay(broker.port)
    await relay.start()
    section = MqttSection(url=f"mqtt://127.0.0.1:{relay.port}").model_copy(update={"keepalive_s": 1})
    store = Store(Ledger(IDENTITY.verify))
    door = MqttDoor(section, one_by_one(store), seal)
    door.start()
    try:
        assert await asyncio.to_thread(door.wait_connected, PATIENCE_S)
        relay.forget_connections()
        async with asyncio.timeout(PATIENCE_S):
            while relay.connections < 2 or not door.is_connected:  # noqa: ASYNC110 - the door lives in threads
                await asyncio.sleep(0.01)
        peer = await asyncio.to_thread(Peer, broker.port)
        await asyncio.to_thread(peer.say, batch(1))
        await asyncio.to_thread(peer.wait, 1)
        peer.stop()
    finally:
        await asyncio.to_thread(door.stop)
        await relay.stop()
        await broker.kill()


async def test_a_door_may_be_started_before_its_broker(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    store = Store(Ledger(IDENTITY.verify))
    door = MqttDoor(MqttSection(url=broker.url), one_by_one(store), seal)
    door.start()
    try:
        await broker.start()
        assert await asyncio.to_thread(door.wait_connected, PATIENCE_S)
    finally:
        await asyncio.to_thread(door.stop)
        await broker.kill()


async def test_a_gateway_that_floods_does_not_starve_another(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "cloud_sync.mqtt")
    working, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def store(raw: bytes) -> StoreReceipt:
        working.set()
        assert go_on.wait(PATIENCE_S)
        order.append(digest_of(raw))
        return StoreReceipt(digest_of(raw), Stored.STORED)

    flood = [batch(number, "gw-flood") for number in range(1, ITEMS_MAX_PER_GATEWAY + 100)]
    quiet = batch(1, "gw-quiet")
    with open_door(broker, store, workers=1), peer_at(broker) as peer:
        peer.say(flood[0], gateway="gw-flood")
        assert working.wait(PATIENCE_S)
        for raw in flood[1:]:
            peer.say(raw, gateway="gw-flood")
        peer.say(quiet, gateway="gw-quiet")
        # Answered on arrival and last in the line of messages: all before it have arrived.
        peer.say(bytes(BATCH_BYTES_MAX + 1), gateway="gw-last")
        peer.wait(1)
        go_on.set()
        peer.wait(1 + ITEMS_MAX_PER_GATEWAY + 1 + 1)
        assert order.index(digest_of(quiet)) <= 1, "its turn came after the one at work"
        assert len(order) == ITEMS_MAX_PER_GATEWAY + 1 + 1, "the rest of the flood was not taken"
        peer.say(quiet, gateway="gw-quiet")
        peer.wait(1 + ITEMS_MAX_PER_GATEWAY + 1 + 2)
    assert [record.message for record in caplog.records if "room" in record.message] == [
        "no room for more batches of gw-flood: without receipts they come again",
        "there is room for batches again",
    ]


async def test_workers_share_the_load_where_the_broker_can(broker: Broker) -> None:
    stores = [Store(Ledger(IDENTITY.verify)), Store(Ledger(IDENTITY.verify))]
    group = "a-group-of-this-ledger"
    with (
        open_door(broker, stores[0], group=group),
        open_door(broker, stores[1], group=group),
        peer_at(broker) as peer,
    ):
        for number in range(1, 21):
            peer.say(batch(number))
        if isinstance(broker, Mosquitto):
            peer.wait(20)
            assert sum(store.calls for store in stores) == 20
            assert all(store.calls for store in stores)
        else:
            peer.wait(40)
            assert [store.calls for store in stores] == [20, 20]


async def test_what_waits_of_a_gateway_is_stored_together_and_each_batch_has_its_own_receipt(broker: Broker) -> None:
    working, go_on = threading.Event(), threading.Event()
    groups: list[int] = []

    def store(raws: Sequence[bytes]) -> list[StoreReceipt]:
        working.set()
        assert go_on.wait(PATIENCE_S)
        groups.append(len(raws))
        return [StoreReceipt(digest_of(raw), Stored.STORED) for raw in raws]

    door = MqttDoor(MqttSection.model_validate({"url": broker.url, "workers": 1}), store, seal)
    door.start()
    try:
        assert await asyncio.to_thread(door.wait_connected, PATIENCE_S)
        with peer_at(broker) as peer:
            peer.say(batch(1))
            assert working.wait(PATIENCE_S)
            for number in range(2, 12):
                peer.say(batch(number))
            peer.say(bytes(BATCH_BYTES_MAX + 1), gateway="gw-last")  # answered on arrival: all before it are there
            peer.wait(1)
            go_on.set()
            digests = [receipt["digest"] for gateway, receipt in peer.wait(12) if gateway == "gw-test"]
        assert digests == [digest_of(batch(number)) for number in range(1, 12)]
        assert groups == [1, 10]
    finally:
        await asyncio.to_thread(door.stop)


async def test_stopping_finishes_what_is_being_stored_and_sends_its_receipt(broker: Broker) -> None:
    working, go_on = threading.Event(), threading.Event()

    def store(raw: bytes) -> StoreReceipt:
        working.set()
        assert go_on.wait(PATIENCE_S)
        return StoreReceipt(digest_of(raw), Stored.STORED)

    with peer_at(broker) as peer:
        with open_door(broker, store) as door:
            peer.say(batch(1))
            assert working.wait(PATIENCE_S)
            peer.say(batch(2))
            stopping = threading.Thread(target=door.stop)
            stopping.start()
            assert door.stopping.wait(PATIENCE_S)
            go_on.set()
            stopping.join(PATIENCE_S)
        assert [receipt["digest"] for _, receipt in peer.wait(1)] == [digest_of(batch(1))]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mqtt-door")]


def test_a_door_that_never_found_its_broker_stops_at_once() -> None:
    door = MqttDoor(MqttSection(url="mqtt://127.0.0.1:1"), one_by_one(Store(Ledger(IDENTITY.verify))), seal)
    door.start()
    door.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mqtt-door")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "mqtt://broker.example.org"}, "write mqtts://broker.example.org"),
        ({"url": "https://broker.example.org"}, "write e.g. mqtts://broker.example.org"),
        ({"url": "mqtts://"}, "is not the address of a broker"),
        ({"url": "mqtts://x.example:99999"}, "is not an address"),
        ({"url": "mqtts://user:secret@x.example"}, "write the address alone"),
        ({"url": "mqtts://x.example/topic"}, "write the address alone"),
        ({"url": "mqtts://x.example", "ca_file": "/nowhere"}, "ca_file: there is no file /nowhere"),
        ({"url": "mqtts://x.example", "client_key_file": __file__}, "write client_cert_file too"),
        ({"url": "mqtts://x.example", "group": "a-group/of-this-ledger"}, "should match pattern"),
        ({"url": "mqtts://x.example", "workers": 0}, "greater than or equal to 1"),
        ({"url": "mqtts://x.example", "wrokers": 1}, "not permitted"),
    ],
)
def test_a_section_that_cannot_work_is_refused_with_the_remedy(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MqttSection.model_validate(settings)


def test_files_that_cannot_be_used_are_told_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("nothing")
    store = Store(Ledger(IDENTITY.verify))
    with pytest.raises(ValueError, match="must be PEM"):
        MqttDoor(MqttSection(url="mqtts://x.example", ca_file=path), one_by_one(store), seal)
    with pytest.raises(ValueError, match="chmod 600"):
        MqttDoor(MqttSection(url="mqtts://x.example", credentials_file=path), one_by_one(store), seal)
    path.chmod(0o600)
    with pytest.raises(ValueError, match="the password on line 2"):
        MqttDoor(MqttSection(url="mqtts://x.example", credentials_file=path), one_by_one(store), seal)
