"""The journal: how fast, how gentle to an SD card, how soon a scan is safe, and what survives kills and power cuts."""

import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.recorder import READINGS_PER_COMMIT_MAX, Recorder
from edge_agent.domain.wire.wire import encode_record
from edge_agent.timekeeping.clock import SystemClock
from tests.bench.contenders import LIVE_S, PEERS, open_journal
from tests.bench.figure import Figure
from tests.support.journal_parts import scan
from tests.support.paths import ROOT

READINGS = 100_000
TINYDB_READINGS = 2_000
RUNS = 5
SCANS = 1_500
ROUNDS = int(os.environ.get("LOTWARDEN_BENCH_ROUNDS", "1000"))
THINGSBOARD = "thingsboard-gateway SQLite storage"


def durable_ratio() -> Figure:
    """Durable readings a second against thingsboard-gateway's."""
    ours, theirs = contest("journal", "thingsboard")
    return Figure(
        "journal_durable_ratio", rate(ours), "readings/s", target=3, at_least=True, target_is_ratio=True,
        against=rate(theirs), peer=THINGSBOARD,
        note=f"median of {RUNS} runs of {READINGS} readings; ours fsyncs each {READINGS_PER_COMMIT_MAX}, signed; "
        "theirs batches 1000 and does not fsync commits",
    )  # fmt: skip


def durable_full_ratio() -> Figure:
    """The same with its storage made to wait for the disk as ours does."""
    ours, theirs = contest("journal", "thingsboard_full")
    return Figure(
        "journal_durable_full_ratio", rate(ours), "readings/s", against=rate(theirs), peer=THINGSBOARD,
        note="as above with PRAGMA synchronous=FULL on its connection: an fsync for each of its batches of 1000",
    )  # fmt: skip


def bytes_ratio() -> Figure:
    """Bytes given to the disk per reading against thingsboard-gateway's, in bulk."""
    ours, theirs = contest("journal", "thingsboard")
    return Figure(
        "journal_bytes_ratio", size(ours), "B/reading", target=0.1, target_is_ratio=True, against=size(theirs),
        peer=THINGSBOARD, note="the same runs; /proc/self/io write_bytes, log and check-points included",
    )  # fmt: skip


def live_bytes_ratio() -> Figure:
    """The same at the pace of a room: 50 devices at 10 s."""
    ours, theirs = contest("journal_live", "thingsboard_live", runs=1)
    return Figure(
        "journal_live_bytes_ratio", size(ours), "B/reading", target=0.1, target_is_ratio=True, against=size(theirs),
        peer=THINGSBOARD, note=f"50 devices at 10 s for {LIVE_S} s, ours commits every 5 s",
    )  # fmt: skip


def against_rows() -> Figure:
    """Durable readings a second against plain SQLite rows."""
    ours, theirs = contest("journal", "sqlite_rows")
    return Figure(
        "journal_rows_ratio", rate(ours), "readings/s", against=rate(theirs), peer="plain SQLite rows",
        note=f"one row a value, fsync each {READINGS_PER_COMMIT_MAX}; "
        f"bytes/reading {size(ours):.0f} against {size(theirs):.0f}",
    )  # fmt: skip


def against_tinydb() -> Figure:
    """Readings a second against TinyDB."""
    ours, theirs = contest("journal", "tinydb")
    return Figure(
        "journal_tinydb_ratio", rate(ours), "readings/s", against=rate(theirs), peer="TinyDB",
        note=f"TinyDB: {TINYDB_READINGS} readings, 100 at a time, no fsync; "
        f"bytes/reading {size(ours):.0f} against {size(theirs):.0f}",
    )  # fmt: skip


def scan_durable() -> Figure:
    """A scan through the recorder until it is on the disk, against a bare append and fdatasync."""
    ours, bare = asyncio.run(_scan_times())
    return Figure(
        "scan_durable_p99_ms", percentile(ours, 99), "ms", target=5, target_is_ratio=True,
        against=percentile(bare, 99), peer="bare append + fdatasync",
        note=f"{SCANS} of each, in turn; p50 {percentile(ours, 50):.2f} against {percentile(bare, 50):.2f} ms",
    )  # fmt: skip


def kill_lost() -> Figure:
    """Records that were told as kept and are not at the ledger, or not in the journal after a power cut."""
    lost, _, note = _survival()
    return Figure("kill_lost", lost, "records", target=0, note=note)


def kill_duplicates() -> Figure:
    """Records that are there more than once after the same."""
    _, duplicates, note = _survival()
    return Figure("kill_duplicates", duplicates, "records", target=0, note=note)


