"""A PostgreSQL that is frozen answers nobody and closes nothing: whoever waits is told, and nothing is done twice."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from contextvars import Context
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest

from cloud_sync.api.connections import Doorkeeper
from cloud_sync.console.visitor import TOKEN_COOKIE
from cloud_sync.errors import DatabaseDown
from cloud_sync.storage.awaited import begin_request
from cloud_sync.storage.database import LINE_SETTINGS, Database
from cloud_sync.storage.server_watch import CONNECT_S, SLOW_S
from tests.support.ledger_api import ANY_TIME, Api, movement
from tests.support.served import served

TOLD_WITHIN_S = 15.0
AT_ONCE_S = 1.0
DEADLINE_S = 60.0
THREADS = 40
"""Of the web server: as many requests can wait for the database at once."""

# What stores a movement waits for somebody else at the very end: while it commits.
COMMITS_SLOWLY = """
    CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER wait_for_test AFTER INSERT ON movement DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_for_test();
    CREATE CONSTRAINT TRIGGER wait_for_test AFTER UPDATE ON owner DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_for_test();
    GRANT EXECUTE ON FUNCTION wait_for_test TO PUBLIC"""
WAITS = "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"


class Server:
    """The ledger on an embedded PostgreSQL of its own, which can be frozen."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self.database = database
        self._pid = int((data_dir / "postmaster.pid").read_text().split()[0])

    @property
    def owner_url(self) -> str:
        return self.database.url.replace("lotwarden_runtime@", "postgres@")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        for pid in (self._pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("frozen") / "pg"
    with Database.embedded(data_dir) as database:
        yield Server(database, data_dir)


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The ledger on a real socket, with real threads."""
    with (
        served(server.database, Doorkeeper(None), typed_times=ANY_TIME) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_S) as client,
    ):
        api = Api(client, server.database)
        api.house()
        yield api


def receipt(lot: str) -> dict[str, Any]:
    line = {"item": "insulin", "lot_number": lot, "quantity": 5, "expires_on": "2027-01-31"}
    return movement("receive", "acme", "fridge-a", [line])


def stock_of(api: Api, lot: str) -> list[int]:
    return [row["quantity"] for row in api.reader.rows("/v1/stock") if row["lot_number"] == lot]


def timed(ask: Any) -> tuple[httpx.Response, float]:
    began_s = monotonic()
    return ask(), monotonic() - began_s


def until_answered(api: Api) -> float:
    began_s = monotonic()
    while api.client.get("/healthz").status_code != 200:
        assert monotonic() - began_s < DEADLINE_S
        sleep(0.05)
    return monotonic() - began_s


def test_a_frozen_server_costs_each_request_seconds_and_then_the_ledger_goes_on(server: Server, api: Api) -> None:
    """More requests than there are threads; later everything works without a restart, and is done once."""
    asked = [receipt("crowd") for _ in range(THREADS + 5)]
    with ThreadPoolExecutor(THREADS + 8) as people, server.frozen():
        began_s = monotonic()
        told = [people.submit(timed, lambda body=body: post(api, body)) for body in asked]
        told.append(people.submit(timed, lambda: api.client.get("/healthz")))
        for each in told:
            answer, took_s = each.result()
            assert (answer.status_code, took_s < TOLD_WITHIN_S) == (503, True), (answer.text, took_s)
            assert "Nothing was stored. Send the same again" in answer.text
        assert monotonic() - began_s < TOLD_WITHIN_S
        answer, took_s = timed(lambda: post(api, asked[0]))
        assert answer.status_code == 503 and took_s < AT_ONCE_S, "the next ones do not wait for what is known"
        assert "the database has not answered for" in answer.json()["error"]
        answer, took_s = timed(lambda: api.client.get("/lots", headers=as_visitor(api)))
        assert answer.status_code == 503 and took_s < AT_ONCE_S and "Try again" in answer.text
    assert until_answered(api) < TOLD_WITHIN_S
    for body in asked * 2:
        assert post(api, body).status_code in (200, 201)
    assert stock_of(api, "crowd") == [5 * len(asked)]


def post(api: Api, body: Any) -> httpx.Response:
    return api.operator.post("/v1/movements", body)


def as_visitor(api: Api) -> dict[str, str]:
    return {"cookie": f"{TOKEN_COOKIE}={api.administrator.token}", "accept": "text/html"}


def test_what_was_being_committed_is_in_doubt_and_counts_once_if_it_is_sent_again(server: Server, api: Api) -> None:
    with psycopg.connect(server.owner_url, autocommit=True) as owner, ThreadPoolExecutor(2) as people:
        owner.execute(COMMITS_SLOWLY)
        owner.execute("SELECT pg_advisory_lock(4711)")
        body = receipt("doubt")
        called = people.submit(timed, lambda: post(api, body))
        form = {"owner": "house", "payer_class": "340B", "reason": "says the contract"}
        entered = people.submit(
            timed, lambda: api.client.post("/charges/owners/payer-class", data=form, headers=as_visitor(api))
        )
        until_true(owner, WAITS)
        with server.frozen():
            answer, took_s = called.result()
            assert (answer.status_code, took_s < TOLD_WITHIN_S) == (503, True), (answer.text, took_s)
            assert "It may have been stored or not. Look before you send it again" in answer.json()["what_to_do"]
            page, took_s = entered.result()
            assert (page.status_code, took_s < TOLD_WITHIN_S) == (503, True), (page.text, took_s)
            assert "data-doubt" in page.text and "Look before you send it again. What you entered stays" in page.text
        owner.execute("SELECT pg_advisory_unlock(4711)")
        until_answered(api)
        assert post(api, body).status_code in (200, 201)
        assert stock_of(api, "doubt") == [5]
        until_true(owner, "SELECT count(*) = 1 FROM event WHERE kind = 'payer_class_set'")


def until_true(connection: psycopg.Connection[Any], question: str) -> None:
    began_s = monotonic()
    while not (found := connection.execute(question).fetchone()) or not found[0]:
        assert monotonic() - began_s < DEADLINE_S
        sleep(0.02)


def test_what_takes_long_may_and_what_nobody_waits_for_outlasts_a_freeze(server: Server) -> None:
    long_s = SLOW_S + CONNECT_S + 2

    def work(seconds: float, *, is_awaited: bool) -> float:
        if is_awaited:
            begin_request()
        began_s = monotonic()
        with server.database.transaction() as connection:
            connection.execute("SELECT pg_sleep(%s)", [seconds])
        return monotonic() - began_s

    with ThreadPoolExecutor(2) as threads:
        page = threads.submit(Context().run, lambda: work(long_s, is_awaited=True))
        assert page.result() >= long_s, "the server lives, so whoever waits may wait"
        backup = threads.submit(Context().run, lambda: work(SLOW_S, is_awaited=False))
        page = threads.submit(Context().run, lambda: work(SLOW_S, is_awaited=True))
        with psycopg.connect(server.owner_url, autocommit=True) as owner:
            until_true(owner, "SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            with server.frozen(), pytest.raises(DatabaseDown, match="has not answered for"):
                page.result()
        assert backup.result() > SLOW_S


@contextmanager
def cable_to(path: str) -> Iterator[int]:
    """A port of TCP at which one connection after another reaches a socket of Unix."""

    def pump(source: socket.socket, into: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                into.sendall(data)
        into.close()

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = listening.accept()[0], socket.socket(socket.AF_UNIX)
                far.connect(path)
                for ends in ((near, far), (far, near)):
                    Thread(target=pump, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_a_line_that_swallows_what_is_sent_is_given_up_by_the_system(server: Server) -> None:
    """Whoever waits on such a line is not woken by anybody: others may get through."""
    path = server.owner_url.split("host=")[1] + "/.s.PGSQL.5432"
    with (
        cable_to(path) as port,
        Database(f"postgresql://postgres@127.0.0.1:{port}/postgres", ExitStack()) as over_tcp,
        over_tcp.transaction() as connection,
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LINE_SETTINGS["tcp_user_timeout"]
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == LINE_SETTINGS["keepalives_idle"]
