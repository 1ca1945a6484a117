"""One connection to a broker: paho on a thread of its own, bridged to asyncio.

Only the thread reads and writes the socket. Everything it learns is handed to the event loop in the order it
happened; all state that the uplink looks at lives in the event loop.

The library's own reconnecting and its queue are not used: a link that has ended is thrown away with whatever paho
still held, and the forwarder, which has the journal, decides when to try again.
"""

import asyncio
import contextlib
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
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.errors import LinkDown, Refused

LOOP_S = 1.0
"""How often paho's thread looks whether a ping is due. Packets wake it at once."""
FAREWELL_S = 1.0
"""How long a closing link tries to say so to the broker."""
CONNECT_STEPS = 3
"""Connecting is TCP, then TLS, then MQTT: each may take ``step_s``."""
UNREAD_MESSAGES_MAX = 1000
"""Messages the event loop has not seen yet. More are dropped: their batches are sent again."""

UNSUPPORTED_VERSION = 0x84
CONFIGURATION_FAULTS = {0x85, 0x86, 0x87, 0x8A, 0x8C}
"""CONNACK reasons (MQTT 5, table 3-1) that last until a person acts: client id, password, authorisation, ban."""
CLIENT_ID_REJECTED, UNSPECIFIED = 0x85, 0x80
"""What nats-server says in 3.1.1 to whoever connects, or subscribes, while its nodes choose a leader."""
SESSION_TAKEN_OVER = 0x8E
NO_SUBSCRIBERS = 0x10
"""A PUBACK with it is not an error of MQTT, but a batch that nobody took will never have a receipt."""


class Version(Enum):
    """What of MQTT is spoken on a link."""

    V5 = "5"
    V311 = "3.1.1"


_PROTOCOLS = {Version.V5: MQTTProtocolVersion.MQTTv5, Version.V311: MQTTProtocolVersion.MQTTv311}


class VersionRefused(LinkDown):
    """The broker does not speak the version it was addressed in."""


class Unanswered(LinkDown):
    """The connection ended before the broker said anything: some old brokers do that to a version they do not know."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. ``tls`` is a verifying context, or nothing on this very machine."""

    address: str  # for people
    host: str
    port: int
    client_id: str
    tls: ssl.SSLContext | None
    credentials: tuple[str, str] | None  # user name, password
    keepalive_s: int
    step_s: float


