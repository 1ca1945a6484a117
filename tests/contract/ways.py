"""Every way from a gateway to its ledger, with handles to break it."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from cloud_sync.ingest.mqtt.receiver import MqttDoor, MqttSection
from edge_agent.config.model import UplinkMqttSection, UplinkSection
from edge_agent.domain.wire.wire import decode_batch, digest_of
from edge_agent.uplink.base import Uplink
from edge_agent.uplink.https import HttpsUplink
from edge_agent.uplink.mqtt import MqttUplink
from tests.support.brokers import Broker, Mosquitto, NatsServer
from tests.support.journal_parts import GATEWAY, IDENTITY
from tests.support.ledger_key import seal, seal_what_is_one, trust
from tests.support.relay import Relay
from tests.support.small_ledger import Ledger

TIMEOUT_S = 0.5


class Way(Protocol):
    """A ledger that stores in ``ledger``, and an uplink that reaches it through ``relay``."""

    ledger: Ledger
    relay: Relay

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def uplink(self) -> Uplink: ...

    async def kill_server(self) -> None:
        """What the uplink is connected to dies."""

    async def restart_server(self) -> None: ...

    async def ledger_goes(self) -> None:
        """Whoever gives receipts is away."""

    async def ledger_returns(self) -> None: ...

    async def misbehave(self, *faults: str) -> None:
        """Give such answers first: of :mod:`tests.integration.edge.ledger`."""

    @property
    def faults_left(self) -> list[str]: ...


class HttpsWay:
    def __init__(self, home: Path) -> None:
        self.ledger = Ledger(IDENTITY.verify)
        self.relay = Relay(0)

    async def start(self) -> None:
        await self.restart_server()
        await self.relay.start()

    async def stop(self) -> None:
        await self.relay.stop()
        await self.ledger.stop()

    def uplink(self) -> Uplink:
        url = f"http://127.0.0.1:{self.relay.port}"
        return HttpsUplink(UplinkSection(url=url, timeout_s=TIMEOUT_S))

    async def kill_server(self) -> None:
        await self.ledger.stop()

    async def restart_server(self) -> None:
        await self.ledger.start()
        self.relay.target = self.ledger.port

    async def ledger_goes(self) -> None:
        self.ledger.faults = ["503"] * 100_000

    async def ledger_returns(self) -> None:
        self.ledger.faults.clear()

    async def misbehave(self, *faults: str) -> None:
        self.ledger.faults = list(faults)

    @property
    def faults_left(self) -> list[str]:
        return [str(fault) for fault in self.ledger.faults]


class DatabaseDown(Exception):
    """What the ledger's own storing raises when PostgreSQL is away."""


class Stored(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FORK = "fork"


@dataclass(frozen=True)
class StoreReceipt:
    digest: str
    outcome: Stored
    reason: str = ""


@dataclass
class Store:
    """``cloud_sync``'s storing over a ledger in memory; safe for the door's many threads."""

    ledger: Ledger
    is_down: bool = False
    calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, raw: bytes) -> StoreReceipt:
        with self.lock:
            self.calls += 1
            if self.is_down:
                raise DatabaseDown("no route to PostgreSQL")
            batch = decode_batch(raw)
            return StoreReceipt(batch.digest, Stored(self.ledger.outcome_of(batch)))


def one_by_one(store: Callable[[bytes], Any]) -> Callable[[Sequence[bytes]], list[Any]]:
    """A store of single batches as a door wants one. Each is tried, and if one failed there are no receipts."""

    def store_all(raws: Sequence[bytes]) -> list[Any]:
        receipts: list[Any] = []
        fault: DatabaseDown | None = None
        for raw in raws:
            try:
                receipts.append(store(raw))
            except DatabaseDown as error:
                fault = error
        if fault is not None:
            raise fault
        return receipts

    return store_all


