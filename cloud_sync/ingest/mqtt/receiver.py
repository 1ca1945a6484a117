"""The ledger's door for batches that come through an MQTT broker.

A gateway publishes one batch a message to ``lotwarden/{gateway}/batches`` and forgets it only when the ledger's own
receipt is on ``lotwarden/{gateway}/receipts``. What that means here:

- A receipt is published only after the batch is committed (or refused for good). No receipt while the database is
  down, the door is full or stopping: the gateway has the batch in its journal and sends it again.
- The acknowledgement of MQTT (PUBACK) is given on arrival. It only keeps the broker's flow going; the gateway does not
  look at it. The session is clean: a batch that the broker would have kept for a ledger that was away has long been
  sent again, and would only come as a duplicate.
- With MQTT 5 the workers of a ledger share one subscription, so that each batch goes to one of them. With 3.1.1 each
  worker gets every batch: storing is idempotent, so that is waste but not wrong; let one worker have the door there.
- The topic says who wrote (the broker's access list sees to that), the signed header says who speaks. Where they
  differ, the batch is refused, and the refusal goes to the gateway of the topic: the one named in the header must not
  be told by others that its batches are unwanted.
"""

import json
import logging
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_sync.ingest.mqtt.connection import Broker, Connection, ConnectionEnded, Version, VersionRefused
from cloud_sync.ingest.mqtt.fair_queue import FairQueue
from edge_agent.domain.wire.journal_gaps import MISSING
from edge_agent.domain.wire.receipts import Answer
from edge_agent.domain.wire.wire import BATCH_BYTES_MAX, WireError, digest_of, header_of

TOPIC = "lotwarden/+/batches"
ITEMS_MAX_PER_GATEWAY = 200
"""As many as a gateway may have on their way without a receipt."""
TROUBLES_MAX = 1000
RECONNECT_MIN_S = 0.5
RECONNECT_MAX_S = 30.0
CREDENTIALS_BYTES_MAX = 2000
PORTS = {"mqtt": 1883, "mqtts": 8883}
VERSIONS = {"auto": [Version.V5, Version.V311], "5": [Version.V5], "3.1.1": [Version.V311]}

_TOPIC_NAME = re.compile(r"lotwarden/([a-z0-9][a-z0-9._-]{0,59})/batches")
_log = logging.getLogger("cloud_sync.mqtt")


class Receipt(Protocol):
    """What ``store`` gives: the ledger's word on one batch (``cloud_sync.ingest.batches.Receipt`` is one)."""

    @property
    def digest(self) -> str:
        """Of the batch, 64 hex digits."""
        ...

    @property
    def outcome(self) -> str:
        """stored, duplicate, refused, unknown or fork."""
        ...

    @property
    def reason(self) -> str:
        """For people."""
        ...


Seal = Callable[[Iterable[Mapping[str, str]]], Answer]
"""Signs receipts (``digest``, ``outcome``, ``reason``) as the ledger; any exception means: no receipt."""
Missing = Callable[[str, bytes], str]
"""A gateway and a batch of it -> what the ledger has not got of that journal, in words for it; '' if nothing."""
Store = Callable[[Sequence[bytes]], Sequence[Receipt]]
"""Stores batches and returns, once they are committed, a receipt for each. Any exception means: not stored, or not all;
let them be sent again. So a batch that can never be stored has to get a receipt, too."""


