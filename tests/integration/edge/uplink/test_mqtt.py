"""What only the uplink over MQTT has: TLS and names, versions, access lists, and brokers that are none."""

import asyncio
import contextlib
import getpass
import json
import logging
import random
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from cloud_sync.actions.gateways.ledger_keys import LedgerKeys
from cloud_sync.ingest.mqtt.receiver import MqttDoor, MqttSection
from edge_agent.agent import run as run_agent
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.config.model import GatewayConfig, GatewaySection, UplinkMqttSection, UplinkSection
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Lane, Notice, Record
from edge_agent.domain.wire.wire import BATCH_BYTES_MAX, decode_record
from edge_agent.errors import ConfigError, LinkDown, Refused
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink import mqtt_link
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.build import build_uplink
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.identity import Identity
from edge_agent.uplink.mqtt import MqttUplink, client_id_of
from edge_agent.uplink.trust import LedgerTrust
from tests.contract.ways import CrookedLedger, Store, one_by_one
from tests.support.brokers import Broker, Mosquitto, NatsServer
from tests.support.certificates import certificates
from tests.support.journal_parts import GATEWAY, IDENTITY, START, open_journal, reading, scan
from tests.support.ledger_key import LEDGER_KEYS, seal, trust
from tests.support.paths import ROOT
from tests.support.relay import Relay
from tests.support.small_ledger import Ledger


def uplink_to(url: str, timeout_s: float = 5.0, gateway: str = GATEWAY, **settings: Any) -> MqttUplink:
    mqtt = {
        key: settings.pop(key)
        for key in ("version", "credentials_file", "inflight_max", "other_urls")
        if key in settings
    }
    section = UplinkSection(
        kind="mqtt", url=url, timeout_s=timeout_s, mqtt=UplinkMqttSection.model_validate(mqtt), **settings
    )
    return MqttUplink(section, GatewayName(gateway), trust())


def units(tmp_path: Path, count: int = 1) -> list[bytes]:
    with open_journal(tmp_path / "journal") as journal:
        for number in range(1, count + 1):
            journal.append(Lane.SCANS, [scan(number)])
        return [batch.raw for batch in journal.pending(Lane.SCANS, bytes_max=10**6, batches_max=count)]


@contextlib.asynccontextmanager
async def running(broker: Broker) -> AsyncIterator[Broker]:
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()


@contextlib.asynccontextmanager
async def door_at(store: Store, **settings: Any) -> AsyncIterator[MqttDoor]:
    door = MqttDoor(MqttSection.model_validate(settings), one_by_one(store), seal)
    door.start()
    try:
        assert await asyncio.to_thread(door.wait_connected, 20)
        yield door
    finally:
        await asyncio.to_thread(door.stop)


def tls_broker(home: Path, server_file: Path, more: str = "allow_anonymous true") -> Mosquitto:
    return Mosquitto(
        home,
        f"user {getpass.getuser()}\nlistener PORT 127.0.0.1\ncertfile {server_file}\nkeyfile {server_file}\n{more}\n",
    )


async def test_a_broker_whose_authority_is_known_is_trusted(tmp_path: Path) -> None:
    ca_file, server_file = certificates(tmp_path / "ours")
    store = Store(Ledger(IDENTITY.verify))
    async with running(tls_broker(tmp_path / "broker", server_file)) as broker:
        url = broker.url.replace("mqtt:", "mqtts:")
        async with door_at(store, url=url, ca_file=ca_file):
            uplink = uplink_to(url, ca_file=ca_file)
            (receipt,) = await uplink.send(units(tmp_path))
            assert (receipt.outcome, uplink.version) == (Outcome.STORED, "5")
            await uplink.close()


