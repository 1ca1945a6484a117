"""Ten minutes with everybody at once: 200 gateways, 20 users, idle and hostile connections, and a database that dies.

Shorter by ``LOTWARDEN_SOAK_S``. Everything is on loopback, each gateway with an address of its own; counts are bounded.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import monotonic, perf_counter, sleep

import httpx
import psutil

from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import join_units
from tests.bench.figure import Figure
from tests.support.builders import GTIN, GatewayWithKey, line, reading, scan

SECONDS = min(600.0, float(os.environ.get("LOTWARDEN_SOAK_S", "600")))
GATEWAYS, GATEWAY_THREADS, USERS, IDLE = 200, 10, 20, 150
ROUND_S = 5.0
PAUSE_S = 0.5
CLOUD_SYNC = [sys.executable, "-m", "cloud_sync"]
TIMEOUT_S = 30.0


class Soak:
    """A served ledger and everybody around it; ``statuses`` counts answers, ``waits_s`` has what users waited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "ledger.toml"
        self.config.write_text(f'[server]\nport = 0\n[database]\ndata_dir = "{folder / "pg"}"\n')
        self.process = subprocess.Popen(
            [*CLOUD_SYNC, "serve", "--config", str(self.config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = next(text for text in self.process.stdout if "listens on" in text)
        self.url = said.split("listens on ")[1].split()[0]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.statuses: Counter[int] = Counter()
        self.waits_s: list[float] = []
        self.is_over = multiprocessing.Event()
        self._lock = threading.Lock()

    def token(self, role: str) -> str:
        made = subprocess.run(
            [*CLOUD_SYNC, "token", "create", f"soak-{role}", "--role", role, "--config", str(self.config)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return made.stdout.strip()

    def count(self, status: int, waited_s: float | None = None) -> None:
        with self._lock:
            self.statuses[status] += 1
            if waited_s is not None:
                self.waits_s.append(waited_s)

    def settle(self) -> list[GatewayWithKey]:
        """Places, an item, and gateways that stand at the dock."""
        import base64

        header = {"Authorization": f"Bearer {self.token('administrator')}"}
        gateways = [GatewayWithKey(f"gw-{n}", f"{n:08d}-1111-4111-8111-111111111111") for n in range(GATEWAYS)]
        with httpx.Client(base_url=self.url, headers=header, timeout=TIMEOUT_S) as client:
            for place in ({"name": "site", "kind": "site", "zone": "UTC"},
                          {"name": "dock", "kind": "room", "parent": "site"},
                          {"name": "acme", "kind": "supplier"}):  # fmt: skip
                client.post("/v1/places", json=place).raise_for_status()
            client.post("/v1/items", json={"name": "insulin", "gtins": [{"gtin": GTIN}]}).raise_for_status()
            for gateway in gateways:
                key = base64.b64encode(gateway.public_key).decode()
                client.post("/v1/gateways", json={"name": gateway.name, "public_key": key}).raise_for_status()
                client.put(f"/v1/gateways/{gateway.name}/place", json={"place": "dock"}).raise_for_status()
        return gateways

    def rss_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20

    def run(self, *works: Callable[[], None]) -> list[threading.Thread]:
        threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        return threads

    def stop(self) -> None:
        self.is_over.set()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # Who is there

    def user(self, token: str) -> None:
        header = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.url, headers=header, timeout=TIMEOUT_S) as client:
            while not self.is_over.wait(PAUSE_S):
                for path in ("/v1/stock?limit=50", "/v1/cases?only_open=true&limit=20", "/v1/holds"):
                    began_s = perf_counter()
                    with suppress(httpx.TransportError):
                        self.count(client.get(path).status_code, perf_counter() - began_s)

    def gateways(self, mine: list[tuple[int, GatewayWithKey]]) -> None:
        clients = [httpx.Client(base_url=self.url, timeout=TIMEOUT_S, transport=httpx.HTTPTransport(
            local_address=f"127.0.{1 + number // 250}.{1 + number % 250}")) for number, _ in mine]  # fmt: skip
        while not self.is_over.is_set():
            until_s = monotonic() + ROUND_S
            for client, (number, gateway) in zip(clients, mine, strict=True):
                at = datetime.now(UTC).replace(microsecond=0)
                readings = [reading(at + timedelta(milliseconds=50 * n), 4.0 + n % 3, "probe") for n in range(20)]
                receipt = scan(at, Action.RECEIVE, "acme", "dock", line(1, f"L{number}"))
                message = join_units([gateway.batch(receipt), gateway.batch(*readings)])
                with suppress(httpx.TransportError):
                    self.count(client.post("/v1/batches", content=message).status_code)
            self.is_over.wait(max(0.0, until_s - monotonic()))

    def idle(self) -> None:
        while not self.is_over.is_set():
            held = []
            for number in range(IDLE):
                with suppress(OSError):
                    source = (f"127.0.9.{1 + number % 3}", 0)
                    held.append(socket.create_connection(("127.0.0.1", self.port), 5, source_address=source))
            self.is_over.wait(ROUND_S)
            for each in held:
                each.close()

    def hostile(self) -> None:
        stranger = GatewayWithKey("stranger")
        forged = join_units([stranger.batch(scan(datetime.now(UTC), Action.RECEIVE, "acme", "dock"))] * 200)
        said = (
            b"GET /v1/stock HTTP/1.1\r\nX: ",
            b"POST /v1/batches HTTP/1.1\r\nContent-Length: 99999\r\n\r\nxx",
            b"\0" * 64,
        )
        transport = httpx.HTTPTransport(local_address="127.0.8.1")
        with httpx.Client(base_url=self.url, timeout=TIMEOUT_S, transport=transport) as client:
            while not self.is_over.wait(PAUSE_S):
                with suppress(httpx.TransportError):
                    self.count(client.post("/v1/batches", content=forged).status_code)
                for words in said:
                    with (
                        suppress(OSError),
                        socket.create_connection(
                            ("127.0.0.1", self.port), 5, source_address=("127.0.8.2", 0)
                        ) as connection,
                    ):
                        connection.sendall(words)


class Crowd:
    """Gateways, idle and hostile connections, in a process of their own: users wait for the ledger, not for these.

    It is forked before there are threads.
    """

    def __init__(self, soak: Soak, gateways: list[GatewayWithKey]) -> None:
        context = multiprocessing.get_context("fork")
        self._may_come = context.Event()
        self._told: multiprocessing.Queue[Counter[int]] = context.Queue()
        self._process = context.Process(target=self._run, args=(soak, gateways), daemon=True)
        self._process.start()

    def come(self) -> None:
        """Let all of them loose."""
        self._may_come.set()

    def statuses(self) -> Counter[int]:
        """What they were answered, once the soak is over."""
        return self._told.get(timeout=TIMEOUT_S + ROUND_S)

    def _run(self, soak: Soak, gateways: list[GatewayWithKey]) -> None:
        self._may_come.wait()
        numbered = list(enumerate(gateways))
        share = [numbered[part::GATEWAY_THREADS] for part in range(GATEWAY_THREADS)]
        threads = soak.run(*((lambda mine=mine: soak.gateways(mine)) for mine in share), soak.idle, soak.hostile)
        for thread in threads:
            thread.join()
        self._told.put(soak.statuses)


def p99(waits_s: list[float]) -> float:
    """In milliseconds."""
    return sorted(waits_s)[int(len(waits_s) * 0.99)] * 1000 if waits_s else 0.0


@cache
def soaked() -> dict[str, float]:
    """One run for all figures."""
    with tempfile.TemporaryDirectory(prefix="lotwarden-soak-") as folder:
        soak = Soak(Path(folder))
        try:
            crowd = Crowd(soak, soak.settle())
            reader = soak.token("auditor")
            soak.run(*(lambda: soak.user(reader) for _ in range(USERS)))
            sleep(SECONDS * 0.15)
            calm_ms = p99(soak.waits_s)
            crowd.come()
            sleep(SECONDS * 0.25)
            soak.waits_s.clear()
            warm_mb = soak.rss_mb()
            sleep(SECONDS * 0.25)
            busy_ms = p99(soak.waits_s)
            os.kill(int((Path(folder) / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
            sleep(SECONDS * 0.35)
            grown_mb = soak.rss_mb()
            soak.is_over.set()
            statuses = soak.statuses + crowd.statuses()
            bad = sum(count for status, count in statuses.items() if status >= 500 and status != 503)
            told = {str(status): float(count) for status, count in statuses.items()}
            return {"bad": float(bad), "warm_mb": warm_mb, "grown_mb": grown_mb, "calm_ms": calm_ms, "busy_ms": busy_ms,
                    **told}  # fmt: skip
        finally:
            soak.stop()


def _note() -> str:
    found = soaked()
    answers = ", ".join(f"{status}: {count:.0f}" for status, count in sorted(found.items()) if status.isdigit())
    return f"{SECONDS:.0f} s, {GATEWAYS} gateways, {USERS} users; answers {answers}"


def soak_5xx() -> Figure:
    """Server errors that are none of 503."""
    return Figure("soak_5xx", soaked()["bad"], "answers", target=0, note=_note())


def soak_memory_growth() -> Figure:
    """Memory at the end over that when all had come."""
    found = soaked()
    return Figure("soak_memory_growth", found["grown_mb"], "MB", 1.05, target_is_ratio=True, against=found["warm_mb"],
                  peer="after the first 40 %", note=_note())  # fmt: skip


def soak_p99() -> Figure:
    """What a user waits while all are there, over what they wait among themselves."""
    found = soaked()
    return Figure("soak_p99", found["busy_ms"], "ms", 3, target_is_ratio=True, against=found["calm_ms"],
                  peer="users alone", note=_note())  # fmt: skip


FIGURES: dict[str, Callable[[], Figure]] = {
    "soak_5xx": soak_5xx,
    "soak_memory_growth": soak_memory_growth,
    "soak_p99": soak_p99,
}
