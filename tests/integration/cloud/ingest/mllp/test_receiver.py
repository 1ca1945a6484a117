"""The door for HL7 messages: real sockets, TLS, and everything bounded."""

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hl7.client import MLLPClient
from pydantic import ValidationError

from cloud_sync.ingest.mllp.receiver import Hl7Section, MllpDoor, Peer, SenderSection, sender_of
from tests.support.certificates import certificates
from tests.support.paths import ROOT

MAP = ROOT / "config/hl7/pharmacy-rds.toml"
FROM_HERE = SenderSection(addresses=("127.0.0.1",), map_file=MAP)


def section(**more: Any) -> Hl7Section:
    return Hl7Section(**{"port": 0, "senders": {"pharm": FROM_HERE}, **more})


@contextmanager
def door(answer: Callable[[Peer, bytes], bytes], settings: Hl7Section) -> Iterator[MllpDoor]:
    opened = MllpDoor(settings, answer)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()


def echoed(_: Peer, content: bytes) -> bytes:
    return b"got " + content


@contextmanager
def connected(opened: MllpDoor) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", opened.port), timeout=10) as client:
        yield client


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


def test_another_librarys_client_is_answered_message_by_message() -> None:
    with door(echoed, section()) as opened, MLLPClient("127.0.0.1", opened.port) as client:
        assert [client.send(b"\x0b" + text + b"\x1c\r") for text in (b"MSH one", b"MSH two")] == [
            b"\x0bgot MSH one\x1c\r",
            b"\x0bgot MSH two\x1c\r",
        ]


def test_messages_come_in_any_pieces_and_are_answered_in_their_order() -> None:
    with door(echoed, section()) as opened, connected(opened) as client:
        for piece in (b"\x0bon", b"e\x1c", b"\r\r\n\x0btwo\x1c\r\x0bth", b"ree\x1c\r"):
            client.sendall(piece)
        said = b""
        while said.count(b"\x1c\r") < 3:
            said += client.recv(1000)
        assert said == b"\x0bgot one\x1c\r\x0bgot two\x1c\r\x0bgot three\x1c\r"


def test_what_was_not_stored_is_not_acknowledged() -> None:
    def down(_: Peer, content: bytes) -> bytes:
        if content == b"bad":
            raise OSError("the database does not answer")
        return content

    with door(down, section()) as opened:
        with connected(opened) as client:
            client.sendall(b"\x0bbad\x1c\r")
            assert ended(client)
        with connected(opened) as client:
            client.sendall(b"\x0bgood\x1c\r")
            assert client.recv(100) == b"\x0bgood\x1c\r"


@pytest.mark.parametrize(
    ("sent", "settings"),
    [
        (b"GET / HTTP/1.1\r\n", {}),
        (b"\x0b" + b"A" * 1001, {"message_bytes_max": 1000}),
        (b"\x0bhalf a message", {"message_s": 1}),
        (b"", {"idle_s": 1}),
    ],
)
def test_what_is_no_message_too_long_or_too_slow_ends_the_connection(sent: bytes, settings: dict[str, Any]) -> None:
    with door(echoed, section(**settings)) as opened, connected(opened) as client:
        client.sendall(sent)
        assert ended(client)


def test_only_so_many_connections_and_only_of_senders() -> None:
    holding, answered = Event(), Event()

    def slow(_: Peer, content: bytes) -> bytes:
        answered.set()
        holding.wait(10)
        return content

    with door(slow, section(connections_per_address_max=1)) as opened, connected(opened) as first:
        first.sendall(b"\x0bone\x1c\r")
        assert answered.wait(10)
        with connected(opened) as second:
            assert ended(second)
        holding.set()
        assert first.recv(100) == b"\x0bone\x1c\r"
    strangers = SenderSection(addresses=("10.0.0.0/8",), map_file=MAP)
    with door(echoed, section(senders={"far": strangers})) as opened, connected(opened) as client:
        assert ended(client)


def test_a_sender_shows_its_certificate(tmp_path: Path) -> None:
    authority, server = certificates(tmp_path / "server")
    own_authority, own = certificates(tmp_path / "own", subject="pharm")
    _, other = certificates(tmp_path / "other", subject="pharm")
    shown = digest_of(own)
    known = SenderSection(addresses=("127.0.0.1",), map_file=MAP, client_cert_sha256=shown)
    settings = section(
        tls_cert_file=server, tls_key_file=server, client_ca_file=own_authority, senders={"pharm": known}
    )
    assert known.is_from("127.0.0.1", shown) and not known.is_from("127.0.0.1", digest_of(other))
    seen: list[Peer] = []

    def noted(peer: Peer, content: bytes) -> bytes:
        seen.append(peer)
        return content

    def client_with(certificate: Path | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(authority))
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context

    with door(noted, settings) as opened:
        with connected(opened) as plain, client_with(own).wrap_socket(plain) as client:
            client.sendall(b"\x0bone\x1c\r")
            assert client.recv(100) == b"\x0bone\x1c\r"
        for certificate in (other, None):
            with (
                connected(opened) as plain,
                suppress(ssl.SSLError, ConnectionError),
                client_with(certificate).wrap_socket(plain) as client,
            ):
                client.sendall(b"\x0btwo\x1c\r")
                assert ended(client)
    assert seen == [Peer("127.0.0.1", shown)]


def digest_of(certificate: Path) -> str:
    return hashlib.sha256(
        x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    ).hexdigest()


def test_a_message_is_of_one_sender_or_of_none() -> None:
    def of(application: str, facility: str = "") -> SenderSection:
        return SenderSection(addresses=("127.0.0.0/8",), map_file=MAP, application=application, facility=facility)

    settings = section(senders={"a": of("A"), "b": of("B", "MAIN"), "b-too": of("B")})
    here = Peer("127.0.0.1")
    assert [sender_of(settings, here, name, "X") for name in ("A", "B", "C")] == ["a", "b-too", None]
    assert sender_of(settings, here, "B", "MAIN") is None
    assert sender_of(settings, Peer("10.0.0.1"), "A", "X") is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"host": "0.0.0.0"}, "would be without TLS"),
        ({"tls_cert_file": MAP}, "TLS needs both files"),
        ({"client_ca_file": MAP}, "need TLS"),
        ({"senders": {}}, "at least 1"),
        ({"senders": {"a": {"addresses": ["here"], "map_file": MAP}}}, "is no address or network"),
        ({"senders": {"a": {"addresses": ["::1"], "map_file": "/nowhere"}}}, "there is no file"),
        ({"senders": {"a": {"addresses": ["::1"], "map_file": ROOT / "pyproject.toml"}}}, "pyproject.toml: title"),
    ],
)
def test_a_configuration_that_would_not_work_says_why(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        section(**more)
    assert says in str(refused.value)
