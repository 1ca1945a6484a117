"""Three brokers, three ledgers and three databases, each a machine of its own in a network of this process."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cloud_sync.actions.gateways.ledger_keys import ledger_keys
from cloud_sync.storage.database import Database
from tests.cluster.databases import Databases
from tests.cluster.network import Machine
from tests.cluster.postgres_pair import until
from tests.cluster.simulated_gateways import Fleet, SimulatedGateway, fill
from tests.support.builders import Ledger
from tests.support.nats_cluster import NatsCluster, Ports
from tests.support.paths import ROOT

START_S = 120


@dataclass
class House:
    """All of it, running. ``down`` has what is killed, paused or cut off at the moment."""

    home: Path
    brokers: NatsCluster
    databases: Databases
    ledgers: list[Machine]
    broker_machines: list[Machine]
    database: Database
    fleet: Fleet
    down: set[str] = field(default_factory=set)

    @property
    def machines(self) -> list[Machine]:
        """All nine."""
        return [*self.broker_machines, *self.ledgers, *self.databases.machines]

    def start(self, machine: Machine) -> None:
        """Start what belongs on this machine."""
        if machine in self.broker_machines:
            self.brokers.start(machine.name)
        elif machine in self.ledgers:
            self.start_ledger(machine)
        else:
            self.databases.start(machine)

    def start_ledger(self, machine: Machine) -> None:
        """``cloud-sync serve``, as its unit would."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        config = self.home / f"{machine.name}.toml"
        section = self.brokers.section()
        lists = {"urls": section.urls, "monitor_urls": section.monitor_urls}
        config.write_text(
            f'[server]\nport = 0\n[database]\nurl = "{self.databases.url}"\n[jetstream]\n'
            + "".join(f"{key} = {list(values)!r}\n" for key, values in lists.items())
            + f'ca_file = "{section.ca_file}"\ncredentials_file = "{section.credentials_file}"\n'
            + f"partitions = {section.partitions}\n"
        )
        config.chmod(0o600)
        machine.spawn(
            [sys.executable, "-m", "cloud_sync", "serve", "--config", str(config)],
            self.home / f"{machine.name}.log", env=env,
        )  # fmt: skip

    def keep_running(self) -> None:
        """A ledger that gave up, because no database answered as it started, is started again, as its unit would."""
        for machine in self.ledgers:
            if machine.name not in self.down and not machine.is_running:
                self.start_ledger(machine)

    def is_taking(self, machine: Machine) -> bool:
        """Whether this ledger reads the stream, as its log says."""
        log = self.home / f"{machine.name}.log"
        return log.exists() and "listens on" in log.read_text(errors="replace")


@contextmanager
def house(gateways: int, seed: int, pause_s: float) -> Iterator[House]:
    """Everything started, and the fleet sending."""
    # Whoever closes a TLS connection by way of asyncio's streams is told that eof_received() has no effect there.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with TemporaryDirectory(prefix="lotwarden-house-") as name, ExitStack() as stopping:
        home = Path(name)
        home.chmod(0o711)
        kinds = {"broker": range(3), "ledger": range(3, 6), "database": range(6, 9)}
        brokers, ledgers, databases = (
            [Machine(f"{kind}-{number % 3 + 1}", number) for number in numbers] for kind, numbers in kinds.items()
        )
        stopping.callback(lambda: [each.kill() for each in (*brokers, *ledgers, *databases)])
        by_name = {each.name: each for each in brokers}
        fleet = [SimulatedGateway(number, seed) for number in range(gateways)]

        (home / "nats").mkdir()
        nats = NatsCluster(
            home / "nats",
            {each.name: Ports(each.address, 4222, 6222, 8883, 8222) for each in brokers},
            [each.name for each in fleet],
            spawn=lambda name, program, log: by_name[name].spawn(program, log),
        )
        postgres = Databases(home / "postgres", databases)
        postgres.start_all()
        nats.start_all()
        with Database.at_url(postgres.url) as database:
            fill(Ledger(database), fleet)
            key = ledger_keys(database).public_key
            running = House(home, nats, postgres, ledgers, brokers, database, Fleet(nats, fleet, key, pause_s))
            for each in ledgers:
                running.start_ledger(each)
            until(lambda: all(running.is_taking(each) for each in ledgers), START_S)
            running.fleet.start()
            try:
                yield running
            finally:
                running.fleet.give_up()
