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
- Whose topic and whose signature have to agree: ``ingest/batch_taker.py``.
"""

import logging
import re
import secrets
import threading
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cloud_sync.ingest.batch_taker import (
    GATEWAY_NAME,
    BatchTaker,
    Missing,
    Refusal,
    Seal,
    Store,
    Troubles,
    size_fault,
)
from cloud_sync.ingest.broker_access import credentials, file_fault, tls_context, url_fault
from cloud_sync.ingest.mqtt.connection import Broker, Connection, ConnectionEnded, Version, VersionRefused
from cloud_sync.ingest.mqtt.fair_queue import FairQueue
from edge_agent.domain.wire.wire import BATCH_BYTES_MAX, digest_of

TOPIC = "lotwarden/+/batches"
ITEMS_MAX_PER_GATEWAY = 200
"""As many as a gateway may have on their way without a receipt."""
RECONNECT_MIN_S = 0.5
RECONNECT_MAX_S = 30.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
VERSIONS = {"auto": [Version.V5, Version.V311], "5": [Version.V5], "3.1.1": [Version.V311]}

FILES = ("ca_file", "client_cert_file", "client_key_file", "credentials_file")

_TOPIC_NAME = re.compile(rf"lotwarden/({GATEWAY_NAME})/batches")
_log = logging.getLogger("cloud_sync.mqtt")


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
        if fault := url_fault(self.url, PORTS, clear="mqtt", secure="mqtts"):
            raise ValueError(f"url: {fault}")
        if fault := file_fault({key: getattr(self, key) for key in FILES}):
            raise ValueError(fault)
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
        parts = urlsplit(section.url)
        self._broker = Broker(
            address=f"{parts.scheme}://{parts.netloc}",
            host=parts.hostname or "",
            port=parts.port or PORTS[parts.scheme],
            client_id=f"lotwarden-ledger-{secrets.token_hex(6)}",
            tls=tls_context("mqtt", section.ca_file, section.client_cert_file, section.client_key_file)
            if parts.scheme == "mqtts"
            else None,
            credentials=credentials("mqtt", section.credentials_file) if section.credentials_file else None,
            keepalive_s=section.keepalive_s,
        )
        self._group = section.group or group or secrets.token_hex(16)
        self._versions = list(VERSIONS[section.version])
        self._is_version_proven = False
        self._workers_count = section.workers
        self._queue = FairQueue(items_max_per_sender=ITEMS_MAX_PER_GATEWAY, bytes_max=section.pending_bytes_max)
        self._connection: Connection | None = None
        self.stopping = threading.Event()
        """Set once it was asked to stop."""
        self._is_connected = threading.Event()
        self._threads: list[threading.Thread] = []
        self._troubles = Troubles(_log)
        self._taker = BatchTaker(store, seal, missing, self._publish, self._troubles)

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
        self._troubles.enter("broker", f"broker lost: {ended}. Gateways keep their batches meanwhile")

    def _note_connected(self, subscription: str) -> None:
        version = self._versions[0].value
        _log.info("%s: connected with MQTT %s, reading %s", self._broker.address, version, subscription)
        self._troubles.leave("broker", f"broker {self._broker.address} is back")
        self._is_version_proven = True
        self._is_connected.set()

    def _take_in(self, topic: str, raw: bytes) -> None:
        found = _TOPIC_NAME.fullmatch(topic)
        if found is None:
            self._troubles.enter("topic", f"ignoring what comes on {topic!r}: that is not the name of a gateway")
            return
        gateway = found[1]
        if fault := size_fault(raw):
            self._taker.answer(gateway, [Refusal(digest_of(raw), fault)])
        elif self._queue.put(gateway, raw):
            # Not at the first free place: it would be full again with the next batch, and the log with it.
            if self._troubles.is_in("full") and self._queue.is_half_empty():
                self._troubles.leave("full", "there is room for batches again")
        else:
            self._troubles.enter("full", f"no room for more batches of {gateway}: without receipts they come again")

    # The workers' threads.

    def _work(self) -> None:
        while (taken := self._queue.take(ITEMS_MAX_PER_GATEWAY)) is not None:
            gateway, raws = taken
            try:
                self._taker.take(gateway, raws)
            finally:
                self._queue.done(gateway)

    def _publish(self, gateway: str, answer: bytes) -> None:
        """Where the connection is gone meanwhile, the receipts are too: the batches come again, as duplicates."""
        if (connection := self._connection) is not None:
            connection.publish(f"lotwarden/{gateway}/receipts", answer)
