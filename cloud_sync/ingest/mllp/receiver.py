"""The ledger's door for HL7 messages over MLLP (``[hl7]``): pharmacy systems, interface engines, dispensing cabinets.

- A sender is known by the address it comes from (and its TLS certificate, where it has to show one) and by the names in
  its messages (MSH-3, MSH-4). Both have to be those of one ``[hl7.senders.NAME]``.
- A message is acknowledged once it is committed. While the database is down there is no answer: the connection ends,
and
  the sender sends the message again.
- One message of a connection at a time, in the order in which they came.
- Bounds on everything: bytes of a message, connections, those of one address, and how long a connection may be silent.
"""

import asyncio
import hashlib
import logging
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud_sync.ingest.mllp.framing import FrameFault, FrameReader, framed
from cloud_sync.interop.hospital.field_map import MapFault, load_map

READ_BYTES = 65_536
SEND_TIMEOUT_S = 30.0
HANDSHAKE_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0
TROUBLES_MAX = 1_000
_log = logging.getLogger("cloud_sync.mllp")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SenderSection(_Section):
    """``[hl7.senders.NAME]``: who sends, and what their messages are read by.

    ``application`` and ``facility`` are MSH-3.1 and MSH-4.1. ``site``: the sender speaks for places there, and of
    others it
    opens cases. ``owner``: whose stock it is.
    """

    addresses: Annotated[tuple[str, ...], Field(min_length=1)]
    map_file: Path
    application: str = ""
    facility: str = ""
    client_cert_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    site: str | None = None
    owner: Annotated[str, Field(min_length=1)] = "house"

    @field_validator("addresses")
    @classmethod
    def _are_networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for each in addresses:
            try:
                ip_network(each)
            except ValueError as error:
                raise ValueError(f"{each} is no address or network: write 10.1.2.3 or 10.1.2.0/24") from error
        return addresses

    def is_from(self, peer: str, cert_sha256: str) -> bool:
        """Whether a connection may be theirs."""
        address = _plain(peer)
        if not any(address in ip_network(each) for each in self.addresses):
            return False
        return not self.client_cert_sha256 or self.client_cert_sha256 == cert_sha256


class Hl7Section(_Section):
    """``[hl7]``: where the ledger takes HL7 messages, and of whom."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 2575
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    client_ca_file: Path | None = None
    behind_proxy: bool = False
    message_bytes_max: Annotated[int, Field(ge=1_000, le=1 << 20)] = 1 << 20
    idle_s: Annotated[int, Field(ge=1, le=86_400)] = 3_600
    message_s: Annotated[int, Field(ge=1, le=600)] = 30
    connections_max: Annotated[int, Field(ge=1, le=1_000)] = 64
    connections_per_address_max: Annotated[int, Field(ge=1, le=1_000)] = 16
    senders: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")], SenderSection], Field(min_length=1)
    ]

    @model_validator(mode="after")
    def _is_protected(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS needs both files: write tls_cert_file and tls_key_file, or neither")
        if self.client_ca_file is not None and self.tls_cert_file is None:
            raise ValueError(
                "client_ca_file: certificates of senders need TLS; write tls_cert_file and tls_key_file too"
            )
        if self.tls_cert_file is None and not self.behind_proxy and not _is_loopback(self.host):
            raise ValueError(
                f"host {self.host} is reachable from outside and would be without TLS: write tls_cert_file and "
                'tls_key_file, or host = "127.0.0.1" with a tunnel in front (stunnel, VPN), or behind_proxy = true if '
                "the network itself is encrypted"
            )
        for key in ("tls_cert_file", "tls_key_file", "client_ca_file"):
            path: Path | None = getattr(self, key)
            if path is not None and not path.is_file():
                raise ValueError(f"{key}: there is no file {path}; write the path of a PEM file the ledger can read")
        for name, sender in self.senders.items():
            try:
                load_map(sender.map_file.read_text(encoding="utf-8"), name=sender.map_file.name)
            except FileNotFoundError as error:
                raise ValueError(
                    f"senders.{name}.map_file: there is no file {sender.map_file}; see config/hl7"
                ) from error
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"senders.{name}.map_file: {sender.map_file} cannot be read ({error})") from error
            except MapFault as fault:
                raise ValueError(f"senders.{name}.map_file: {fault}") from fault
            if sender.client_cert_sha256 and self.client_ca_file is None:
                raise ValueError(f"senders.{name}.client_cert_sha256: write client_ca_file, so that senders show one")
        return self


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end: the address, and the digest of the certificate it showed ('': none)."""

    address: str
    cert_sha256: str = ""


Answer = Callable[[Peer, bytes], bytes]
"""Takes a message and returns its acknowledgement once all is committed. Any exception means: not stored, no answer."""