@pytest.mark.parametrize("case", ["no authority given", "another authority", "another host"])
async def test_a_broker_that_cannot_be_verified_gets_nothing(tmp_path: Path, case: str) -> None:
    host = "127.0.0.2" if case == "another host" else "127.0.0.1"
    ca_file, server_file = certificates(tmp_path / "ours", host=host)
    other_ca, _ = certificates(tmp_path / "theirs")
    trusted = {"no authority given": None, "another authority": other_ca, "another host": ca_file}[case]
    async with running(tls_broker(tmp_path / "broker", server_file)) as broker:
        uplink = uplink_to(broker.url.replace("mqtt:", "mqtts:"), ca_file=trusted)
        with pytest.raises(LinkDown, match=r"(?i)certificate"):
            await uplink.send(units(tmp_path))
        await uplink.close()
        assert "New client connected" not in broker.log


async def test_a_broker_that_asks_for_a_certificate_is_shown_it(tmp_path: Path) -> None:
    ca_file, server_file = certificates(tmp_path / "ours")
    gateways_ca, gateway_file = certificates(tmp_path / "gateways", subject=GATEWAY)
    asking = f"cafile {gateways_ca}\nrequire_certificate true\nuse_identity_as_username true"
    async with running(tls_broker(tmp_path / "broker", server_file, asking)) as broker:
        url = broker.url.replace("mqtt:", "mqtts:")
        store = Store(Ledger(IDENTITY.verify))
        async with door_at(store, url=url, ca_file=ca_file, client_cert_file=gateway_file):
            uplink = uplink_to(url, ca_file=ca_file, client_cert_file=gateway_file)
            (receipt,) = await uplink.send(units(tmp_path))
            assert receipt.outcome is Outcome.STORED
            await uplink.close()
            without = uplink_to(url, ca_file=ca_file)
            with pytest.raises(LinkDown):
                await without.send(units(tmp_path))
            await without.close()


def test_plain_mqtt_to_another_machine_is_refused_at_the_start() -> None:
    section = UplinkSection.model_construct(kind="mqtt", url="mqtt://192.0.2.1", mqtt=UplinkMqttSection())
    with pytest.raises(ConfigError, match=r"this very machine only .*write mqtts://192\.0\.2\.1"):
        MqttUplink(section, GATEWAY, trust())


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [("gw\nsecret\n", 0o644, "chmod 600"), ("gw\n", 0o600, "on the second"), ("", 0o600, "user name on the first")],
)
def test_a_credentials_file_that_cannot_be_used_is_a_config_error(
    tmp_path: Path, text: str, mode: int, words: str
) -> None:
    path = tmp_path / "credentials"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=words):
        uplink_to("mqtt://127.0.0.1:1", credentials_file=path)


def test_a_credentials_file_that_is_missing_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="make it readable"):
        uplink_to("mqtt://127.0.0.1:1", credentials_file=tmp_path / "none")


