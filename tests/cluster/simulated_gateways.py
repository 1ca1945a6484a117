"""Gateways that send without end, and remember what they measured, what went where, and what was acknowledged.

Each has a room of its own with a probe, and lots that are received into it and partly moved out again. What it sends is
worked out from its seed, so that the reference model can say afterwards what follows from it.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from random import Random

from edge_agent.config.model import UplinkMqttSection, UplinkSection
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.wire import digest_of
from edge_agent.errors import LinkDown, Refused
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.mqtt import MqttUplink
from edge_agent.uplink.trust import LedgerTrust
from tests.support.builders import COLD, GatewayWithKey, Ledger, line, minute, reading, scan
from tests.support.nats_cluster import NatsCluster
from tests.support.reference_model import Measured, Move, Place, Truth, World, truth

SCANS_EVERY = 6
READINGS_A_BATCH = 3
WARM, COLD_ENOUGH = 9.5, 5.0
AGAIN_S = 0.3
TIMEOUT_S = 4.0
GAP_RECEIPTS = 500
STOP_S = 150.0


@dataclass
class SimulatedGateway:
    """One of them. ``acknowledged`` has each receipt that it was given, in order: (digest, monotonic seconds)."""

    number: int
    seed: int
    key: GatewayWithKey = field(init=False)
    measured: list[Measured] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    acknowledged: list[tuple[str, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    silent_s: float = 0.0
    """The longest that it had to wait from one receipt to the next while it had something to send."""
    is_given_up: bool = False
    """Whether what it is about to send need not arrive any more: all of it is taken down."""

    def __post_init__(self) -> None:
        self.random = Random(f"{self.seed}/{self.number}")
        self.key = GatewayWithKey(self.name, f"{self.number:08d}-1111-4111-8111-111111111111")
        self._minute, self._batches, self._lots, self._warm_left = 0, 0, 0, 0

    @property
    def name(self) -> str:
        """As it is registered, and as it signs in at the broker."""
        return f"gw-{self.number}"

    @property
    def room(self) -> str:
        """Where its probe is."""
        return f"room-{self.number}"

    def next_batch(self) -> bytes:
        """What it has to say next."""
        self._batches += 1
        raw = self._scans() if self._batches % SCANS_EVERY == 1 else self._readings()
        self.sent.add(digest_of(raw))
        return raw

    def _readings(self) -> bytes:
        records = []
        for _ in range(READINGS_A_BATCH):
            self._minute += 1
            if self._warm_left:
                self._warm_left -= 1
            elif self.random.random() < 0.01:
                self._warm_left = 3
            value = (WARM if self._warm_left else COLD_ENOUGH) + self.random.randrange(8) / 10
            self.measured.append(Measured(f"probe-{self.number}", minute(self._minute), value))
            records.append(reading(minute(self._minute), value, f"probe-{self.number}"))
        return self.key.batch(*records)

    def _scans(self) -> bytes:
        self._minute += 1
        at = minute(self._minute)
        last = self.moves[-1] if self.moves else None
        if last is not None and last.to_place == self.room and self.random.random() < 0.5:
            taken = self.random.randint(1, last.quantity)
            move = Move(last.lot, "", taken, self.room, "dock", at)
        else:
            self._lots += 1
            move = Move(f"G{self.number}L{self._lots}", "", self.random.randint(2, 9), "supplier", self.room, at)
        self.moves.append(move)
        scanned = line(move.quantity, move.lot)
        return self.key.batch(scan(at, Action.MOVE, move.from_place, move.to_place, scanned))

    def expected(self) -> Truth:
        """What the ledger must come to, of all that this gateway said."""
        places = {
            "supplier": Place("supplier"),
            "site": Place("site"),
            "dock": Place("room", "site"),
            self.room: Place("room", "site", COLD.rules_for("temp_c")),
        }
        probe = f"probe-{self.number}"
        return truth(World(places, {probe: self.room}, {probe: 0}), self.moves, self.measured)

    async def send_until(self, uplink: MqttUplink, is_over: threading.Event, pause_s: float) -> None:
        """One batch after the other, each until it is acknowledged."""
        await asyncio.sleep(self.random.random() * pause_s)
        while not is_over.is_set():
            await self._deliver(uplink, self.next_batch())
            await asyncio.sleep(pause_s * (0.5 + self.random.random()))

    async def _deliver(self, uplink: MqttUplink, raw: bytes) -> None:
        began_s = time.monotonic()
        digest = digest_of(raw)
        while not self.is_given_up:
            try:
                receipts = await uplink.send([raw])
            except (LinkDown, Refused) as fault:
                self._note(str(fault))
                await asyncio.sleep(AGAIN_S)
                continue
            for each in receipts:
                if each.digest == digest and each.outcome in (Outcome.STORED, Outcome.DUPLICATE):
                    now_s = time.monotonic()
                    self.acknowledged.append((digest, now_s))
                    self.silent_s = max(self.silent_s, now_s - began_s)
                    return
                self._note(f"{each.outcome}: {each.reason}")
            await asyncio.sleep(AGAIN_S)

    def _note(self, words: str) -> None:
        if len(self.faults) < 1000:
            self.faults.append(words)


@dataclass
class Fleet:
    """All of them, sending in a thread of their own from ``start`` to ``stop``."""

    brokers: NatsCluster
    gateways: Sequence[SimulatedGateway]
    ledger_key: str
    pause_s: float
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()), name="fleet")

    def start(self) -> None:
        """Send until ``stop``."""
        self._thread.start()

    def stop(self, patience_s: float = STOP_S) -> None:
        """Each sends what it has begun, until it is acknowledged, or for so long."""
        self.is_over.set()
        self._thread.join(patience_s)
        self.give_up()

    def give_up(self) -> None:
        """Nobody is there any more to acknowledge anything."""
        self.is_over.set()
        for each in self.gateways:
            each.is_given_up = True
        self._thread.join()

    @property
    def receipts(self) -> int:
        """So far."""
        return sum(len(each.acknowledged) for each in self.gateways)

    def all_served_since(self, counts: Sequence[int]) -> bool:
        """Whether each has two receipts more than these: the second is for what it began to send since."""
        return all(len(each.acknowledged) >= count + 2 for each, count in zip(self.gateways, counts, strict=True))

    def is_any_served_since(self, counts: Sequence[int]) -> bool:
        """Whether one of them has."""
        return any(len(each.acknowledged) >= count + 2 for each, count in zip(self.gateways, counts, strict=True))

    def longest_gap_s(self, since_s: float) -> float:
        """The longest in which no gateway was given a receipt, from this moment on: so long nothing was written."""
        told_at_s = sorted(at for each in self.gateways for _, at in each.acknowledged[-GAP_RECEIPTS:] if at > since_s)
        return max((b - a for a, b in pairwise([since_s, *told_at_s, time.monotonic()])), default=0.0)

    def counts(self) -> list[int]:
        """How many receipts each has."""
        return [len(each.acknowledged) for each in self.gateways]

    async def _send(self) -> None:
        uplinks = [self._uplink(each) for each in self.gateways]
        try:
            await asyncio.gather(
                *(
                    gateway.send_until(uplink, self.is_over, self.pause_s)
                    for gateway, uplink in zip(self.gateways, uplinks, strict=True)
                )
            )
        finally:
            for each in uplinks:
                with suppress(LinkDown, Refused):
                    await each.close()

    def _uplink(self, gateway: SimulatedGateway) -> MqttUplink:
        nodes = list(self.brokers.ports)
        urls = [self.brokers.mqtt_url(nodes[(gateway.number + k) % len(nodes)]) for k in range(len(nodes))]
        section = UplinkSection(
            kind="mqtt", url=urls[0], ca_file=self.brokers.ca_file, timeout_s=TIMEOUT_S,
            mqtt=UplinkMqttSection(
                version="3.1.1", other_urls=tuple(urls[1:]), keepalive_s=5,
                credentials_file=self.brokers.home / f"{gateway.name}.credentials",
            ),
        )  # fmt: skip
        return MqttUplink(section, GatewayName(gateway.name), LedgerTrust([self.ledger_key]))


def fill(ledger: Ledger, gateways: Sequence[SimulatedGateway]) -> None:
    """The house that they are in."""
    ledger.add_policy()
    ledger.add_item()
    ledger.add_place("site", "site")
    ledger.add_place("dock", "room", "site")
    ledger.add_place("supplier", "supplier")
    for each in gateways:
        ledger.add_place(each.room, "room", "site", COLD.name)
        each.key.register(ledger.database)
        ledger.put_probe(each.room, f"probe-{each.number}", each.name)


@dataclass(frozen=True)
class Verdict:
    """What came of it. All but ``batches`` and ``held`` have to be nothing."""

    batches: int
    held: int
    lost: int
    twice: int
    false_receipts: int
    differences: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Nothing lost, nothing twice, no receipt false, everything as the reference model says."""
        return not (self.lost or self.twice or self.false_receipts or self.differences)


