"""The stream in which the broker's nodes keep batches: what it has to be, how it is made, and what is wrong with it.

What a gateway publishes to ``lotwarden/{gateway}/batches`` is kept under ``{stream}.{partition}.{gateway}``: all of a
gateway in one partition. A message goes when a ledger has acknowledged it, after ``KEPT_S``, or when its gateway has
sent ``KEPT_PER_GATEWAY`` newer ones. None of that loses a batch: without a receipt its gateway sends it again.
"""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from nats.aio.client import Client
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
    SubjectTransform,
)
from nats.js.errors import NoStreamResponseError, NotFoundError

from cloud_sync.ingest.jetstream.settings import BATCH_SUBJECTS, JetStreamSection

SERVER_OLDEST = (2, 10)
"""The first that knows ``sync_interval: always``, and partitions of a stream."""
KEPT_S = 600.0
KEPT_PER_GATEWAY = 200
"""As many as a gateway may have on their way without a receipt."""
ACK_WAIT_S = 30.0
"""After which a batch that a ledger took, and died with, goes to another one."""
UNACKNOWLEDGED_MAX = 256
ANSWER_S, MONITOR_S = 3.0, 3.0
PREPARE = "run cloud-sync broker prepare"


def stream_config(section: JetStreamSection) -> StreamConfig:
    """The stream as it has to be."""
    return StreamConfig(
        name=section.stream,
        description="batches of Lotwarden gateways that no ledger has stored yet",
        subjects=[BATCH_SUBJECTS],
        subject_transform=SubjectTransform(
            src=BATCH_SUBJECTS, dest=f"{section.stream}.{{{{partition({section.partitions},1)}}}}.{{{{wildcard(1)}}}}"
        ),
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,  # the newest are not in anybody's hands yet, and the oldest come again soonest
        num_replicas=section.replicas,
        max_bytes=section.stream_bytes_max,
        max_age=KEPT_S,
        max_msgs_per_subject=KEPT_PER_GATEWAY,
    )


def consumer_config(section: JetStreamSection, partition: int) -> ConsumerConfig:
    """The consumer of one partition, which all ledgers share."""
    return ConsumerConfig(
        durable_name=section.consumer(partition),
        filter_subject=section.subjects(partition),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=UNACKNOWLEDGED_MAX,
    )


async def prepare(client: Client, section: JetStreamSection) -> None:
    """Make the stream and its consumers, or bring them up to date. Raises ``nats.errors.Error``."""
    manager = client.jsm(timeout=ANSWER_S)
    config = stream_config(section)
    try:
        await manager.stream_info(section.stream)
        await manager.update_stream(config)
    except NotFoundError:
        await manager.add_stream(config)
    for partition in range(section.partitions):
        await manager.add_consumer(section.stream, consumer_config(section, partition))


async def faults_of(client: Client, section: JetStreamSection, tls: ssl.SSLContext | None) -> list[str]:
    """Why the ledger must not rely on this broker, each with what to do; none if it may.

    ``tls`` verifies the nodes' monitoring ports.

    Raises ``nats.errors.Error`` where the nodes are about to choose a leader, or do not answer.
    """
    version = client.connected_server_version
    if (version.major, version.minor) < SERVER_OLDEST:
        oldest = ".".join(map(str, SERVER_OLDEST))
        return [f"the broker is nats-server {version}, which loses what it acknowledged; use {oldest} or newer"]
    try:
        info = await client.jsm(timeout=ANSWER_S).stream_info(section.stream)
    except NotFoundError:
        return [f"the broker has no stream {section.stream}; {PREPARE}"]
    except NoStreamResponseError:
        return ["the broker's nodes run without JetStream; switch it on (config/nats-cluster.example.conf)"]
    found = [*_stream_faults(info, section), *await _consumer_faults(client, section)]
    for url in section.monitor_urls:
        found += await _sync_faults(url, tls)
    return found


def _stream_faults(info: StreamInfo, section: JetStreamSection) -> list[str]:
    config, found = info.config, []
    if (config.num_replicas or 1) < section.replicas:
        found.append(
            f"stream {section.stream} is kept by {config.num_replicas or 1} of the broker's nodes, {section.replicas} "
            f"are required: one that dies would take batches with it; {PREPARE}, with as many nodes running"
        )
    if config.storage != StorageType.FILE:
        found.append(f"stream {section.stream} is kept in memory; delete it, and {PREPARE}")
    if BATCH_SUBJECTS not in (config.subjects or ()):
        found.append(f"stream {section.stream} does not listen to {BATCH_SUBJECTS}, where gateways write; {PREPARE}")
    elif config.subject_transform != stream_config(section).subject_transform:
        found.append(f"stream {section.stream} is not divided into {section.partitions} partitions; {PREPARE}")
    return found


async def _consumer_faults(client: Client, section: JetStreamSection) -> list[str]:
    """Reading what is not there would wait for ever."""
    missing = []
    for partition in range(section.partitions):
        try:
            await client.jsm(timeout=ANSWER_S).consumer_info(section.stream, section.consumer(partition))
        except NotFoundError:
            missing.append(section.consumer(partition))
    return [f"the broker has no consumer {', '.join(missing)}; {PREPARE}"] if missing else []


async def _sync_faults(url: str, tls: ssl.SSLContext | None) -> list[str]:
    """Whether this node syncs before it acknowledges, as far as it can be asked."""
    try:
        async with httpx.AsyncClient(timeout=MONITOR_S, verify=tls or True) as http:
            answer = (await http.get(f"{url.rstrip('/')}/varz")).json()
    except (httpx.HTTPError, ValueError):
        return []  # a node that is down is what the others are for; it is looked at again
    return sync_faults_in(answer, url)


def sync_faults_in(varz: Mapping[str, Any], url: str) -> list[str]:
    """What a node's ``/varz`` says of syncing: nothing is wrong if it does so with each message."""
    config = (varz.get("jetstream") or {}).get("config") or {}
    if config.get("sync_always"):
        return []
    if "sync_interval" not in config:
        return [f"{url} does not say how often it syncs; write the address of a node's monitoring port with JetStream"]
    seconds = int(config["sync_interval"]) / 1e9
    return [
        f"the broker's node at {url} syncs every {seconds:.0f} s: a power cut would lose what it acknowledged; write "
        "sync_interval: always into its jetstream block (config/nats-cluster.example.conf) and start it again"
    ]
