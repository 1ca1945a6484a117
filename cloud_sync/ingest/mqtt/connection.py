"""The ledger's connection to a broker: paho in the calling thread, for as long as one connection lasts."""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.domain.wire.wire import BATCH_BYTES_MAX

LOOP_S = 1.0
CONNECT_TIMEOUT_S = 10.0
FAREWELL_S = 2.0
PACKET_BYTES_MAX = BATCH_BYTES_MAX + 1024
RECEIPTS_INFLIGHT_MAX = 10
RECEIPTS_QUEUED_MAX = 2000
UNSUPPORTED_VERSION = 0x84

_log = logging.getLogger("cloud_sync.mqtt")


class Version(Enum):
    """What of MQTT is spoken."""

    V5 = "5"
    V311 = "3.1.1"


class VersionRefused(Exception):
    """The broker does not speak this version; or hung up without a word, as old brokers do, and it may be so."""

    def __init__(self, words: str, *, is_certain: bool) -> None:
        super().__init__(words)
        self.is_certain = is_certain


class ConnectionEnded(Exception):
    """The connection could not be made, or broke. The text says why."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who the ledger is to it."""

    address: str  # for people
    host: str
    port: int
    client_id: str
    tls: ssl.SSLContext | None
    credentials: tuple[str, str] | None
    keepalive_s: int


class Connection:
    """One connection. ``serve`` lives as long as it does; ``publish`` and ``close`` may be called from any thread."""

    def __init__(
        self,
        broker: Broker,
        version: Version,
        *,
        topic: str,
        group: str,
        on_ready: Callable[[str], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        """Subscribes to ``topic``, shared among the ledger's workers of ``group`` where the broker can.

        ``on_ready`` is called with the subscription when it stands; ``on_message`` with topic and payload.
        """
        self._broker = broker
        self._version = version
        self._topic = topic
        self._group = group
        self._on_ready = on_ready
        self._on_message = on_message
        self._subscription = topic
        self._is_closing = threading.Event()
        self._is_ready = threading.Event()
        self._has_connack = False
        self._qos = 1
        self._end = ""
        self._refused_certainly: bool | None = None
        self._client = self._make_client()

    def serve(self) -> None:
        """Connect, and serve until the connection ends. Raises ``VersionRefused`` or ``ConnectionEnded``."""
        try:
            self._connect()
            self._loop()
        except Exception as error:  # noqa: BLE001 - whatever a broker sends must not end the thread that connects again
            self._end = self._end or str(error) or type(error).__name__
        finally:
            self._is_ready.clear()
            if (sock := self._client.socket()) is not None:
                sock.close()
        if self._refused_certainly is not None:
            words = f"{self._broker.address}: no answer in MQTT {self._version.value}"
            raise VersionRefused(words, is_certain=self._refused_certainly)
        raise ConnectionEnded(f"{self._broker.address}: {self._end or 'the connection ended'}")

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message to the broker; False, and nothing is kept, while there is no connection."""
        if not self._is_ready.is_set():
            return False
        return self._client.publish(topic, payload, qos=self._qos).rc == MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Let ``serve`` say goodbye and end, after what was published has been sent."""
        self._is_closing.set()
        self._client.disconnect()

    def _connect(self) -> None:
        if self._is_closing.is_set():
            return
        where = (self._broker.host, self._broker.port, self._broker.keepalive_s)
        if self._version is Version.V5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = PACKET_BYTES_MAX
            self._client.connect(*where, clean_start=True, properties=properties)
        else:
            self._client.connect(*where)

    def _loop(self) -> None:
        close_by_s: float | None = None
        while self._client.loop(LOOP_S) == MQTT_ERR_SUCCESS:
            if self._is_closing.is_set():
                close_by_s = close_by_s or time.monotonic() + FAREWELL_S
                if time.monotonic() >= close_by_s:
                    return

    def _make_client(self) -> Client:
        is_v5 = self._version is Version.V5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if is_v5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if is_v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(RECEIPTS_INFLIGHT_MAX)
        client.max_queued_messages_set(RECEIPTS_QUEUED_MAX)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls)
        if self._broker.credentials is not None:
            client.username_pw_set(*self._broker.credentials)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_disconnect = self._disconnected
        # Having one keeps publish() from writing to the socket in a worker's thread; it wakes this thread instead.
        client.on_socket_register_write = lambda _c, _u, _sock: None
        client.on_socket_open = lambda _c, _u, sock: _send_at_once(sock)
        return client

    def _connected(
        self, client: Client, _u: Any, _f: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._has_connack = True
        if reason.is_failure:
            if reason.value == UNSUPPORTED_VERSION:
                self._refused_certainly = True
            self._end = f"the broker says {str(reason).lower()!r}"
            return
        if self._version is Version.V5:
            if (limit := getattr(properties, "MaximumPacketSize", PACKET_BYTES_MAX)) < PACKET_BYTES_MAX:
                _log.warning(
                    "broker %s takes messages of %d bytes at most, and a batch with its envelope may have %d: "
                    "raise its limit (Mosquitto: max_packet_size, message_size_limit), or large batches never arrive",
                    self._broker.address, limit, PACKET_BYTES_MAX,
                )  # fmt: skip
            if getattr(properties, "SharedSubscriptionAvailable", 1):
                self._subscription = f"$share/{self._group}/{self._topic}"
            if getattr(properties, "ReceiveMaximum", RECEIPTS_INFLIGHT_MAX) < RECEIPTS_INFLIGHT_MAX:
                # paho cannot lower its own limit any more. A receipt that is lost is given again, as a duplicate.
                self._qos = 0
        client.subscribe(self._subscription, qos=1)

    def _subscribed(self, client: Client, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Properties | None) -> None:
        if any(reason.is_failure for reason in reasons):
            self._end = f"the broker forbids reading {self._subscription}: allow it in its access list"
            client.disconnect()
            return
        self._is_ready.set()
        self._on_ready(self._subscription)

    def _received(self, _c: Client, _u: Any, message: MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))

    def _disconnected(
        self, _c: Client, _u: Any, _f: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if not self._has_connack and not self._is_closing.is_set():
            self._refused_certainly = False
        self._end = self._end or f"the connection broke ({str(reason).lower()})"


def _send_at_once(sock: Any) -> None:
    """Nagle's algorithm would hold small packets back for 40 ms and more."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