@pytest.mark.parametrize("text", ["nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_client_certificate_that_cannot_be_read_is_a_config_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "cert.pem").write_text(text)
    with pytest.raises(ConfigError, match=r"uplink\.client_cert_file: .*without a passphrase"):
        uplink_to("mqtts://127.0.0.1:1", client_cert_file=tmp_path / "cert.pem")


def test_the_configuration_chooses_the_uplink(tmp_path: Path) -> None:
    gateway = {"name": "gw", "data_dir": str(tmp_path)}
    for uplink, kind in (
        ({"url": "https://x.example"}, HttpsUplink),
        ({"kind": "mqtt", "url": "mqtts://x.example"}, MqttUplink),
    ):
        config = GatewayConfig.model_validate({"gateway": gateway, "uplink": uplink})
        assert isinstance(build_uplink(config), kind)


async def test_a_broker_of_the_older_version_is_remembered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edge_agent.uplink")
    store = Store(Ledger(IDENTITY.verify))
    async with running(NatsServer(tmp_path / "broker")) as broker, door_at(store, url=broker.url):
        uplink = uplink_to(broker.url)
        for _ in range(2):
            await uplink.send(units(tmp_path))
            await uplink.close()
        assert uplink.version == "3.1.1"
        assert [r.message for r in caplog.records] == [f"{broker.url}: connected with MQTT 3.1.1"]
        insisting = uplink_to(broker.url, version="5")
        with pytest.raises(Refused, match=r"does not speak MQTT 5: write another uplink\.mqtt\.version"):
            await insisting.send(units(tmp_path))
        await insisting.close()


async def test_a_gateway_turns_to_another_node_when_one_is_gone_or_brings_no_receipts(tmp_path: Path) -> None:
    store, (first, second) = Store(Ledger(IDENTITY.verify)), units(tmp_path, 2)
    gone, apart, good = (Mosquitto(tmp_path / name) for name in ("gone", "apart", "good"))
    async with running(gone), running(apart), running(good), door_at(store, url=gone.url):
        uplink = uplink_to(gone.url, 0.5, gateway="gw.test", other_urls=(apart.url, good.url))
        assert [r.outcome for r in await uplink.send([first])] == [Outcome.REFUSED]  # it is signed as another's
        await gone.kill()
        async with door_at(store, url=good.url):
            with pytest.raises(LinkDown, match=gone.url):
                await uplink.send([second])
            with pytest.raises(LinkDown, match=f"{apart.url}: .*(no receipt|not connected)"):
                await uplink.send([second])
            assert [r.outcome for r in await uplink.send([second])] == [Outcome.REFUSED]
        await uplink.close()


def test_a_name_with_a_dot_is_another_client_id_than_any_other_name() -> None:
    ids = {client_id_of(GatewayName(name)) for name in ("gw.a", "gw-a", "gw_a")}
    assert ids == {"lotwarden-gw:a", "lotwarden-gw-a", "lotwarden-gw_a"}, "nats-server 2.15 refuses a dot"


async def test_a_broker_that_hangs_up_on_version_5_without_a_word_is_spoken_to_in_the_older_one(tmp_path: Path) -> None:
    store = Store(Ledger(IDENTITY.verify))
    async with running(Mosquitto(tmp_path / "broker")) as broker, door_at(store, url=broker.url):

        async def older(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connect = await reader.read(4096)
            if connect[connect.index(b"MQTT") + 4] == 5:
                writer.close()
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", broker.port)
            up_writer.write(connect)
            await asyncio.gather(pass_on(reader, up_writer), pass_on(up_reader, writer))

        server = await asyncio.start_server(older, "127.0.0.1", 0)
        uplink = uplink_to(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(LinkDown, match="the connection broke"):
            await uplink.send(units(tmp_path))
        (receipt,) = await uplink.send(units(tmp_path))
        assert (receipt.outcome, uplink.version) == (Outcome.STORED, "3.1.1")
        await uplink.close()
        server.close()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00" * 50,
        b"\xff" * 50,
        b"\x20\x03\x00\x00",  # a CONNACK that is cut short
        b"\x20\xff\xff\xff\xff\xff",  # a length that is none
        b"\x20\x03\x00\x00\x05\x01",  # properties that are not there
        b"",
    ],
)
@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_server_that_is_no_broker_is_a_lost_link(tmp_path: Path, answer: bytes, version: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    uplink = uplink_to(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=1, version=version)
    for _ in range(3):
        with pytest.raises(LinkDown, match=r"mqtt://127\.0\.0\.1"):
            await uplink.send(units(tmp_path))
    await uplink.close()
    server.close()


async def test_a_ledger_that_is_not_connected_is_told_at_once_where_the_broker_says_so(tmp_path: Path) -> None:
    async with running(Mosquitto(tmp_path / "broker")) as broker:
        uplink = uplink_to(broker.url, timeout_s=100)
        with pytest.raises(LinkDown, match="the ledger is not connected to the broker"):
            await uplink.send(units(tmp_path))
        await uplink.close()


async def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    uplink = uplink_to(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=0.1)
    with pytest.raises(LinkDown, match="the broker did not answer"):
        await uplink.send(units(tmp_path))
    await uplink.close()
    server.close()


async def test_an_idle_link_that_is_half_open_is_noticed_by_the_keep_alive(tmp_path: Path) -> None:
    async with running(Mosquitto(tmp_path / "broker")) as broker:
        relay = Relay(broker.port)
        await relay.start()
        where = mqtt_link.Broker(
            "the broker", "127.0.0.1", relay.port, "lotwarden-gw", None, None, keepalive_s=1, step_s=5
        )
        link = mqtt_link.Link(where, mqtt_link.Version.V5, "receipts", lambda _message: None, inflight_max=5)
        await link.open()
        relay.forget_connections()
        async with asyncio.timeout(20):
            while link.is_open:
                link.changed.clear()
                await link.changed.wait()
        assert "keep alive timeout" in str(link.fault)
        await link.close()


async def test_the_whole_agent_speaks_mqtt(tmp_path: Path) -> None:
    ledger = Ledger(Identity.load_or_make(tmp_path / "data").verify)
    LedgerTrust.load(tmp_path / "data").believe_only(LEDGER_KEYS.public_key)
    async with running(Mosquitto(tmp_path / "broker")) as broker, door_at(Store(ledger), url=broker.url):
        config = GatewayConfig(
            gateway=GatewaySection(name=GATEWAY, data_dir=tmp_path / "data"),
            uplink=UplinkSection(kind="mqtt", url=broker.url),
        )
        stop = asyncio.Event()
        agent = asyncio.create_task(
            run_agent(config, ManualClock(START), [], stop=stop, random=random.Random(1).random)
        )
        async with asyncio.timeout(20):
            while not ledger.records:  # noqa: ASYNC110 - the ledger lives in threads
                await asyncio.sleep(0.01)
            stop.set()
            await agent
        notices = [decode_record(line) for line in ledger.lines("scans")]
        assert [notice.notice for notice in notices if isinstance(notice, Notice)] == ["started", "stopped"]


async def test_without_the_ledgers_key_nothing_is_sent_and_the_words_say_how_to_get_it(tmp_path: Path) -> None:
    section = UplinkSection(kind="mqtt", url="mqtt://127.0.0.1:1")
    uplink = MqttUplink(section, GatewayName(GATEWAY), LedgerTrust())
    with pytest.raises(Refused, match=r"edge-agent enroll --code CODE .* trust-ledger --key KEY"):
        await uplink.send(units(tmp_path))


async def test_receipts_that_others_write_to_the_topic_delete_nothing_and_are_alarmed_once(tmp_path: Path) -> None:
    """Anybody whom the broker lets publish there: an own key, the ledger's key without its signature, none at all."""
    journal, thread = open_journal(tmp_path / "journal"), JournalThread()
    journal.append(Lane.SCANS, [scan(1)])
    (batch,) = journal.pending(Lane.SCANS, bytes_max=10**6, batches_max=1)
    stranger = LedgerKeys(Ed25519PrivateKey.generate(), ())
    told: list[Record] = []

    async def record(alarm: Record) -> None:
        told.append(alarm)

    receipt = {"digest": batch.digest, "outcome": "stored", "reason": ""}
    bare = {"receipts": [receipt]}
    borrowed = stranger.sign([receipt]) | {"key": LEDGER_KEYS.public_key}
    async with running(Mosquitto(tmp_path / "broker")) as broker:
        forger = Client(CallbackAPIVersion.VERSION2)
        forger.on_connect = lambda c, _u, _f, _r, _p: c.subscribe("lotwarden/+/batches", qos=1)
        answers = [bare, borrowed, stranger.sign([receipt])]
        forger.on_message = lambda c, _u, _m: c.publish(
            f"lotwarden/{GATEWAY}/receipts", json.dumps(answers.pop(0)).encode(), qos=1
        )
        subscribed = threading.Event()
        forger.on_subscribe = lambda _c, _u, _m, _r, _p: subscribed.set()
        forger.connect("127.0.0.1", broker.port)
        forger.loop_start()
        assert await asyncio.to_thread(subscribed.wait, 20)
        uplink = uplink_to(broker.url, timeout_s=0.5)
        forwarder = Forwarder(
            journal, thread, uplink, ManualClock(START), random=random.Random(1).random, record=record, retry_max_s=1
        )
        for _ in range(3):
            with pytest.raises(LinkDown):
                await forwarder.forward_once()
        forger.loop_stop()
        assert not answers, "all three were heard"
        assert journal.pending_records() == 1
        (alarm,) = told
        assert isinstance(alarm, Notice) and "not signed by the ledger" in alarm.text
        await uplink.close()
    async with running(Mosquitto(tmp_path / "broker-2")) as broker:
        store = Store(Ledger(IDENTITY.verify))
        async with door_at(store, url=broker.url):
            uplink = uplink_to(broker.url)
            (stored,) = await uplink.send([batch.raw])
            assert stored.outcome is Outcome.STORED and uplink.forged == ""
            await uplink.close()
    thread.close()
    journal.close()


async def test_back_fill_over_a_broker_keeps_to_its_rate_and_what_is_live_does_not_wait_for_it(tmp_path: Path) -> None:
    clock, store = ManualClock(START), Store(Ledger(IDENTITY.verify))
    journal, thread = open_journal(tmp_path / "journal"), JournalThread()
    for number in range(1, 31):
        journal.append(Lane.READINGS, [reading(number)])
    size = len(journal.pending(Lane.READINGS, bytes_max=1, batches_max=1)[0].raw)

    async def record(alarm: Record) -> None:
        raise AssertionError(alarm)

    async with running(Mosquitto(tmp_path / "broker")) as broker, door_at(store, url=broker.url):
        uplink = uplink_to(broker.url)
        forwarder = Forwarder(
            journal, thread, uplink, clock, random=random.Random(1).random, record=record, retry_max_s=1,
            backfill_bytes_per_s=5 * size,
        )  # fmt: skip

        async def send_what_may_be_sent() -> int:
            before = len(store.ledger.records)
            while await forwarder.forward_once():
                pass
            return len(store.ledger.records) - before

        assert 5 <= await send_what_may_be_sent() <= 7, "the newest, and a second's worth of the past"
        journal.append(Lane.READINGS, [reading(100)])
        assert await send_what_may_be_sent() == 1, "news do not wait for the past"
        clock.advance(1.0)
        assert 4 <= await send_what_may_be_sent() <= 6
        clock.advance(1.0)
        assert 4 <= await send_what_may_be_sent() <= 6
        while journal.pending_records():
            clock.advance(1.0)
            await send_what_may_be_sent()
        await uplink.close()
    assert (len(store.ledger.records), store.ledger.stored_twice) == (31, 0)
    thread.close()
    journal.close()


async def test_a_silent_broker_costs_one_attempt_and_the_next_has_a_new_link(tmp_path: Path) -> None:
    store = Store(Ledger(IDENTITY.verify))
    async with running(Mosquitto(tmp_path / "broker")) as broker, door_at(store, url=broker.url):
        relay = Relay(broker.port)
        await relay.start()
        uplink = uplink_to(f"mqtt://127.0.0.1:{relay.port}", timeout_s=0.5)
        await uplink.send(units(tmp_path))
        relay.forget_connections()
        with pytest.raises(LinkDown, match="the broker said nothing for"):
            await uplink.send(units(tmp_path))
        assert len(await uplink.send(units(tmp_path))) == 1
        await uplink.close()
        await relay.stop()


@pytest.mark.parametrize("noise", ["html", "garbage", "foreign"])
async def test_noise_among_the_receipts_is_logged_once_and_its_end_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, noise: str
) -> None:
    caplog.set_level(logging.WARNING, "edge_agent.uplink")
    store = Store(Ledger(IDENTITY.verify))
    async with running(Mosquitto(tmp_path / "broker")) as broker:
        ledger = CrookedLedger(broker.port, store, [noise] * 3)
        await asyncio.to_thread(ledger.is_ready.wait, 20)
        uplink = uplink_to(broker.url, timeout_s=0.5)
        batches = units(tmp_path, 3)
        with pytest.raises(LinkDown, match="no receipt from the ledger"):
            await uplink.send(batches)
        for _ in range(3):
            assert len(await uplink.send(batches)) == 3
        words = [record.message for record in caplog.records]
        assert [word.split(",")[0] for word in words] == [
            "lotwarden/gw-test/receipts: ignoring receipts that are unreadable or for batches not sent",
            f"{broker.url}: receipts are sound again",
        ]
        await uplink.close()
        ledger.stop()


async def test_a_receipt_that_comes_too_late_counts_at_the_next_attempt(tmp_path: Path) -> None:
    store = Store(Ledger(IDENTITY.verify))
    async with running(Mosquitto(tmp_path / "broker")) as broker, door_at(store, url=broker.url):
        uplink = uplink_to(broker.url, timeout_s=0.2)
        with store.lock, pytest.raises(LinkDown, match="no receipt from the ledger"):  # the ledger is slow
            await uplink.send(units(tmp_path))
        link = uplink._link
        assert link is not None, "the broker has acknowledged: the link is not to blame"
        async with asyncio.timeout(20):
            while not any(uplink._asked.values()):
                link.changed.clear()
                await link.changed.wait()
        (receipt,) = await uplink.send(units(tmp_path))
        assert (receipt.outcome, store.calls) == (Outcome.STORED, 1)
        await uplink.close()


async def test_a_copy_of_the_gateway_is_told_from_a_lost_link(tmp_path: Path) -> None:
    """By the bytes of MQTT 5: CONNACK, SUBACK, then DISCONNECT with reason 0x8E, session taken over."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(b"\x20\x03\x00\x00\x00")
        subscribe = await packet(reader)
        writer.write(b"\x90\x04" + subscribe[:2] + b"\x00\x01")
        await packet(reader)
        writer.write(b"\xe0\x02\x8e\x00")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    uplink = uplink_to(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(LinkDown, match=r"session taken over.*is there a copy of this gateway\?"):
        await uplink.send(units(tmp_path))
    await uplink.close()
    server.close()


async def packet(reader: asyncio.StreamReader) -> bytes:
    """The body of one MQTT packet."""
    await reader.readexactly(1)
    size, shift = 0, 0
    while True:
        (byte,) = await reader.readexactly(1)
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return await reader.readexactly(size)


async def test_a_batch_that_the_broker_does_not_take_does_not_hold_up_the_others(tmp_path: Path) -> None:
    store = Store(Ledger(IDENTITY.verify))
    settings = f"user {getpass.getuser()}\nlistener PORT 127.0.0.1\nallow_anonymous true\nmax_packet_size 20000\n"
    async with running(Mosquitto(tmp_path / "broker", settings)) as broker, door_at(store, url=broker.url):
        uplink = uplink_to(broker.url)
        small, large = units(tmp_path), bytes(30_000)
        assert len(await uplink.send([large, *small])) == 1
        with pytest.raises(
            LinkDown, match="turned 1 batches down: it takes messages of up to 20000 bytes, raise its limit"
        ):
            await uplink.send([large])
        await uplink.close()


# The examples in config/, with paths and ports of this machine.


def passwords(home: Path, **users: str) -> Path:
    path = home / "passwd"
    for number, (user, password) in enumerate(users.items()):
        program = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run(
            [program, "-b", *(["-c"] if number == 0 else []), str(path), user.replace("_", "-"), password], check=True
        )
    return path


def credentials(home: Path, user: str, password: str) -> Path:
    path = home / f"{user}.credentials"
    path.write_text(f"{user}\n{password}\n")
    path.chmod(0o600)
    return path


@contextlib.asynccontextmanager
async def example_broker(kind: str, tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """Its address and the authority to trust."""
    ca_file, server_file = certificates(tmp_path / "ours")
    broker: Broker
    if kind == "mosquitto":
        text = (ROOT / "config" / "mosquitto.example.conf").read_text()
        passwd = passwords(tmp_path, ledger="l-secret", gw_test="g-secret", gw_other="o-secret")
        for old, new in {
            "listener 8883": f"user {getpass.getuser()}\nlistener PORT 127.0.0.1",
            "/etc/mosquitto/certs/broker.pem": str(server_file),
            "/etc/mosquitto/certs/broker-key.pem": str(server_file),
            "/etc/mosquitto/lotwarden.passwd\nacl": f"{passwd}\nacl",
            "/etc/mosquitto/lotwarden.acl\n": f"{ROOT / 'config' / 'mosquitto.example.acl'}\n",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        broker = Mosquitto(tmp_path / "broker", text)
    else:
        text = (ROOT / "config" / "nats-server.example.conf").read_text()
        start, end = text.index("        {\n            user: gw-cold-1"), text.index("    ]\n}")
        gateway = text[start:end]
        others = gateway.replace("gw-cold-1", "gw-other").replace("change-me-gw-other", "o-secret")
        ours = gateway.replace("gw-cold-1", "gw-test").replace("change-me-gw-test", "g-secret")
        text = text[:start] + ours + others + text[end:]
        for old, new in {
            "change-me-ledger": "l-secret",
            "/var/lib/nats": str(tmp_path / "nats"),
            "127.0.0.1:4222": "127.0.0.1:-1",
            "0.0.0.0:8883": "127.0.0.1:PORT",
            "/etc/nats/broker.pem": str(server_file),
            "/etc/nats/broker-key.pem": str(server_file),
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        broker = NatsServer(tmp_path / "broker", text)
    async with running(broker):
        yield broker.url.replace("mqtt:", "mqtts:"), ca_file


@pytest.mark.parametrize("kind", ["mosquitto", "nats-server"])
async def test_the_example_broker_delivers_and_keeps_gateways_apart(tmp_path: Path, kind: str) -> None:
    store = Store(Ledger(IDENTITY.verify))
    ours, others = credentials(tmp_path, "gw-test", "g-secret"), credentials(tmp_path, "gw-other", "o-secret")
    ledgers = credentials(tmp_path, "ledger", "l-secret")
    async with (
        example_broker(kind, tmp_path) as (url, ca_file),
        door_at(store, url=url, ca_file=ca_file, credentials_file=ledgers),
    ):
        uplink = uplink_to(url, ca_file=ca_file, credentials_file=ours)
        large = units(tmp_path, 5)
        assert {r.outcome for r in await uplink.send(large)} == {Outcome.STORED}
        calls = store.calls
        # Another gateway can neither speak on our topic nor hear our receipts.
        intruder = uplink_to(url, ca_file=ca_file, credentials_file=others, gateway=GATEWAY, timeout_s=0.5)
        intruder._broker = replace(intruder._broker, client_id="intruder")
        with pytest.raises((LinkDown, Refused)):
            await intruder.send(large)
        assert store.calls == calls
        await intruder.close()
        assert {r.outcome for r in await uplink.send(large)} == {Outcome.DUPLICATE}
        await uplink.close()


@pytest.mark.parametrize("kind", ["mosquitto", "nats-server"])
async def test_a_wrong_password_is_told_from_a_lost_link(tmp_path: Path, kind: str) -> None:
    wrong = credentials(tmp_path, "gw-test", "no-secret")
    async with example_broker(kind, tmp_path) as (url, ca_file):
        uplink = uplink_to(url, ca_file=ca_file, credentials_file=wrong)
        with pytest.raises(Refused, match=r"check uplink\.mqtt\.credentials_file"):
            await uplink.send(units(tmp_path))
        await uplink.close()


@pytest.mark.parametrize("kind", ["mosquitto", "nats-server"])
async def test_the_largest_batch_passes_the_example_broker(tmp_path: Path, kind: str) -> None:
    """Not a batch at all, so that it is refused; but it came through, and so did the answer."""
    store = Store(Ledger(IDENTITY.verify))
    ours, ledgers = credentials(tmp_path, "gw-test", "g-secret"), credentials(tmp_path, "ledger", "l-secret")
    async with (
        example_broker(kind, tmp_path) as (url, ca_file),
        door_at(store, url=url, ca_file=ca_file, credentials_file=ledgers),
    ):
        uplink = uplink_to(url, ca_file=ca_file, credentials_file=ours)
        (receipt,) = await uplink.send([bytes(BATCH_BYTES_MAX)])
        assert (receipt.outcome, receipt.reason[:23]) == (Outcome.REFUSED, "not a Lotwarden batch: ")
        await uplink.close()
