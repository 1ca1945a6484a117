"""Connections that do nothing, or too little, keep nobody out."""

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from cloud_sync.api.connections import Deadlines, Doorkeeper
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import join_units
from tests.support.builders import GatewayWithKey, Ledger, minute, scan
from tests.support.served import served

QUICK = Deadlines(header_s=0.5, body_pause_s=0.5, body_s=2.0)
PATIENT = Deadlines(header_s=300.0, body_pause_s=300.0, body_s=300.0)
"""So that it is not the deadline that hangs up."""
HEAD = b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


def connected(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def is_closed(connection: socket.socket) -> bool:
    """Waits until the other side hangs up."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    with served(database, Doorkeeper(per_address_max=100), QUICK) as found:
        yield found


def test_two_hundred_and_one_idle_connections_keep_nobody_out(database: Database) -> None:
    doorkeeper = Doorkeeper(per_address_max=10, connections_max=40)
    with served(database, doorkeeper, PATIENT) as port, ExitStack() as idle:
        for number in range(201):
            idle.enter_context(connected(port, f"127.0.9.{number % 3}"))
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200


def test_one_address_has_only_so_many_connections(database: Database) -> None:
    doorkeeper = Doorkeeper(per_address_max=5)
    with served(database, doorkeeper, PATIENT) as port, ExitStack() as idle:
        many = [idle.enter_context(connected(port, "127.0.9.1")) for _ in range(8)]
        assert sum(is_closed(each) for each in many[5:]) == 3
        assert doorkeeper.connections == 5
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200


def test_gateways_that_are_known_find_room_where_others_find_none(ledger: Ledger, gateway: GatewayWithKey) -> None:
    raw = join_units([gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "dock"))])
    doorkeeper = Doorkeeper(per_address_max=100, connections_max=10)
    with served(ledger.database, doorkeeper) as port, ExitStack() as idle:
        sent = httpx.post(f"http://127.0.0.1:{port}/v1/batches", content=raw, timeout=20)
        assert sent.json()["receipts"][0]["outcome"] == "stored"
        strangers = [idle.enter_context(connected(port, "127.0.9.1")) for _ in range(12)]
        assert is_closed(strangers[-1])
        assert doorkeeper.connections == 8, "the rest is kept"
        again = httpx.post(f"http://127.0.0.1:{port}/v1/batches", content=raw, timeout=20)
        assert again.json()["receipts"][0]["outcome"] == "duplicate"


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nHo", HEAD, HEAD + b"x" * 10])
def test_who_says_too_little_is_hung_up_on(port: int, said: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(said)
        assert is_closed(connection)


def test_who_dribbles_is_hung_up_on_in_the_end(port: int) -> None:
    with connected(port) as connection:
        connection.settimeout(0.1)
        is_open = True
        while is_open:
            try:
                connection.sendall(b"x")
                is_open = connection.recv(1) != b""
            except TimeoutError:
                continue
            except ConnectionError:
                is_open = False


def test_who_hangs_up_in_the_middle_leaves_no_traceback(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for path in (b"/v1/batches", b"/v1/enrolments"):
            with connected(port) as connection:
                connection.sendall(HEAD.replace(b"/v1/batches", path) + b"x" * 100)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=20).status_code == 200
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


def test_every_answer_says_that_it_is_not_to_be_kept_nor_framed(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        for path in ("/healthz", "/v1/stock", "/nowhere", "/docs"):
            headers = client.get(path).headers
            assert headers["cache-control"] == "no-store", path
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
