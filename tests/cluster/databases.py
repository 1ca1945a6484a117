"""Three machines, each with a PostgreSQL server, its Patroni and an etcd, in a network of their own."""

import json
import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.cluster.network import Machine
from tests.cluster.patroni_cluster import ETCD, LAST_LINES, PATRONI, SECRET, Place, etcd_arguments, patroni_config
from tests.cluster.postgres_pair import until

START_S = 120


@dataclass
class Databases:
    """``url`` leads to whichever of them writes."""

    home: Path
    machines: list[Machine]

    def __post_init__(self) -> None:
        user = pwd.getpwnam("postgres")
        self.home.mkdir(mode=0o755)
        os.chown(self.home, user.pw_uid, user.pw_gid)
        self._places = {each.name: Place(each.address, 5432, 8008, 2379, 2380) for each in self.machines}

    @property
    def url(self) -> str:
        """Of whichever writes."""
        return self.url_of(self.machines)

    @staticmethod
    def url_of(machines: list[Machine]) -> str:
        """Of whichever of these writes."""
        hosts = ",".join(each.address for each in machines)
        return f"postgresql://postgres:{SECRET}@{hosts}/postgres?target_session_attrs=read-write"

    def start(self, machine: Machine) -> None:
        """Start it, or start it again."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        config = self.home / f"{machine.name}.yml"
        config.write_text(patroni_config(self.home, machine.name, self._places, trusted="10.231.0.0/24"))
        etcd = [ETCD, *etcd_arguments(self.home, machine.name, self._places)]
        machine.spawn(etcd, self.home / f"{machine.name}-etcd.log", user="postgres", env=env)
        machine.spawn([PATRONI, str(config)], self.home / f"{machine.name}.log", user="postgres", env=env)

    def start_all(self) -> None:
        """Until one writes, and the others follow."""
        for each in self.machines:
            self.start(each)
        until(lambda: self.is_whole, START_S)

    @property
    def is_whole(self) -> bool:
        """Whether one writes and both others follow, one of them in step."""
        for each in self.machines:
            with suppress(httpx.HTTPError, json.JSONDecodeError, KeyError):
                members = httpx.get(f"http://{each.address}:8008/cluster", timeout=1).json()["members"]
                roles = sorted(member["role"] for member in members)
                states = {member["state"] for member in members}
                return roles == ["leader", "replica", "sync_standby"] and states <= {"running", "streaming"}
        return False

    def until_one_writes(self, patience_s: float) -> None:
        """Whether or not all others follow."""
        until(lambda: self.primary() is not None, patience_s)

    def last_words(self) -> str:
        """The ends of their logs."""
        logs = ((self.home / f"{each.name}.log").read_text(errors="replace") for each in self.machines)
        said = ("\n".join(log.splitlines()[-LAST_LINES:]) for log in logs)
        return "\n".join(f"\n{each.name}:\n{words}" for each, words in zip(self.machines, said, strict=True))

    def primary(self) -> Machine | None:
        """Which of them says that it writes."""
        for each in self.machines:
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://{each.address}:8008/primary", timeout=1).status_code == 200:
                    return each
        return None
