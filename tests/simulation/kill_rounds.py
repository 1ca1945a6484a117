"""Gateways killed with SIGKILL at random instants while they append and forward to a ledger that misbehaves."""

import asyncio
import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import TypeVar

from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.reader import damaged_beside
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.records import Lane, Notice, Reading, ScanTransaction
from edge_agent.domain.wire.wire import NO_PREVIOUS, Batch, decode_record
from edge_agent.errors import LinkDown
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from tests.simulation.gateway_child import READINGS_EACH, run_for_ever
from tests.support.journal_parts import IDENTITY, START, open_journal
from tests.support.small_ledger import Fault, Ledger

SPAWN = multiprocessing.get_context("forkserver")
SPAWN.set_forkserver_preload([__name__])
DEADLINE_S = 60.0
T = TypeVar("T")


@dataclass
class Outcome:
    """What the ledger had at the end, against what callers were told was kept."""

    rounds: int = 0
    told: int = 0
    lost: int = 0
    duplicates: int = 0
    gaps: int = 0
    restarts: int = 0
    faults: list[str] = field(default_factory=list)


async def kill_rounds(home: Path, rounds: int, seed: int) -> Outcome:
    """Start, kill and start again ``rounds`` times; then let all that waits arrive, and compare.

    The ledger drops connections, cuts its answers anywhere, dies between storing and acknowledging, and is restarted
    on what it had stored.
    """
    chance = random.Random(seed)
    outcome = Outcome(rounds=rounds)
    ledger = _Witness()
    await ledger.start()
    told: set[tuple[str, int]] = set()
    path = home / "journal"
    try:
        for number in range(rounds):
            ledger.faults = [_fault(chance) for _ in range(chance.randrange(4))]
            if chance.random() < 0.2:
                await ledger.stop()
                await ledger.start()
                outcome.restarts += 1
            told |= await _one_life(path, ledger, chance, start=number * 10_000, seed=seed + number)
        ledger.faults = []
        await _drain(path, ledger)
    finally:
        await ledger.stop()
    if damaged_beside(path):
        outcome.faults.append("the journal counts as damaged")
    _compare(told, ledger, outcome)
    return outcome


def _fault(chance: random.Random) -> Fault:
    cut = ("cut", chance.randrange(400))
    return chance.choice(["ok", "drop", "die_after_store", "503", "half", cut, cut])


async def _one_life(
    path: Path, ledger: Ledger, chance: random.Random, *, start: int, seed: int
) -> set[tuple[str, int]]:
    told, tells = os.pipe()
    child = SPAWN.Process(target=_child, args=(str(path), ledger.url, DupFd(tells), start, seed))
    child.start()
    os.close(tells)
    with os.fdopen(told, "rb") as pipe:
        lines = [await _off_loop(pipe.readline) for _ in range(1 + chance.randrange(10))]
        await asyncio.sleep(chance.random() * 0.01)  # somewhere within an append or an exchange
        os.kill(child.pid or 0, signal.SIGKILL)
        lines += await _off_loop(pipe.readlines)
    await _off_loop(child.join)
    assert child.exitcode == -signal.SIGKILL, f"the gateway ended unexpectedly ({child.exitcode})"
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    assert words[0] == ["ready", "0"], words
    assert ["failed", "0"] not in words
    return {(lane, int(number)) for lane, number in words[1:]}


def _child(path: str, url: str, tells: object, start: int, seed: int) -> None:
    run_for_ever(path, url, tells.detach(), start, seed)  # type: ignore[attr-defined]


async def _off_loop(function: Callable[[], T]) -> T:
    """The ledger answers meanwhile, on the loop."""
    async with asyncio.timeout(DEADLINE_S):
        return await asyncio.get_running_loop().run_in_executor(None, function)


async def _drain(path: Path, ledger: Ledger) -> None:
    thread = JournalThread()
    journal = await thread.call(open_journal, path)
    uplink = HttpsUplink(UplinkSection(url=ledger.url, timeout_s=5, retry_max_s=1))
    forwarder = Forwarder(
        journal, thread, uplink, ManualClock(START), random=random.Random(1).random, record=_refuse_alarm,
        retry_max_s=1,
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE_S):
        while await thread.call(journal.pending_records):
            with suppress(LinkDown):
                await forwarder.forward_once()
    await uplink.close()
    await thread.call(journal.close)
    thread.close()


async def _refuse_alarm(record: object) -> None:
    raise AssertionError(f"the ledger saw a fork: {record}")


class _Witness(Ledger):
    """A ledger that also keeps each batch it stored, to check the chain."""

    def __init__(self) -> None:
        super().__init__(IDENTITY.verify)
        self.stored: dict[tuple[Lane, int], Batch] = {}

    def outcome_of(self, batch: Batch) -> str:
        outcome = super().outcome_of(batch)
        if outcome == "stored":
            self.stored[batch.header.lane, batch.header.first] = batch
        return outcome


def _compare(told: set[tuple[str, int]], ledger: _Witness, outcome: Outcome) -> None:
    at_ledger: Counter[tuple[str, int]] = Counter()
    for line in ledger.records.values():
        record = decode_record(line)
        if isinstance(record, ScanTransaction):
            at_ledger["scans", int(record.transaction[:8])] += 1
        elif isinstance(record, Reading):
            at_ledger["readings", record.stamp.mono_ms // 1000] += 1
        elif isinstance(record, Notice):
            outcome.gaps += record.notice == "gap"
    expected = {(what, n) for what, n in told if what == "scans"} | {
        ("readings", n * READINGS_EACH + i) for what, n in told if what == "readings" for i in range(READINGS_EACH)
    }
    outcome.told = len(expected)
    outcome.lost = len(expected - set(at_ledger))
    outcome.duplicates = sum(count - 1 for count in at_ledger.values()) + ledger.stored_twice
    if ledger.forged:
        outcome.faults.append(f"{ledger.forged} batches were forged")
    for lane in Lane:
        outcome.faults += _chain_faults(lane, ledger)


def _chain_faults(lane: Lane, ledger: _Witness) -> list[str]:
    """Every number once, and each batch naming the one before."""
    faults = []
    expected, digest = 1, NO_PREVIOUS
    for first in sorted(first for its_lane, first in ledger.stored if its_lane == lane):
        batch = ledger.stored[lane, first]
        if (batch.header.first, batch.header.previous) != (expected, digest):
            faults.append(f"{lane}: {batch.header.first} does not follow {expected - 1}")
        expected, digest = first + batch.header.count, batch.digest
    return faults
