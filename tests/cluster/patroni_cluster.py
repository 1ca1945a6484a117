"""Three PostgreSQL servers under Patroni and etcd, as Debian has them, on this machine."""

import json
import os
import pwd
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import psycopg

from tests.cluster.postgres_pair import until

POSTGRES = Path("/usr/lib/postgresql/15/bin")
ETCD, PATRONI = "/usr/bin/etcd", "/usr/bin/patroni"
NODES = ("one", "two", "three")
MISSING = [name for name in (str(POSTGRES / "postgres"), ETCD, PATRONI) if not Path(name).exists()]
SECRET = "not-a-secret"
LAST_LINES = 25


@dataclass(frozen=True)
class Place:
    """Where the programs of one database server listen."""

    host: str
    postgres: int
    rest: int
    etcd: int
    etcd_peers: int


@dataclass
class Node:
    """One server with its Patroni; ``paused`` and killed as a machine would be: all of its processes at once."""

    name: str
    config: Path
    port: int
    rest_port: int
    process: "subprocess.Popen[bytes] | None" = None

    def processes(self) -> list[psutil.Process]:
        """Patroni and the server it started, which is no child of it any longer."""
        found = [] if self.process is None else [psutil.Process(self.process.pid)]
        pid_file = self.config.parent / self.name / "postmaster.pid"
        with suppress(OSError, psutil.NoSuchProcess, ValueError, IndexError):
            server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            found += [server, *server.children(recursive=True)]
        return found

    def signal(self, number: signal.Signals) -> None:
        """To each of its processes."""
        for each in self.processes():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)


