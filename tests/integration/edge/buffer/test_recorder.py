"""The recorder: scans are durable when it returns, readings are gathered, and a refusing disk is survived."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.reader import FILE_NAME, JournalReader
from edge_agent.buffer.recorder import Recorder
from edge_agent.domain.wire.records import Notice, NoticeKind
from edge_agent.errors import JournalDamaged, JournalError
from edge_agent.timekeeping.clock import ManualClock
from tests.support.journal_parts import START, all_records, gaps_in, open_journal, reading, scan, stamp_of

PATIENCE_S = 20
NEVER_S = 60.0


@asynccontextmanager
async def recorder(path: Path, **settings: float) -> AsyncIterator[tuple[Recorder, Journal]]:
    journal, thread = open_journal(path), JournalThread()
    made = Recorder(journal, thread, ManualClock(START), **settings)  # type: ignore[arg-type]
    running = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield made, journal
            made.stop()
            await running
    finally:
        running.cancel()
        thread.close()
        journal.close()


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def notice(number: int) -> Notice:
    return Notice(stamp_of(number), NoticeKind.DEVICE_LOST, "fridge-a/probe-1", "no answer")


async def test_a_scan_is_in_the_file_when_record_returns_while_readings_still_wait(tmp_path: Path) -> None:
    async with recorder(tmp_path / "journal", readings_commit_s=NEVER_S) as (made, _):
        await made.record(reading(1))
        await made.record(scan(1))
        with JournalReader.open(tmp_path / "journal") as reader:
            assert [lane.records for lane in reader.status().lanes] == [1, 0]


async def test_stopping_writes_what_waits(tmp_path: Path) -> None:
    async with recorder(tmp_path / "journal", readings_commit_s=NEVER_S) as (made, _):
        for number in range(100):
            await made.record(reading(number))
    with JournalReader.open(tmp_path / "journal") as reader:
        status = reader.status().lanes[1]
        assert (status.batches, status.records) == (1, 100), "one batch, one fsync"


async def test_readings_are_written_when_their_time_has_come(tmp_path: Path) -> None:
    committed = asyncio.Event()
    async with recorder(tmp_path / "journal", readings_commit_s=0.02, on_commit=committed.set) as (made, journal):  # type: ignore[arg-type]
        await made.record(reading(1))
        await committed.wait()
        assert journal.status().lanes[1].records == 1


async def test_a_queue_that_is_full_holds_a_fast_device_back_and_loses_nothing(tmp_path: Path) -> None:
    async with recorder(tmp_path / "journal", readings_commit_s=NEVER_S, queue_records_max=10) as (made, _):
        for number in range(500):
            await made.record(reading(number))
    with JournalReader.open(tmp_path / "journal") as reader:
        assert reader.status().lanes[1].records == 500


async def test_scans_that_arrive_together_are_all_kept_in_order(tmp_path: Path) -> None:
    async with recorder(tmp_path / "journal") as (made, journal):
        await asyncio.gather(*(made.record(scan(number)) for number in range(50)))
        assert all_records(journal, "scans") == [scan(number) for number in range(50)]
        assert journal.status().lanes[0].batches < 50, "those that waited share a commit"


async def test_while_the_disk_refuses_scans_fail_and_the_rest_waits_with_every_loss_declared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with recorder(tmp_path / "journal", readings_commit_s=0.01, queue_records_max=20) as (made, journal):
        await made.record(scan(1))
        with no_file_may_grow():
            for _ in range(3):
                with pytest.raises(JournalError):
                    await made.record(scan(2))
            await made.record(notice(3))
            for number in range(100):
                await made.record(reading(number))
        await made.record(scan(4))
    with open_journal(tmp_path / "journal") as journal:
        assert [r for r in all_records(journal, "scans") if r.kind == "scan"] == [scan(1), scan(4)]
        assert notice(3) in all_records(journal, "scans"), "a notice outlives the failure"
        kept = all_records(journal, "readings")
        lost = sum(int(str(gap.data["count"])) for gap in gaps_in(journal))
        assert kept == [reading(number) for number in range(100)][-len(kept) :]
        assert lost + len(kept) == 100
        assert 0 < len(kept) <= 20
    for lane in ("scans", "readings"):
        words = [r.message for r in caplog.records if r.message.startswith(f"{lane} ")]
        assert sum("cannot be saved" in w for w in words) <= 1, "logged once"
    assert any("scans are saved again" in r.message for r in caplog.records)


async def record_until_refused(made: Recorder) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await made.record(scan(2))


async def test_a_damaged_journal_stops_the_recorder_and_whoever_waits_is_told(tmp_path: Path) -> None:
    journal, thread = open_journal(tmp_path / "journal"), JournalThread()
    made = Recorder(journal, thread, ManualClock(START))
    running = asyncio.create_task(made.run())
    await made.record(scan(1))
    file = tmp_path / "journal" / FILE_NAME
    with closing(sqlite3.connect(file)) as another:  # moves all into the file; what changes makes the journal look
        another.execute("PRAGMA user_version = 2")
        another.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))
    with pytest.raises(JournalError):
        await record_until_refused(made)
    with pytest.raises(JournalDamaged):
        await running
    with pytest.raises(JournalError):
        await made.record(scan(3))
    thread.close()
    journal.close()
    with open_journal(tmp_path / "journal") as journal:
        assert "the journal was damaged" in gaps_in(journal)[0].text
