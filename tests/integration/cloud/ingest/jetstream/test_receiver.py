"""Gateways speak MQTT to any node of a cluster, ledgers take batches out of the stream: nothing lost, nothing twice."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from cloud_sync.commands.broker import broker_app
from cloud_sync.ingest.jetstream.administration import prepare_stream
from cloud_sync.ingest.jetstream.receiver import JetStreamDoor
from edge_agent.config.model import UplinkMqttSection, UplinkSection
from edge_agent.domain.wire.ids import GatewayName, JournalId
from edge_agent.domain.wire.records import Lane
from edge_agent.domain.wire.wire import NO_PREVIOUS, BatchHeader, digest_of, encode_batch, encode_record
from edge_agent.errors import LinkDown
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.mqtt import MqttUplink
from tests.contract.ways import Store, one_by_one
from tests.support.journal_parts import IDENTITY, scan
from tests.support.ledger_key import seal, trust
from tests.support.nats_cluster import PASSWORD, NatsCluster, nats_cluster
from tests.support.small_ledger import Ledger

PATIENCE_S = 40
GATEWAYS = ("gw-1", "gw-2", "gw.dotted", "gw-thief")


def batch(number: int, gateway: str = "gw-1") -> bytes:
    journal = JournalId(f"{GATEWAYS.index(gateway):08d}-0000-4000-8000-000000000000")
    header = BatchHeader(
        gateway=GatewayName(gateway), journal=journal, lane=Lane.SCANS, first=number, count=1, previous=NO_PREVIOUS
    )
    return encode_batch(header, [encode_record(scan(number))], IDENTITY.sign)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    with nats_cluster(tmp_path_factory.mktemp("nats"), GATEWAYS) as cluster:
        yield cluster


@contextmanager
def door_at(cluster: NatsCluster, store: Store, **more: Any) -> Iterator[JetStreamDoor]:
    door = JetStreamDoor(cluster.section(**more), one_by_one(store), seal)
    door.start()
    try:
        assert door.wait_connected(PATIENCE_S)
        yield door
    finally:
        door.stop()


def uplink_to(cluster: NatsCluster, gateway: str, *nodes: str, timeout_s: float = 3.0) -> MqttUplink:
    urls = [cluster.mqtt_url(name) for name in nodes]
    mqtt = UplinkMqttSection(
        credentials_file=cluster.home / f"{gateway}.credentials", other_urls=tuple(urls[1:]), inflight_max=5
    )
    section = UplinkSection(kind="mqtt", url=urls[0], ca_file=cluster.ca_file, timeout_s=timeout_s, mqtt=mqtt)
    return MqttUplink(section, GatewayName(gateway), trust())


async def deliver(uplink: MqttUplink, *raws: bytes) -> list[Outcome]:
    """Send them until each is acknowledged, as a gateway does; gives their outcomes in order."""
    found: dict[str, Outcome] = {}
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < len(raws):
            try:
                receipts = await uplink.send([raw for raw in raws if digest_of(raw) not in found])
            except LinkDown:
                await asyncio.sleep(0.1)  # as the forwarder does
                continue
            found |= {each.digest: each.outcome for each in receipts}
    return [found[digest_of(raw)] for raw in raws]


async def test_ledgers_share_what_gateways_send_to_any_node_and_nodes_may_die(cluster: NatsCluster) -> None:
    ledger = Ledger(IDENTITY.verify)
    one_at_a_time = threading.Lock()
    stores = [Store(ledger, lock=one_at_a_time), Store(ledger, lock=one_at_a_time)]
    nodes = list(cluster.ports)
    uplinks = [uplink_to(cluster, name, *nodes[k % 3 :], *nodes[: k % 3]) for k, name in enumerate(GATEWAYS[:3])]
    with door_at(cluster, stores[0]), door_at(cluster, stores[1]):
        for first in (1, 11):
            sent = [[batch(n, name) for n in range(first, first + 10)] for name in GATEWAYS[:3]]
            outcomes = await asyncio.gather(
                *(deliver(uplink, *raws) for uplink, raws in zip(uplinks, sent, strict=True))
            )
            assert outcomes == [[Outcome.STORED] * 10] * 3
        assert sum(each.calls for each in stores) == 60, "each batch went to one ledger"

        thief = uplink_to(cluster, "gw-thief", nodes[0])
        assert await deliver(thief, batch(1)) == [Outcome.REFUSED]
        assert sum(each.calls for each in stores) == 60

        dead = cluster.leader()
        cluster.kill(dead)
        sent = [[batch(n, name) for n in range(21, 26)] for name in GATEWAYS[:3]]
        outcomes = await asyncio.gather(*(deliver(uplink, *raws) for uplink, raws in zip(uplinks, sent, strict=True)))
        assert {each for group in outcomes for each in group} <= {Outcome.STORED, Outcome.DUPLICATE}
        cluster.start(dead)
    for each in (*uplinks, thief):
        await each.close()
    assert len(ledger.batches) == 75 and ledger.stored_twice == 0, "nothing lost, nothing twice"


async def test_what_a_full_stream_did_not_keep_comes_again_and_a_ledger_without_its_database_loses_nothing(
    cluster: NatsCluster,
) -> None:
    small = cluster.section("admin").model_copy(update={"stream_bytes_max": 4000})
    await asyncio.to_thread(prepare_stream, small)
    nodes = list(cluster.ports)
    uplink = uplink_to(cluster, "gw-2", *nodes, timeout_s=2.0)
    raws = [batch(n, "gw-2") for n in range(101, 121)]
    await asyncio.to_thread(publish_all, cluster, nodes[1], "gw-2", raws)
    store = Store(Ledger(IDENTITY.verify), is_down=True)
    with door_at(cluster, store):
        async with asyncio.timeout(PATIENCE_S):
            while not store.calls:  # noqa: ASYNC110 - the door lives in threads
                await asyncio.sleep(0.02)
        with pytest.raises(LinkDown, match="no receipt from the ledger"):
            await uplink.send(raws[:1])
        assert not store.ledger.batches
        store.is_down = False
        outcomes = await deliver(uplink, *raws)
    await uplink.close()
    assert set(outcomes) <= {Outcome.STORED, Outcome.DUPLICATE}
    assert len(store.ledger.batches) == 20 and store.ledger.stored_twice == 0
    await asyncio.to_thread(prepare_stream, cluster.section("admin"))


def publish_all(cluster: NatsCluster, node: str, gateway: str, raws: list[bytes]) -> None:
    """Returns once the broker has acknowledged each of them."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"again-{gateway}")
    client.username_pw_set(gateway, PASSWORD)
    client.tls_set(ca_certs=str(cluster.ca_file))
    client.connect(cluster.ports[node].host, cluster.ports[node].mqtt)
    client.loop_start()
    for each in [client.publish(f"lotwarden/{gateway}/batches", raw, qos=1) for raw in raws]:
        each.wait_for_publish(PATIENCE_S)
        assert each.is_published()
    client.disconnect()
    client.loop_stop()