@dataclass
class PatroniCluster:
    """All nodes; ``url`` leads to whichever writes."""

    folder: Path
    user: pwd.struct_passwd
    nodes: list[Node]
    keep: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """Of whichever node writes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres:{SECRET}@{hosts}/postgres?target_session_attrs=read-write"

    def start(self, node: Node) -> None:
        """Start it, or start it again."""
        log = (self.folder / f"{node.name}.log").open("ab")
        node.process = subprocess.Popen(
            [PATRONI, str(node.config)], stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[],
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    def kill(self, node: Node) -> None:
        """As if its machine lost power."""
        node.signal(signal.SIGKILL)
        assert node.process is not None
        node.process.wait()
        node.process = None

    def primary(self) -> Node | None:
        """Which node says that it writes."""
        for node in self.nodes:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{node.rest_port}/primary", timeout=1).status_code == 200:
                    return node
        return None

    def wait_for_all(self) -> Node:
        """Until one writes, and both others follow, one of them in step. Gives the one that writes."""
        try:
            until(self._is_whole, patience_s=180)
        except AssertionError:
            raise AssertionError(f"the servers do not come together: {self._last_words()}") from None
        primary = self.primary()
        assert primary is not None
        return primary

    def _last_words(self) -> str:
        logs = ((self.folder / f"{node.name}.log").read_text(errors="replace") for node in self.nodes)
        said = ("\n".join(log.splitlines()[-LAST_LINES:]) for log in logs)
        return "\n".join(f"\n{node.name}:\n{words}" for node, words in zip(self.nodes, said, strict=True))

    def _is_whole(self) -> bool:
        with suppress(httpx.TransportError, json.JSONDecodeError):
            for node in self.nodes:
                members = httpx.get(f"http://127.0.0.1:{node.rest_port}/cluster", timeout=1).json()["members"]
                roles = sorted(each["role"] for each in members)
                states = {each["state"] for each in members}
                return roles == ["leader", "replica", "sync_standby"] and states <= {"running", "streaming"}
        return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def patroni_cluster() -> Iterator[PatroniCluster]:
    """All of it, running; stopped in the end."""
    user = pwd.getpwnam("postgres")
    with TemporaryDirectory(prefix="lotwarden-patroni-") as folder_name, ExitStack() as stopping:
        folder = Path(folder_name)
        os.chown(folder, user.pw_uid, user.pw_gid)
        ports = _free_ports(4 * len(NODES))
        places = {name: Place("127.0.0.1", *ports[4 * k : 4 * k + 4]) for k, name in enumerate(NODES)}
        for name in NODES:
            stopping.enter_context(_etcd(folder, user, name, places))
        nodes = []
        for name, place in places.items():
            config = folder / f"{name}.yml"
            config.write_text(patroni_config(folder, name, places, trusted="127.0.0.1/32"))
            nodes.append(Node(name, config, place.postgres, place.rest))
        cluster = PatroniCluster(folder, user, nodes)
        stopping.callback(lambda: [cluster.kill(node) for node in nodes if node.process is not None])
        for node in nodes:
            cluster.start(node)
        cluster.wait_for_all()
        yield cluster


@contextmanager
def _etcd(folder: Path, user: pwd.struct_passwd, name: str, places: dict[str, Place]) -> Iterator[None]:
    log = (folder / f"etcd-{name}.log").open("ab")
    process = subprocess.Popen(
        [ETCD, *etcd_arguments(folder, name, places)],
        stdout=log, stderr=log, user=user.pw_uid, group=user.pw_gid, extra_groups=[],
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


def etcd_arguments(folder: Path, name: str, places: dict[str, Place]) -> list[str]:
    """Of one of three members."""
    own = places[name]
    clients, peers = f"http://{own.host}:{own.etcd}", f"http://{own.host}:{own.etcd_peers}"
    members = ",".join(f"{each}=http://{place.host}:{place.etcd_peers}" for each, place in places.items())
    return [
        "--name", name, "--data-dir", str(folder / f"etcd-{name}"), "--enable-v2=true",
        "--listen-client-urls", clients, "--advertise-client-urls", clients,
        "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
        "--initial-cluster", members, "--initial-cluster-state", "new",
    ]  # fmt: skip


def patroni_config(folder: Path, name: str, places: dict[str, Place], *, trusted: str) -> str:
    """Of one of three servers; ``trusted`` is the network that may connect with a password."""
    own, sockets = places[name], folder / f"{name}-sockets"
    if not sockets.exists():  # one of its own: all servers have the same port in networks of their own
        sockets.mkdir()
        os.chown(sockets, folder.stat().st_uid, folder.stat().st_gid)
    return json.dumps({  # which is YAML, too
        "scope": "lotwarden", "name": name,
        "restapi": {"listen": f"{own.host}:{own.rest}", "connect_address": f"{own.host}:{own.rest}"},
        # Not etcd3: there Patroni 3.0.2 takes the lead back from whoever has it by then (tests/cluster/pauses.py).
        "etcd": {"hosts": ",".join(f"{each.host}:{each.etcd}" for each in places.values())},
        "bootstrap": {
            "dcs": {
                # As fast as Patroni allows: its ttl may not be less than 20 s.
                "ttl": 20, "loop_wait": 1, "retry_timeout": 3,
                "synchronous_mode": True, "synchronous_mode_strict": True,
                "postgresql": {
                    "use_pg_rewind": True,
                    "parameters": {
                        "max_locks_per_transaction": 512, "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s",
                        "wal_retrieve_retry_interval": "500ms",  # a standby finds the new primary at once
                        "tcp_keepalives_idle": 2, "tcp_keepalives_interval": 1, "tcp_keepalives_count": 3,
                        "tcp_user_timeout": "5s",
                    },
                },
            },
            "initdb": [{"encoding": "UTF8"}, "data-checksums"],
        },
        "postgresql": {
            "listen": f"{own.host}:{own.postgres}", "connect_address": f"{own.host}:{own.postgres}",
            "data_dir": str(folder / name), "bin_dir": str(POSTGRES), "pgpass": str(folder / f"{name}.pgpass"),
            "parameters": {"unix_socket_directories": str(sockets)},
            "pg_hba": ["local all all trust", f"host all all {trusted} scram-sha-256",
                       f"host replication all {trusted} scram-sha-256"],
            "authentication": {
                who: {"username": user, "password": SECRET}
                for who, user in (("superuser", "postgres"), ("replication", "copier"), ("rewind", "rewinder"))
            },
        },
    })  # fmt: skip


def value_at(url: str, sql: str) -> str:
    """The one value of this query at whichever node writes."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return str(row[0] if row else "")
