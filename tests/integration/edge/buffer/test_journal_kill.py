"""Killed at any instant, the journal has every record whose append returned."""

import multiprocessing
import os
import random
import signal
from multiprocessing.reduction import DupFd
from pathlib import Path

from edge_agent.buffer.reader import damaged_beside
from edge_agent.domain.wire.records import Lane, Reading, ScanTransaction
from tests.support.journal_child import append_for_ever
from tests.support.journal_parts import IDENTITY, all_records, open_journal, scan

ROUNDS = 20
START = multiprocessing.get_context("forkserver")
START.set_forkserver_preload([__name__])


def kill_after(path: Path, start: int, chance: random.Random) -> list[tuple[str, int]]:
    """Let a child append from ``start`` on, kill it at some instant; gives what it told before."""
    told, tells = os.pipe()
    child = START.Process(target=_child, args=(str(path), DupFd(tells), start))
    child.start()
    os.close(tells)
    with os.fdopen(told, "rb") as pipe:
        lines = [pipe.readline()]
        lines += [pipe.readline() for _ in range(chance.randrange(12))]
        child.join(chance.random() * 0.02)  # somewhere within an append
        os.kill(child.pid or 0, signal.SIGKILL)
        lines += pipe.readlines()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(lane, int(number)) for lane, number in words]


def _child(path: str, tells: object, start: int) -> None:
    append_for_ever(path, tells.detach(), start)  # type: ignore[attr-defined]


def test_every_append_that_returned_survives_twenty_kills(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    path = tmp_path / "journal"
    scans: set[int] = set()
    readings: set[int] = set()
    start = acknowledged = 0
    for _ in range(ROUNDS):
        told = kill_after(path, start, chance)
        assert told[0] == ("ready", 0)
        scans |= {number for what, number in told if what == "scans"}
        readings |= {number for what, number in told if what == "readings"}
        acknowledged += sum(what == "acknowledged" for what, _ in told) + 1
        with open_journal(path) as journal:
            assert damaged_beside(path) == []
            assert journal.verify(IDENTITY.verify).faults == ()
            kept = [int(r.transaction[:8]) for r in all_records(journal, "scans") if isinstance(r, ScanTransaction)]
            assert scans <= set(kept), "a scan that was told is there"
            assert len(kept) == len(set(kept)) == journal.status().lanes[0].last_seq
            groups = {r.stamp.mono_ms // 1_000_000 for r in all_records(journal, "readings") if isinstance(r, Reading)}
            gone = readings - groups
            assert all(number < min(groups) for number in gone), "only acknowledged ones, the oldest, are gone"
            assert len(gone) <= acknowledged, "one more a round: it may have been killed before it told"
        start = max([start, *kept, *readings]) + 1
    assert len(scans) > ROUNDS
    assert len(readings) > ROUNDS / 2


def test_an_append_waits_for_the_disk(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal") as journal:
        settings = {
            name: journal._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode")
        }
        assert settings == {"synchronous": 2, "journal_mode": "wal"}, "2 is FULL: fsync of the log on each commit"
        journal.append(Lane.SCANS, [scan(1)])