FIGURES = {
    "journal_durable_ratio": durable_ratio,
    "journal_durable_full_ratio": durable_full_ratio,
    "journal_bytes_ratio": bytes_ratio,
    "journal_live_bytes_ratio": live_bytes_ratio,
    "journal_rows_ratio": against_rows,
    "journal_tinydb_ratio": against_tinydb,
    "scan_durable_p99_ms": scan_durable,
    "kill_lost": kill_lost,
    "kill_duplicates": kill_duplicates,
}


@cache
def contest(ours: str, theirs: str, runs: int = RUNS) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both in turn, ``runs`` times; gives readings a second and bytes a reading of each (medians)."""
    found: dict[str, list[tuple[float, float]]] = {ours: [], theirs: []}
    for _ in range(runs):
        for name in (ours, theirs):
            found[name].append(_run(name))
    median = {
        name: (statistics.median(r for r, _ in pairs), statistics.median(b for _, b in pairs))
        for name, pairs in found.items()
    }
    return median[ours], median[theirs]


def rate(result: tuple[float, float]) -> float:
    """Readings a second."""
    return result[0]


def size(result: tuple[float, float]) -> float:
    """Bytes a reading."""
    return result[1]


def percentile(values: list[float], percent: int) -> float:
    """The value that ``percent`` of ``values`` do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


@contextmanager
def real_disk() -> Iterator[Path]:
    """A directory on a disk, not in memory: /var/tmp, or what LOTWARDEN_BENCH_DISK names."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("LOTWARDEN_BENCH_DISK", "/var/tmp")) as home:
        yield Path(home)


def _run(name: str) -> tuple[float, float]:
    if name.startswith("thingsboard") and not PEERS.exists():
        raise SystemExit("thingsboard-gateway is not installed: measure with ./dev bench, which installs it")
    count = TINYDB_READINGS if name == "tinydb" else READINGS
    with real_disk() as home:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.contenders", name, str(home), str(count)],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
    result = json.loads(done.stdout.splitlines()[-1])
    if not result["bytes"]:
        raise SystemExit("nothing was written to a disk: name a directory on one in LOTWARDEN_BENCH_DISK")
    return result["count"] / result["seconds"], result["bytes"] / result["count"]


async def _scan_times() -> tuple[list[float], list[float]]:
    ours, bare = [], []
    with real_disk() as home:
        thread = JournalThread()
        journal = await thread.call(open_journal, home)
        recorder = Recorder(journal, thread, SystemClock())
        running = asyncio.create_task(recorder.run())
        file = os.open(home / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        for number in range(SCANS):
            record = scan(number)
            began_s = time.perf_counter()
            await recorder.record(record)
            ours.append((time.perf_counter() - began_s) * 1000)
            line = encode_record(record) + b"\n"
            began_s = time.perf_counter()
            os.write(file, line)
            os.fdatasync(file)
            bare.append((time.perf_counter() - began_s) * 1000)
        os.close(file)
        recorder.stop()
        await running
        await thread.call(journal.close)
        thread.close()
    return ours, bare


@cache
def _survival() -> tuple[int, int, str]:
    from tests.simulation.kill_rounds import kill_rounds
    from tests.simulation.power_cuts import cut_power, recorded_run

    logging.disable(logging.CRITICAL)
    try:
        with real_disk() as home:
            killed = asyncio.run(kill_rounds(home, ROUNDS, seed=ROUNDS))
        with real_disk() as home:
            run = partial(recorded_run, steps=500, seed=ROUNDS)
            (home / "dropping").mkdir()
            cuts = [
                cut_power(recording, ROUNDS // 2, seed=ROUNDS)
                for recording in (run(home), run(home / "dropping", thin_window_s=None))
            ]
    finally:
        logging.disable(logging.NOTSET)
    faults = [*killed.faults, *(fault for found in cuts for fault in found.faults)]
    note = (
        f"{ROUNDS} kill -9 of a gateway that appends and forwards ({killed.told} records told as kept, "
        f"{killed.restarts} restarts of the ledger), {sum(c.cuts for c in cuts)} power cuts below SQLite "
        f"({sum(c.checked for c in cuts)} records looked for); "
        + (f"FAULTS: {'; '.join(faults[:3])}" if faults else "all chains verify")
    )
    lost = killed.lost + sum(found.lost for found in cuts)
    return lost, killed.duplicates + sum(found.duplicates for found in cuts), note