class MqttWay:
    def __init__(self, broker: Broker, version: str) -> None:
        self.ledger = Ledger(IDENTITY.verify)
        self.store = Store(self.ledger)
        self.broker = broker
        self.version = version
        self.relay = Relay(broker.port)
        self._door: MqttDoor | None = None
        self._crooked: CrookedLedger | None = None

    async def start(self) -> None:
        await self.broker.start()
        await self.relay.start()
        await self.ledger_returns()

    async def stop(self) -> None:
        await self.ledger_goes()
        await self.relay.stop()
        await self.broker.kill()

    def uplink(self) -> MqttUplink:
        url = f"mqtt://127.0.0.1:{self.relay.port}"
        mqtt = UplinkMqttSection.model_validate({"version": self.version, "inflight_max": 5})
        return MqttUplink(UplinkSection(kind="mqtt", url=url, timeout_s=TIMEOUT_S, mqtt=mqtt), GATEWAY, trust())

    async def kill_server(self) -> None:
        await self.broker.kill()

    async def restart_server(self) -> None:
        await self.broker.start()

    async def ledger_goes(self) -> None:
        if self._door is not None:
            await asyncio.to_thread(self._door.stop)
            self._door = None
        if self._crooked is not None:
            await asyncio.to_thread(self._crooked.stop)
            self._crooked = None

    async def ledger_returns(self) -> None:
        section = MqttSection.model_validate({"url": self.broker.url, "version": self.version})
        self._door = MqttDoor(section, one_by_one(self.store), seal)
        self._door.start()
        assert await asyncio.to_thread(self._door.wait_connected, 20)

    async def misbehave(self, *faults: str) -> None:
        await self.ledger_goes()
        self._crooked = CrookedLedger(self.broker.port, self.store, faults)
        assert await asyncio.to_thread(self._crooked.is_ready.wait, 20)

    @property
    def faults_left(self) -> list[str]:
        assert self._crooked
        return self._crooked.faults


class CrookedLedger:
    """Stores what comes on the topic of batches, and gives each fault of ``faults`` as an answer once."""

    def __init__(self, port: int, store: Store, faults: Iterable[str]) -> None:
        self.is_ready = threading.Event()
        self.faults = list(faults)
        self._store = store
        self._held: list[dict[str, str]] = []
        client = Client(CallbackAPIVersion.VERSION2, client_id="crooked")
        client.on_connect = lambda c, _u, _f, _r, _p: c.subscribe("lotwarden/+/batches", qos=1)
        client.on_subscribe = lambda _c, _u, _m, _r, _p: self.is_ready.set()
        client.on_message = self._answer
        client.connect("127.0.0.1", port)
        client.loop_start()
        self._client = client

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _answer(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        digest = digest_of(message.payload)
        fault = self.faults.pop(0) if self.faults else "ok"
        receipt = {}
        if fault not in ("html", "garbage", "foreign"):
            # It keeps what it acknowledges and no more, so that a gateway which believes more loses it.
            stored = self._store(message.payload)
            receipt = {"digest": digest, "outcome": stored.outcome.value, "reason": ""}
        match fault:
            case "drop":  # stored, and then the receipt is lost
                return
            case "html":
                self._publish(b"<html>\xff")
            case "garbage":
                self._say([{"digest": 7}, None, "x", {"digest": digest, "outcome": "lost"}])
            case "foreign":
                self._say([{"digest": "f" * 64, "outcome": "stored", "reason": ""}])
            case "twice":
                self._say([receipt, receipt])
                self._say([receipt])
            case "reversed":  # held back, and then in reverse with the next that is not
                self._held.append(receipt)
            case _:
                self._say([receipt, *self._held[::-1]])
                self._held.clear()

    def _say(self, receipts: list[object]) -> None:
        self._publish(json.dumps(seal_what_is_one(receipts)).encode())

    def _publish(self, payload: bytes) -> None:
        self._client.publish(f"lotwarden/{GATEWAY}/receipts", payload, qos=1)


WAYS = ["https", "mqtt 5 on mosquitto", "mqtt 3.1.1 on mosquitto", "mqtt on nats-server"]


@contextlib.asynccontextmanager
async def way_of(kind: str, home: Path) -> AsyncIterator[Way]:
    way: Way
    if kind == "https":
        way = HttpsWay(home)
    elif kind == "mqtt on nats-server":
        way = MqttWay(NatsServer(home / "nats"), "auto")
    else:
        way = MqttWay(Mosquitto(home / "mosquitto"), kind.split()[1])
    try:
        await way.start()
        yield way
    finally:
        await way.stop()