class MllpDoor:
    """Listens from ``start`` until ``stop``. ``port`` is where, once it listens."""

    def __init__(self, section: Hl7Section, answer: Answer) -> None:
        """Listens nowhere yet. Raises ``ValueError`` if a TLS file of ``section`` cannot be used."""
        self._section = section
        self._answer = answer
        self._tls = _tls_of(section)
        self._loop = asyncio.new_event_loop()
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="hl7")
        self._thread = threading.Thread(target=self._run, name="mllp", daemon=True)
        self._open: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._troubled: set[str] = set()
        self._listening: asyncio.Server | None = None
        self.port = section.port

    def start(self) -> None:
        """Listen. Raises ``OSError``."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def stop(self) -> None:
        """Listen no more: what is being booked is answered, all else ends."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_TIMEOUT_S + 5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._threads.shutdown()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(
            self._connected,
            self._section.host,
            self._section.port,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S if self._tls else None,
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_TIMEOUT_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as one
        self._tasks.add(task)
        peer = _peer_of(writer)
        self._open[peer.address] += 1
        try:
            if not self._may_come(peer):
                return
            await self._serve(peer, reader, writer)
        except (FrameFault, ConnectionError, TimeoutError, ssl.SSLError) as error:
            self._told(peer.address, f"{peer.address}: connection ended: {error or 'silent for too long'}")
        except asyncio.CancelledError:
            pass  # the door closes
        finally:
            self._open[peer.address] -= 1
            self._open += Counter()  # forget who has gone
            self._tasks.discard(task)
            writer.close()
            with suppress(Exception):
                await asyncio.wait_for(writer.wait_closed(), 1)

    def _may_come(self, peer: Peer) -> bool:
        section = self._section
        if (
            self._open.total() > section.connections_max
            or self._open[peer.address] > section.connections_per_address_max
        ):
            self._told(peer.address, f"{peer.address}: too many connections")
            return False
        if not any(sender.is_from(peer.address, peer.cert_sha256) for sender in section.senders.values()):
            self._told(peer.address, f"{peer.address} is no address of a sender in [hl7.senders]: connection refused")
            return False
        return True

    async def _serve(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(self._section.message_bytes_max)
        begun_s: float | None = None
        while True:
            # All of a message has to come soon, however it drips; between messages a sender may be silent for long.
            limit_s = float(self._section.idle_s)
            if frames.has_begun:
                begun_s = begun_s or self._loop.time()
                limit_s = max(0.0, begun_s + self._section.message_s - self._loop.time())
            else:
                begun_s = None
            data = await asyncio.wait_for(reader.read(READ_BYTES), limit_s)
            if not data:
                return
            for content in frames.feed(data):
                answer = await asyncio.shield(self._loop.run_in_executor(self._threads, self._answered, peer, content))
                if answer is None:
                    return
                writer.write(framed(answer))
                await asyncio.wait_for(writer.drain(), SEND_TIMEOUT_S)

    def _answered(self, peer: Peer, content: bytes) -> bytes | None:
        try:
            answer = self._answer(peer, content)
        except Exception as error:  # noqa: BLE001 - whatever it is: not stored, so not acknowledged
            self._told(peer.address, f"a message of {peer.address} was not stored, and is not acknowledged: {error}")
            return None
        if peer.address in self._troubled:
            self._troubled.discard(peer.address)
            _log.info("%s: messages are stored again", peer.address)
        return answer

    def _told(self, address: str, text: str) -> None:
        """Once, until a message of theirs is stored."""
        if address not in self._troubled and len(self._troubled) < TROUBLES_MAX:
            self._troubled.add(address)
            _log.warning("%s", text)


def sender_of(section: Hl7Section, peer: Peer, application: str, facility: str) -> str | None:
    """The name of the one sender that a message is of; None if it is nobody's, or could be of two."""
    found = [
        name
        for name, sender in section.senders.items()
        if sender.is_from(peer.address, peer.cert_sha256)
        and sender.application in ("", application)
        and sender.facility in ("", facility)
    ]
    return found[0] if len(found) == 1 else None


def _peer_of(writer: asyncio.StreamWriter) -> Peer:
    address = str((writer.get_extra_info("peername") or ("unknown",))[0])
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    shown = tls.getpeercert(binary_form=True) if tls is not None else None
    return Peer(str(_plain(address)), hashlib.sha256(shown).hexdigest() if shown else "")


def _plain(address: str) -> object:
    """An address; one of IPv4 that came through an IPv6 socket as IPv4."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return getattr(found, "ipv4_mapped", None) or found


def _tls_of(section: Hl7Section) -> ssl.SSLContext | None:
    if section.tls_cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(section.tls_cert_file, section.tls_key_file)
        if section.client_ca_file is not None:
            context.load_verify_locations(section.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"[hl7]: the TLS files cannot be used ({error})") from error
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