def test_a_ledger_refuses_a_broker_that_it_must_not_rely_on(cluster: NatsCluster) -> None:
    store = one_by_one(Store(Ledger(IDENTITY.verify)))
    for more, words in (
        ({"stream": "elsewhere"}, "the broker has no stream elsewhere; run cloud-sync broker prepare"),
        ({"replicas": 5}, "is kept by 3 of the broker's nodes, 5 are required"),
        ({"partitions": 8}, "is not divided into 8 partitions"),
    ):
        section = cluster.section("admin", **more)
        with pytest.raises(ValueError, match=words):
            JetStreamDoor(section, store, seal).start()
    config = cluster.home / "ledger.toml"
    section = cluster.section()
    lines = {"urls": list(section.urls), "monitor_urls": list(section.monitor_urls), "partitions": 4}
    files = {"ca_file": section.ca_file, "credentials_file": section.credentials_file}
    config.write_text(
        '[database]\ndata_dir = "pg"\n[jetstream]\n'
        + "".join(f"{key} = {value!r}\n" for key, value in lines.items())
        + "".join(f'{key} = "{value}"\n' for key, value in files.items())
    )
    admin = str(cluster.home / "admin.credentials")
    for arguments, words in (
        (["prepare", "--config", str(config), "--credentials-file", admin], "is kept by 3 nodes, in 4 partitions"),
        (["check", "--config", str(config)], "is kept by 3 nodes; each batch is synced to the disk"),
    ):
        done = CliRunner().invoke(broker_app, arguments)
        assert done.exit_code == 0 and words in " ".join(done.output.split())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("jetstream")]
