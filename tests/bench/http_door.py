"""The same through the front door: the served ledger, HTTPS on a kept connection, a token; against the action alone."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Barrier
from time import perf_counter

from cloud_sync.actions.access import create_token
from cloud_sync.config import DATABASE_URL
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import join_units
from tests.bench.figure import Figure
from tests.bench.http_client import CLIENTS, Client, times
from tests.bench.ledger import LARGE_LOTS, filled, positions_of
from tests.bench.ledger_allocate import (
    ALONE,
    OPEN_EACH,
    RATE_PER_S,
    one_client,
    pick_what_is_reserved,
    sixteen_clients,
)
from tests.bench.pace import Timed, p99_of, quantile, told, undisturbed_ms, watch
from tests.bench.processes import await_rest
from tests.support.builders import GatewayWithKey, Ledger, line, reading, scan
from tests.support.certificates import certificates

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCANS = 60
TURNS = 4
"""Of what comes through the front door and of the action alone, one after the other."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the ledger is served."""

    port: int
    ca_file: str
    token: str

    def client(self) -> Client:
        """A new kept connection."""
        return Client(self.port, self.ca_file, self.token)


@cache
def _door() -> Door:
    database = filled(LARGE_LOTS)
    folder = tempfile.TemporaryDirectory(prefix="lotwarden-bench-")
    atexit.register(folder.cleanup)
    home = Path(folder.name)
    ca_file, server_file = certificates(home / "tls")
    config = home / "ledger.toml"
    config.write_text(
        f'[server]\nport = 0\ntls_cert_file = "{server_file}"\ntls_key_file = "{server_file}"\n[database]\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud_sync", "serve", "--config", str(config)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, DATABASE_URL: database.url},
    )
    atexit.register(process.terminate)
    assert process.stdout is not None
    port = next(int(said.split()[4].rsplit(":", 1)[1]) for said in process.stdout if "listens on" in said)
    await_rest(process.pid)
    return Door(port, str(ca_file), create_token(database, "bench", Role.OPERATOR))


@dataclass(frozen=True, slots=True)
class _InTurns:
    """The same in the same seconds, from the same state: what a machine does beside differs from minute to minute."""

    through: list[Timed]
    alone: list[Timed]

    @classmethod
    def of(cls, through: Callable[[int, int], list[Timed]], alone: Callable[[int, int], list[Timed]]) -> "_InTurns":
        """Each is given a number and how many turns there are."""
        watch()
        measured = cls([], [])
        for turn in range(TURNS):
            pick_what_is_reserved(filled(LARGE_LOTS).url)
            measured.through.extend(through(turn, TURNS))
            measured.alone.extend(alone(TURNS + turn, TURNS))
        return measured

    def figure(self, name: str, how: str) -> Figure:
        """The slow ones."""
        return Figure(
            name,
            p99_of(self.through),
            "ms",
            2.0,
            target_is_ratio=True,
            against=p99_of(self.alone),
            peer="the action alone",
            note=f"{how}, HTTPS, p50 {quantile(undisturbed_ms(self.through), 0.5):.1f} ms "
            f"({quantile(undisturbed_ms(self.alone), 0.5):.1f} alone), in turns, {told(self.through)}",
        )


def http_allocate_p99() -> Figure:
    """The slow ones, one client."""
    door, database = _door(), filled(LARGE_LOTS)
    client = door.client()
    return _InTurns.of(
        lambda seed, turns: times(client, seed, Barrier(1), ALONE // turns, None),
        lambda seed, turns: one_client(database, seed, ALONE // turns),
    ).figure("http_allocate_p99_ms", "1 client")


def http_allocate_16_p99() -> Figure:
    """The slow ones, sixteen clients at a usual pace."""
    door, database = _door(), filled(LARGE_LOTS)
    every_s = CLIENTS / RATE_PER_S
    return _InTurns.of(
        lambda seed, turns: _sixteen(door, seed, OPEN_EACH // turns, every_s),
        lambda _, turns: sixteen_clients(database.url, OPEN_EACH // turns, every_s)[0],
    ).figure("http_allocate_16_p99_ms", f"16 clients, {RATE_PER_S:.0f}/s in all (Poisson)")


def _sixteen(door: Door, seed: int, rounds: int, every_s: float) -> list[Timed]:
    command = [sys.executable, "-m", "tests.bench.http_client", str(door.port), door.ca_file, door.token]
    clients = subprocess.Popen(
        [*command, str(seed), str(rounds), str(every_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert clients.stdin is not None and clients.stdout is not None and clients.stdout.readline() == "ready\n"
    return [Timed(*each) for each in json.loads(clients.communicate("go\n")[0])]


def http_scan_to_hold() -> Figure:
    """From sending a scan into a room that was too warm to the receipt: then the lot is held."""
    database, door = filled(LARGE_LOTS), _door()
    ledger = Ledger(database)
    ledger.add_place("warm-room", "room", "site", "cold")
    gateway = GatewayWithKey("gw-warm")
    gateway.register(database)
    ledger.run("UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = 'site') WHERE name = 'gw-warm'")
    ledger.put_probe("warm-room", "probe-warm", gateway.name)
    ledger.add_item("scanned", gtin="09501101530102")
    for at, value in ((0, 5.0), (1, 9.0)):
        store_batch(database, gateway.batch(reading(NOW + timedelta(minutes=at), value, "probe-warm")))
    client = door.client()
    alone, through = [], []
    for number in range(2 * SCANS):
        raw = gateway.batch(
            scan(
                NOW + timedelta(minutes=2, seconds=number),
                Action.RECEIVE,
                "acme",
                "warm-room",
                line(1, f"W{number}", gtin="09501101530102"),
            )
        )
        began = perf_counter()
        if number % 2:
            answer = json.loads(client.post("/v1/batches", join_units([raw]), "application/octet-stream"))
            assert answer["receipts"][0]["outcome"] == "stored", answer
        else:
            assert store_batch(database, raw).outcome is BatchOutcome.STORED
        (through if number % 2 else alone).append((perf_counter() - began) * 1000)
    held = sum(lot.startswith("W") for lot, _, _ in ledger.held())
    assert held == 2 * SCANS, held
    return Figure(
        "http_scan_to_hold_ms",
        quantile(sorted(through), 0.5),
        "ms",
        2.0,
        target_is_ratio=True,
        against=quantile(sorted(alone), 0.5),
        peer="the action alone",
        note=f"median of {SCANS}, one batch of one line, HTTPS, {positions_of(LARGE_LOTS)}",
    )


FIGURES: dict[str, Callable[[], Figure]] = {
    "http_allocate_p99_ms": http_allocate_p99,
    "http_allocate_16_p99_ms": http_allocate_16_p99,
    "http_scan_to_hold_ms": http_scan_to_hold,
}
