"""Power cuts at many instants of one long run of a journal, each followed by what the next start finds."""

import logging
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.opening import start_journal
from edge_agent.buffer.reader import damaged_beside
from edge_agent.buffer.stored_batch import StoredBatch
from edge_agent.domain.wire.records import SEQ_END, Lane, Notice, NoticeKind, Reading, ScanTransaction
from edge_agent.timekeeping.clock import ManualClock
from tests.simulation.disk import Recording, RecordingDisk, crash_image
from tests.support.journal_parts import GATEWAY, IDENTITY, START, all_records, open_journal, reading, records_in, scan

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
BYTES_MAX = 120_000
"""Small, so that the run thins and drops readings too."""


@dataclass
class Found:
    """What many cuts came to. ``lost``, ``duplicates`` and ``faults`` must be nothing."""

    cuts: int = 0
    checked: int = 0
    lost: int = 0
    duplicates: int = 0
    thinned: int = 0
    dropped: int = 0
    faults: list[str] = field(default_factory=list)


def recorded_run(
    home: Path, steps: int, seed: int, *, thin_window_s: int | None = 600, synchronous: str | None = None
) -> Recording:
    """One run of the journal: appends to both lanes, acknowledgements, thinning, with marks of what its caller knew."""
    chance = random.Random(seed)
    recording = Recording()
    disk = RecordingDisk(f"recording-{seed}-{thin_window_s}-{synchronous}", recording)
    path = home / "journal"
    with start_journal(
        path, GATEWAY, sign=IDENTITY.sign, verify=IDENTITY.verify, clock=ManualClock(START), bytes_max=BYTES_MAX,
        thin_window_s=thin_window_s, connect=disk.connect(synchronous),
    ) as journal:  # fmt: skip
        recording.begin(path)
        number = 0
        for step in range(1, steps + 1):
            if chance.random() < 0.5:
                numbers = journal.append(Lane.SCANS, [scan(step)])
                recording.mark(("scan", step, numbers[0]))
            else:
                count = chance.choice([1, 20, 150])
                numbers = journal.append(Lane.READINGS, [reading(number + i) for i in range(count)])
                recording.mark(("readings", range(number, number + count), numbers))
                number += count
            if step % 9 == 0:
                lane = chance.choice([Lane.SCANS, Lane.SCANS, Lane.READINGS])
                batches = journal.pending(lane, bytes_max=1 << 20, batches_max=chance.choice([3, 12]))
                for batch in batches:
                    recording.mark(("acknowledged", lane, range(batch.first, batch.first + batch.count)))
                    for numbers in _declared_in(batch):
                        recording.mark(("acknowledged", Lane.READINGS, numbers))
                journal.acknowledge(batches)
        # Closing folds the log in and deletes it: cuts in there count as well.
    return recording


def _declared_in(batch: StoredBatch) -> Iterator[range]:
    """Readings that notices of the batch speak for: with the notice acknowledged, the ledger knows of them."""
    for record in records_in(batch.raw):
        if isinstance(record, Notice) and record.data.get("lane") == "readings":
            yield _numbers_of(record)


def _numbers_of(notice: Notice) -> range:
    first, count = notice.data["first"], notice.data["count"]
    assert isinstance(first, int)
    assert isinstance(count, int)
    # A damaged journal's open end speaks for nothing that was kept: a power cut damages none.
    return range(first, first + count) if first + count < SEQ_END else range(0)


def cut_power(recording: Recording, cuts: int, seed: int) -> Found:
    """``cuts`` cuts, spread evenly over the run, each with its own luck about what had not been synced."""
    chance = random.Random(seed)
    found = Found()
    ends = len(recording.events)
    for number in range(cuts):
        cut = 1 + (number * ends) // cuts + chance.randrange(max(1, ends // cuts))
        with _image(crash_image(recording, min(cut, ends), chance)) as path:
            _look(path, recording, min(cut, ends), found)
    return found


@contextmanager
def _image(files: dict[str, bytes]) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(dir=MEMORY))
    try:
        (home / "journal").mkdir()
        for name, data in files.items():
            (home / "journal" / name).write_bytes(data)
        yield home / "journal"
    finally:
        shutil.rmtree(home)


def _look(path: Path, recording: Recording, cut: int, found: Found) -> None:
    """Start on the image as the agent would, and compare with what the caller had been told before the cut."""
    found.cuts += 1
    logging.getLogger("edge_agent.journal").setLevel(logging.CRITICAL)
    with open_journal(path) as journal:
        if damaged_beside(path):
            found.faults.append(f"cut {cut}: the journal counts as damaged")
        found.faults += [f"cut {cut}: {fault}" for fault in journal.verify(IDENTITY.verify).faults]
        told = _Told(recording.marks_until(cut))
        there = _There(journal)
        found.checked += len(told.scans) + len(told.readings)
        found.lost += len(told.scans - there.scans) + len(told.readings - there.readings)
        found.duplicates += there.twice
        found.thinned += there.notices[NoticeKind.THINNED]
        found.dropped += there.notices[NoticeKind.GAP]
        last = {status.lane: status.last_seq for status in journal.status().lanes}
        if any(last[lane] < seq for lane, seq in told.last.items()):
            found.faults.append(f"cut {cut}: numbers would be given out a second time")
        after = journal.append(Lane.SCANS, [scan(999_999)])
        if after[0] <= told.last[Lane.SCANS]:
            found.faults.append(f"cut {cut}: number {after[0]} was given out a second time")


class _Told:
    """What must be there: told as kept, not acknowledged since. Scans by transaction, readings by number."""

    def __init__(self, marks: list[tuple[object, ...]]) -> None:
        self.scans: set[int] = set()
        self.readings: set[int] = set()
        self.last = {Lane.SCANS: 0, Lane.READINGS: 0}
        by_seq: dict[int, int] = {}
        for what, first, second in marks:  # type: ignore[misc]
            if what == "scan":
                self.scans.add(first)
                by_seq[second] = first
                self.last[Lane.SCANS] = second
            elif what == "readings":
                self.readings |= set(second)
                self.last[Lane.READINGS] = second[-1]
            elif first is Lane.SCANS:
                self.scans -= {by_seq[seq] for seq in second if seq in by_seq}
            else:
                self.readings -= set(second)


class _There:
    """What the journal holds or declares. A reading counts if it is there, or thinned or lost with a notice."""

    def __init__(self, journal: Journal) -> None:
        scans: Counter[int] = Counter()
        self.readings: set[int] = set()
        held: Counter[object] = Counter()
        self.notices: Counter[NoticeKind] = Counter()
        for record in all_records(journal, "scans"):
            if isinstance(record, ScanTransaction):
                scans[int(record.transaction[:8])] += 1
            elif isinstance(record, Notice) and record.data.get("lane") == "readings":
                self.notices[record.notice] += 1
                self.readings |= set(_numbers_of(record))
        for batch in journal.batches():
            if batch.lane is Lane.READINGS:
                self.readings |= set(range(batch.first, batch.first + batch.count))
        for record in all_records(journal, "readings"):
            if isinstance(record, Reading):
                held[record.stamp.mono_ms] += 1
        self.scans = set(scans)
        self.twice = sum(n - 1 for n in scans.values()) + sum(n - 1 for n in held.values())