def judge(ledger: Ledger, gateways: Sequence[SimulatedGateway]) -> Verdict:
    """Compare what is there with what was sent and acknowledged, and with the reference model."""
    rows = ledger.rows("SELECT encode(digest, 'hex') AS digest, count(*) AS n FROM evidence GROUP BY 1")
    there = {row["digest"]: row["n"] for row in rows}
    sent = {digest for each in gateways for digest in each.sent}
    told = [digest for each in gateways for digest, _ in each.acknowledged]
    twice = sum(n - 1 for n in there.values()) + _records_twice(ledger, gateways)
    expected = [each.expected() for each in gateways]
    differences = []
    for what, ours, theirs in (
        ("holds", ledger.held(), {key for each in expected for key in each.held}),
        ("balances", ledger.balances(), _balances(expected)),
        ("excursions", _excursions(ledger), {
            (e.device, e.rule, e.began_at, e.ended_at, e.worst) for each in expected for e in each.excursions
        }),
    ):  # fmt: skip
        if ours != theirs:
            differences.append(f"{what} differ: {_some_of(ours, theirs)}")
    return Verdict(
        len(there), len(ledger.held()), len(sent - there.keys()), twice, sum(d not in there for d in told),
        tuple(differences),
    )  # fmt: skip


def _records_twice(ledger: Ledger, gateways: Sequence[SimulatedGateway]) -> int:
    """Readings and movements beyond those that were sent."""
    readings = ledger.rows("SELECT count(*) AS n FROM good_reading")[0]["n"]
    movements = ledger.rows("SELECT count(*) AS n FROM movement")[0]["n"]
    return max(0, readings - sum(len(each.measured) for each in gateways)) + max(
        0, movements - sum(len(each.moves) for each in gateways)
    )


def _balances(expected: Sequence[Truth]) -> dict[tuple[str, str, str], int]:
    return {key: quantity for each in expected for key, quantity in each.balances.items()}


def _excursions(ledger: Ledger) -> set[tuple[str, str, datetime, datetime | None, float]]:
    return ledger.excursions()


def _some_of(ours: object, theirs: object) -> str:
    ours, theirs = (set(each.items()) if isinstance(each, dict) else set(each) for each in (ours, theirs))  # type: ignore[call-overload]
    return f"ours alone {sorted(map(str, ours - theirs))[:3]}, expected alone {sorted(map(str, theirs - ours))[:3]}"