class MqttSection(BaseModel):
    """``[mqtt]``: the broker through which gateways may send. ``url`` is mqtts; plain mqtt for this very machine only.

    ``credentials_file`` has the user name on its first line and the password on its second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    credentials_file: Path | None = None
    version: Literal["auto", "5", "3.1.1"] = "auto"
    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", min_length=16, max_length=60)] | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    pending_bytes_max: Annotated[int, Field(ge=2 * BATCH_BYTES_MAX)] = 64 << 20
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        fault = _url_fault(self.url)
        if fault:
            raise ValueError(f"url: {fault}")
        for key in ("ca_file", "client_cert_file", "client_key_file", "credentials_file"):
            path: Path | None = getattr(self, key)
            if path is not None and not path.is_file():
                raise ValueError(f"{key}: there is no file {path}; write the path of a file the ledger can read")
        if self.client_key_file is not None and self.client_cert_file is None:
            raise ValueError("client_key_file: a key needs its certificate; write client_cert_file too")
        return self


class MqttDoor:
    """Takes batches from a broker and answers with receipts, from ``start`` until ``stop``.

    A lost broker is logged once, and once when it is back. No gateway can starve the others: each has its own bounded
    queue and they take turns. What waits of a gateway is stored together, by one worker at a time.
    """

    def __init__(
        self,
        section: MqttSection,
        store: Store,
        seal: Seal,
        group: str | None = None,
        missing: Missing = lambda _gateway, _raw: "",
    ) -> None:
        """Connects to nothing yet. Raises ``ValueError`` if a file of ``section`` cannot be used.

        ``group`` is shared by all processes of a ledger, and nobody else's to know: whoever subscribes in it gets
        batches in their place. ``section.group`` wins; without either this process is a group of its own. ``missing``
        says what the ledger has not got of the journal of a batch that it has just taken.
        """
        self._missing = missing
        parts = urlsplit(section.url)
        self._broker = Broker(
            address=f"{parts.scheme}://{parts.netloc}",
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            client_id=f"lotwarden-ledger-{secrets.token_hex(6)}",
            tls=_tls_context(section) if parts.scheme == "mqtts" else None,
            credentials=_credentials(section.credentials_file) if section.credentials_file else None,
            keepalive_s=section.keepalive_s,
        )
        self._group = section.group or group or secrets.token_hex(16)
        self._store = store
        self._seal = seal
        self._versions = list(VERSIONS[section.version])
        self._is_version_proven = False
        self._workers_count = section.workers
        self._queue = FairQueue(items_max_per_sender=ITEMS_MAX_PER_GATEWAY, bytes_max=section.pending_bytes_max)
        self._connection: Connection | None = None
        self.stopping = threading.Event()
        """Set once it was asked to stop."""
        self._is_connected = threading.Event()
        self._threads: list[threading.Thread] = []
        self._states = _States()

    @property
    def is_connected(self) -> bool:
        """Whether batches can come in."""
        return self._is_connected.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until batches can come in; False if that took longer than ``timeout_s``."""
        return self._is_connected.wait(timeout_s)

    def start(self) -> None:
        """Connect, and go on connecting whenever the broker was lost. Returns at once."""
        names = ["mqtt-door", *(f"mqtt-door-worker-{number}" for number in range(self._workers_count))]
        for name in names:
            target = self._serve if name == "mqtt-door" else self._work
            thread = threading.Thread(target=target, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Take nothing more, finish what is being stored, send its receipts, and let go of the broker."""
        self.stopping.set()
        self._queue.close()
        connecting, *workers = self._threads or [threading.current_thread()]
        for worker in workers:
            worker.join()
        if (connection := self._connection) is not None:
            connection.close()
        if connecting is not threading.current_thread():
            connecting.join()

    # One thread that connects and receives.

    def _serve(self) -> None:
        pause_s = RECONNECT_MIN_S
        while not self.stopping.is_set():
            self._is_connected.clear()
            connection = self._connection = self._make_connection()
            if self.stopping.is_set():
                return
            try:
                connection.serve()
            except (VersionRefused, ConnectionEnded) as ended:
                self._note_ended(ended)
            pause_s = RECONNECT_MIN_S if self._is_connected.is_set() else min(pause_s * 2, RECONNECT_MAX_S)
            self._is_connected.clear()
            self.stopping.wait(pause_s)

    def _make_connection(self) -> Connection:
        return Connection(
            self._broker,
            self._versions[0],
            topic=TOPIC,
            group=self._group,
            on_ready=self._note_connected,
            on_message=self._take_in,
        )

    def _note_ended(self, ended: VersionRefused | ConnectionEnded) -> None:
        if self.stopping.is_set():
            return
        if isinstance(ended, VersionRefused) and (ended.is_certain or not self._is_version_proven):
            self._versions.append(self._versions.pop(0))
            if ended.is_certain and len(self._versions) > 1 and not self._is_version_proven:
                return  # the other version is tried next; that is no news
        self._states.enter("broker", f"broker lost: {ended}. Gateways keep their batches meanwhile")

    def _note_connected(self, subscription: str) -> None:
        version = self._versions[0].value
        _log.info("%s: connected with MQTT %s, reading %s", self._broker.address, version, subscription)
        self._states.leave("broker", f"broker {self._broker.address} is back")
        self._is_version_proven = True
        self._is_connected.set()

    def _take_in(self, topic: str, raw: bytes) -> None:
        found = _TOPIC_NAME.fullmatch(topic)
        if found is None:
            self._states.enter("topic", f"ignoring what comes on {topic!r}: that is not the name of a gateway")
            return
        gateway = found[1]
        if len(raw) > BATCH_BYTES_MAX:
            fault = f"{len(raw)} bytes are more than {BATCH_BYTES_MAX}"
            self._answer(gateway, [_Refusal(digest_of(raw), fault)])
        elif self._queue.put(gateway, raw):
            # Not at the first free place: it would be full again with the next batch, and the log with it.
            if self._states.is_in("full") and self._queue.is_half_empty():
                self._states.leave("full", "there is room for batches again")
        else:
            self._states.enter("full", f"no room for more batches of {gateway}: without receipts they come again")

    # The workers' threads.

    def _work(self) -> None:
        while (taken := self._queue.take(ITEMS_MAX_PER_GATEWAY)) is not None:
            gateway, raws = taken
            try:
                self._take(gateway, raws)
            finally:
                self._queue.done(gateway)

    def _take(self, gateway: str, raws: list[bytes]) -> None:
        own, refusals = [], []
        for raw in raws:
            fault = _topic_fault(gateway, raw)
            if fault:
                refusals.append(_Refusal(digest_of(raw), fault))
            else:
                own.append(raw)
        if refusals:
            self._answer(gateway, refusals)
        if not own:
            return
        try:
            receipts = self._store(own)
        except Exception as error:  # noqa: BLE001 - not stored, whatever the reason
            # Without a receipt the gateway sends it again.
            self._states.enter("store", f"batches cannot be stored ({error}): no receipts until they can", error)
            return
        self._states.leave("store", "batches are stored again")
        self._answer(gateway, [*receipts, *self._missed(gateway, own[-1], receipts[-1])])

    def _missed(self, gateway: str, raw: bytes, receipt: Receipt) -> list[Receipt]:
        """What a gateway that can only send has to send again, said beside the receipt of a batch of it."""
        if receipt.outcome not in ("stored", "duplicate"):
            return []
        try:
            words = self._missing(gateway, raw)
        except Exception as error:  # noqa: BLE001 - its receipts count whatever else is wrong
            self._states.enter("missing", f"gateways cannot be asked for what is missing ({error})", error)
            return []
        self._states.leave("missing", "gateways are asked again for what is missing")
        return [_Refusal(receipt.digest, words, MISSING)] if words else []

    def _answer(self, gateway: str, receipts: Sequence[Receipt]) -> None:
        """Where the connection is gone meanwhile, the receipts are too: the batches come again, as duplicates."""
        for each in receipts:
            self._note_outcome(gateway, each)
        try:
            answer = self._seal(
                {"digest": each.digest, "outcome": str(each.outcome), "reason": each.reason} for each in receipts
            )
        except Exception as error:  # noqa: BLE001 - a receipt that is not signed is worth nothing
            self._states.enter("seal", f"receipts cannot be signed ({error}): none until they can", error)
            return
        self._states.leave("seal", "receipts are signed again")
        if (connection := self._connection) is not None:
            connection.publish(f"lotwarden/{gateway}/receipts", json.dumps(answer).encode())

    def _note_outcome(self, gateway: str, receipt: Receipt) -> None:
        if receipt.outcome in ("refused", "unknown", "fork"):
            words = f"refused a batch of {gateway} ({receipt.digest[:12]}...): {receipt.reason}"
            self._states.enter(f"refused {gateway}", words)
        else:
            self._states.leave(f"refused {gateway}", f"batches of {gateway} are taken again")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What is said of a batch beside the store's own receipts."""

    digest: str
    reason: str
    outcome: str = "refused"


class _States:
    """Troubles that are logged once when they begin and once when they end.

    Only so many at once: strangers could make up names of gateways without end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: set[str] = set()

    def enter(self, name: str, words: str, error: Exception | None = None) -> None:
        with self._lock:
            if name in self._troubles or len(self._troubles) >= TROUBLES_MAX:
                return
            self._troubles.add(name)
        _log.warning("%s", words, exc_info=error)

    def is_in(self, name: str) -> bool:
        return name in self._troubles

    def leave(self, name: str, words: str) -> None:
        with self._lock:
            if name not in self._troubles:
                return
            self._troubles.remove(name)
        _log.warning("%s", words)


def _topic_fault(gateway: str, raw: bytes) -> str | None:
    """Why a batch must not have come on the topic of ``gateway``, or nothing."""
    try:
        header = header_of(raw)
    except WireError as error:
        return error.reason
    if header.gateway != gateway:
        return f"it came on the topic of {gateway} but is signed as {header.gateway}"
    return None


def _url_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{url!r} is not an address ({error}); write e.g. mqtts://broker.example.org"
    if parts.scheme not in PORTS or not host:
        return f"{url!r} is not the address of a broker; write e.g. mqtts://broker.example.org"
    if parts.scheme == "mqtt" and not _is_loopback(host):
        return f"mqtt:// is for this very machine only and would send in the clear; write mqtts://{parts.netloc}"
    if parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        return f"write the address alone, without user, path or query: {parts.scheme}://{host}"
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls_context(section: MqttSection) -> ssl.SSLContext:
    """Verifies certificate and host name, always."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if section.ca_file is not None:
            context.load_verify_locations(cafile=section.ca_file)
        if section.client_cert_file is not None:
            # An empty passphrase: a key that has one is a fault, not a prompt that nobody sees.
            context.load_cert_chain(section.client_cert_file, section.client_key_file, password="")
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"mqtt: ca_file or client_cert_file cannot be used ({error}); they must be PEM") from error
    return context


def _credentials(path: Path) -> tuple[str, str]:
    try:
        is_open = path.stat().st_mode & 0o007
        lines = path.read_text(encoding="utf-8")[:CREDENTIALS_BYTES_MAX].splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"mqtt.credentials_file: {path} cannot be read ({error})") from error
    if is_open:
        raise ValueError(f"mqtt.credentials_file: {path} may be read by everyone: run chmod 600 {path}")
    if len(lines) < 2 or not lines[0] or not lines[1]:
        raise ValueError(f"mqtt.credentials_file: {path} needs the user name on line 1 and the password on line 2")
    return lines[0], lines[1]