class Link:
    """A connection that is opened once, subscribes to one topic, and ends once.

    ``changed`` is set whenever something happened: a message (given to ``on_message`` first), an acknowledgement of
    the broker, the end. ``fault`` says why the link ended.
    """

    def __init__(
        self, broker: Broker, version: Version, topic: str, on_message: Callable[[bytes], None], *, inflight_max: int
    ) -> None:
        self._broker = broker
        self._topic = topic
        self._on_message = on_message
        self.version = version
        self.changed = asyncio.Event()
        self.fault: LinkDown | Refused | None = None
        self.heard_s = 0.0
        """When the broker last said anything but a ping (``loop.time()``)."""
        self.inflight_max = inflight_max
        self.packet_bytes_max: int | None = None
        self.rejected: dict[str, str] = {}  # tag -> reason, of what the broker did not take
        self._tags: dict[int, str] = {}  # mid -> tag, of what the broker has not acknowledged
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._is_closing = threading.Event()
        self._unread = threading.Semaphore(UNREAD_MESSAGES_MAX)
        self._has_connack = False
        self._client = self._make_client(inflight_max)
        self._thread = threading.Thread(target=self._run, name=f"mqtt {broker.address}", daemon=True)

    @property
    def is_open(self) -> bool:
        """Whether it is subscribed, and has not ended."""
        return self._ready.is_set() and self.fault is None

    @property
    def unacknowledged(self) -> int:
        """How many messages the broker has not acknowledged."""
        return len(self._tags)

    async def open(self) -> None:
        """Connect and subscribe. Raises ``VersionRefused``, ``Unanswered``, ``LinkDown`` or ``Refused``."""
        self._thread.start()
        limit_s = self._broker.step_s * CONNECT_STEPS
        try:
            async with asyncio.timeout(limit_s):
                while not self._ready.is_set() and self.fault is None:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            self._end_with(LinkDown(f"{self._broker.address}: the broker did not answer within {limit_s:.0f} s"))
        if self.fault is not None:
            raise self.fault

    def publish(self, tag: str, topic: str, payload: bytes) -> None:
        """Hand ``payload`` to the broker with QoS 1. Raises why the link ended, if it has."""
        if self.fault is not None:
            raise self.fault
        self.rejected.pop(tag, None)
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != MQTT_ERR_SUCCESS:
            raise self._end_with(LinkDown(f"{self._broker.address}: nothing can be sent (paho error {info.rc})"))
        self._tags[info.mid] = tag

    async def close(self) -> None:
        """Say goodbye and wait for the thread, but not for long: it may be stuck in a name lookup."""
        self._end_with(LinkDown(f"{self._broker.address}: closed"))
        if not self._thread.is_alive():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * FAREWELL_S):
                await self._ended.wait()
                # Its last word was to say so, so this returns at once.
                self._thread.join()

    def _end_with(self, fault: LinkDown | Refused) -> LinkDown | Refused:
        """The first reason to end counts. Tells the thread to stop."""
        if self.fault is None:
            self.fault = fault
            self.changed.set()
        if not self._is_closing.is_set():
            self._is_closing.set()
            self._client.disconnect()
        return self.fault

    @property
    def _is_old(self) -> bool:
        """In 3.1.1 a refusal gives no reason: it may last, or be over in a moment."""
        return self.version is Version.V311

    # In the event loop: what the thread has seen.

    def _saw_connack(self, reason: ReasonCode, properties: Properties) -> None:
        self._has_connack = True
        where = self._broker.address
        if reason.value == UNSUPPORTED_VERSION:
            self._end_with(VersionRefused(f"{where}: the broker does not speak MQTT {self.version.value}"))
        elif reason.value in CONFIGURATION_FAULTS and not (self._is_old and reason.value == CLIENT_ID_REJECTED):
            self._end_with(
                Refused(f"{where}: the broker says {str(reason).lower()!r}: check uplink.mqtt.credentials_file and "
                        "the client certificate")
            )  # fmt: skip
        elif reason.is_failure:
            self._end_with(LinkDown(f"{where}: the broker says {str(reason).lower()!r}"))
        elif getattr(properties, "MaximumQoS", 1) < 1:
            self._end_with(Refused(f"{where}: the broker offers QoS 0 only, QoS 1 is needed: change its settings"))
        else:
            self.inflight_max = min(self.inflight_max, getattr(properties, "ReceiveMaximum", self.inflight_max))
            self.packet_bytes_max = getattr(properties, "MaximumPacketSize", None)

    def _saw_suback(self, reasons: list[ReasonCode]) -> None:
        if any(reason.is_failure for reason in reasons):
            words = f"{self._broker.address}: the broker forbids reading {self._topic}: allow it in its access list"
            is_passing = self._is_old and all(reason.value == UNSPECIFIED for reason in reasons)
            self._end_with(LinkDown(words) if is_passing else Refused(words))
        self._ready.set()

    def _saw_puback(self, mid: int, reason: ReasonCode) -> None:
        tag = self._tags.pop(mid, None)
        if tag is not None and reason.value == NO_SUBSCRIBERS:
            self.rejected[tag] = "the ledger is not connected to the broker, so nothing receives them"
        elif tag is not None and reason.is_failure:
            self.rejected[tag] = str(reason).lower()

    def _saw_message(self, payload: bytes) -> None:
        self._unread.release()
        self._on_message(payload)

    def _saw_disconnect(self, reason: ReasonCode) -> None:
        words = f"{self._broker.address}: the connection broke ({str(reason).lower()})"
        if reason.value == SESSION_TAKEN_OVER:
            words += "; another client uses this gateway's name: is there a copy of this gateway?"
        self._end_with(LinkDown(words) if self._has_connack else Unanswered(words))

    def _saw_end(self, error: Exception | None) -> None:
        words = (str(error) or type(error).__name__) if error else "the connection ended"
        self._end_with(LinkDown(f"{self._broker.address}: {words}"))
        self._ended.set()

    # In paho's thread.

    def _run(self) -> None:
        error: Exception | None = None
        try:
            if not self._is_closing.is_set():
                self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s, **self._clean())
                self._serve()
        except Exception as caught:  # noqa: BLE001 - whatever a broker sends must end in a fault, not a silent thread
            error = caught
        finally:
            if (sock := self._client.socket()) is not None:
                sock.close()
            self._tell(self._saw_end, error)

    def _serve(self) -> None:
        close_by_s: float | None = None
        while self._client.loop(LOOP_S) == MQTT_ERR_SUCCESS:
            if self._is_closing.is_set():
                close_by_s = close_by_s or time.monotonic() + FAREWELL_S
                if time.monotonic() >= close_by_s:
                    return

    def _clean(self) -> dict[str, Any]:
        # In 3.1.1 it is the client that is clean; paho insists on being told where it belongs.
        return {"clean_start": True} if self.version is Version.V5 else {}

    def _tell(self, saw: Callable[..., None], *arguments: object) -> None:
        def tell() -> None:
            self.heard_s = self._loop.time()
            saw(*arguments)
            self.changed.set()

        with contextlib.suppress(RuntimeError):  # the event loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(tell)

    def _make_client(self, inflight_max: int) -> Client:
        is_v5 = self.version is Version.V5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if is_v5 else True,
            protocol=_PROTOCOLS[self.version],
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._broker.step_s
        client.max_inflight_messages_set(inflight_max)
        client.max_queued_messages_set(inflight_max)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls)
        if self._broker.credentials is not None:
            client.username_pw_set(*self._broker.credentials)

        def on_connect(c: Client, _u: Any, _f: ConnectFlags, reason: ReasonCode, properties: Properties | None) -> None:
            if not reason.is_failure:
                c.subscribe(self._topic, qos=1)
            self._tell(self._saw_connack, reason, properties)

        def on_message(_c: Client, _u: Any, message: MQTTMessage) -> None:
            if self._unread.acquire(blocking=False):
                self._tell(self._saw_message, message.payload)

        def on_disconnect(_c: Client, _u: Any, _f: DisconnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
            self._tell(self._saw_disconnect, reason)

        client.on_connect = on_connect
        client.on_message = on_message
        client.on_disconnect = on_disconnect
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._tell(self._saw_suback, reasons)
        client.on_publish = lambda _c, _u, mid, reason, _p: self._tell(self._saw_puback, mid, reason)
        # Having one keeps publish() from writing to the socket in the caller's thread; it wakes paho's thread instead.
        client.on_socket_register_write = lambda _c, _u, _sock: None
        client.on_socket_open = lambda _c, _u, sock: _send_at_once(sock)
        return client


def _send_at_once(sock: Any) -> None:
    """Nagle's algorithm would hold small packets back for 40 ms and more."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
