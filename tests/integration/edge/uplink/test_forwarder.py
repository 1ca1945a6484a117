"""From the journal over a real socket to a ledger that misbehaves: all of it arrives, once, and the journal empties."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.stored_batch import line_of
from edge_agent.config.model import UplinkSection
from edge_agent.domain.wire.records import Lane, Notice, NoticeKind, Record
from edge_agent.domain.wire.wire import encode_record
from edge_agent.errors import LinkDown, Refused
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.base import Receipt
from edge_agent.uplink.forwarder import Forwarder
from edge_agent.uplink.https import HttpsUplink
from tests.support.builders import notice
from tests.support.journal_parts import IDENTITY, START, all_records, open_journal, reading, scan
from tests.support.small_ledger import Fault, Ledger

PATIENCE_S = 30


class Line:
    """Journal, forwarder and ledger, joined by a socket."""

    def __init__(self, journal: Journal, ledger: Ledger, **limits: int) -> None:
        self.journal = journal
        self.ledger = ledger
        self.alarms: list[Record] = []
        self.thread = JournalThread()
        self.uplink = HttpsUplink(UplinkSection(url=ledger.url, timeout_s=0.3, retry_max_s=1))
        self.clock = ManualClock(START)
        self.forwarder = Forwarder(
            journal, self.thread, self.uplink, self.clock, random=random.Random(1).random, record=self.take,
            retry_min_s=0.005, retry_max_s=0.02, **limits,
        )  # fmt: skip

    async def take(self, record: Record) -> None:
        self.alarms.append(record)

    async def until_empty(self) -> None:
        """Forward until nothing waits in the journal and the link is known to be up."""
        running = asyncio.create_task(self.forwarder.run())
        async with asyncio.timeout(PATIENCE_S):
            while await self.thread.call(self.journal.pending_records) or not self.forwarder.is_link_up:
                assert not running.done(), running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def line(tmp_path: Path, *faults: Fault, **limits: int) -> AsyncIterator[Line]:
    ledger = await Ledger(IDENTITY.verify, list(faults)).start()
    joined = Line(open_journal(tmp_path / "journal"), ledger, **limits)
    try:
        yield joined
    finally:
        await joined.uplink.close()
        joined.thread.close()
        joined.journal.close()
        await ledger.stop()


def fill(journal: Journal, count: int = 30) -> None:
    for number in range(1, count + 1):
        journal.append(Lane.READINGS, [reading(number * 10 + i) for i in range(5)])
        if number % 3 == 0:
            journal.append(Lane.SCANS, [scan(number)])


def everything(journal: Journal) -> dict[str, list[bytes]]:
    return {lane.value: [encode_record(r) for r in all_records(journal, lane)] for lane in Lane}


FAULTS: list[Fault] = [
    "ok", "503", "403", "hang", "drop", "die_after_store", "html", "garbage", "twice", "reversed", "foreign", "half",
    ("cut", 0), ("cut", 1), ("cut", 20), ("cut", 60), ("cut", 200),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_every_record_is_stored_once_and_the_journal_empties(tmp_path: Path, fault: Fault) -> None:
    async with line(tmp_path, fault, fault, message_units_max=7) as joined:
        fill(joined.journal)
        expected = everything(joined.journal)
        await joined.until_empty()
        assert {lane: joined.ledger.lines(lane) for lane in expected} == expected
        assert (joined.ledger.stored_twice, joined.ledger.forged) == (0, 0)
        assert joined.ledger.faults == [], "the ledger did misbehave"


@pytest.mark.parametrize("seed", range(5))
async def test_any_mixture_of_faults_ends_well_while_more_is_recorded(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    faults = [chance.choice([f for f in FAULTS if f != "hang"]) for _ in range(40)]
    faults += [("cut", chance.randrange(300)) for _ in range(20)]
    async with line(tmp_path, *faults, message_units_max=5) as joined:
        fill(joined.journal, 60)
        expected = everything(joined.journal)
        running = asyncio.create_task(joined.forwarder.run())
        for number in range(1000, 1030):
            await joined.thread.call(joined.journal.append, Lane.SCANS, [scan(number)])
            expected["scans"].append(encode_record(scan(number)))
            joined.forwarder.wake()
        async with asyncio.timeout(PATIENCE_S):
            while await joined.thread.call(joined.journal.pending_records):
                assert not running.done()
        running.cancel()
        assert {lane: joined.ledger.lines(lane) for lane in expected} == expected
        assert (joined.ledger.stored_twice, joined.ledger.forged) == (0, 0)


async def test_scans_go_first_then_the_newest_readings_then_the_oldest(tmp_path: Path) -> None:
    async with line(tmp_path, message_units_max=4) as joined:
        for number in range(1, 8):
            joined.journal.append(Lane.READINGS, [reading(number)])
        for number in range(1, 7):
            joined.journal.append(Lane.SCANS, [scan(number)])
        await joined.until_empty()
        assert joined.ledger.messages == [
            [("scans", 1), ("scans", 2), ("scans", 3), ("scans", 4)],
            [("scans", 5), ("scans", 6), ("readings", 7), ("readings", 1)],
            [("readings", 2), ("readings", 3), ("readings", 4), ("readings", 5)],
            [("readings", 6)],
        ]


async def test_messages_keep_to_their_bytes_and_use_one_connection(tmp_path: Path) -> None:
    async with line(tmp_path, message_bytes_max=3000) as joined:
        fill(joined.journal)
        await joined.until_empty()
        assert max(joined.ledger.message_bytes) <= 3000 + 4 * 200
        assert len(joined.ledger.messages) > 4
        assert joined.ledger.connections == 1, "kept alive"


async def test_as_long_as_the_ledger_does_not_know_the_gateway_everything_waits_and_then_goes_by_itself(
    tmp_path: Path,
) -> None:
    async with line(tmp_path) as joined:
        fill(joined.journal)
        waiting = joined.journal.pending_records()
        joined.ledger.knows_us = False
        for _ in range(3):
            with pytest.raises(Refused, match=r"does not know this gateway: .* edge-agent enroll --code CODE"):
                await joined.forwarder.forward_once()
        assert joined.journal.pending_records() == waiting
        assert joined.journal.status().set_aside == ()
        joined.ledger.knows_us = True
        await joined.until_empty()
        assert len(joined.ledger.records) == waiting


async def test_what_was_refused_is_sent_once_more_after_its_cause_is_gone(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        fill(joined.journal)
        every = joined.journal.pending_records()
        joined.ledger.refuse = lambda batch: batch.header.first == 1
        await joined.until_empty()
        assert len(joined.ledger.records) == every - 6
        joined.ledger.refuse = lambda _batch: False
        again = joined.journal.resend_refused()
        assert sorted((batch.lane, batch.first, batch.count) for batch in again) == [
            ("readings", 1, 5),
            ("scans", 1, 1),
        ]
        assert joined.journal.resend_refused() == ()
        await joined.until_empty()
        assert len(joined.ledger.records) == every
        assert joined.journal.status().set_aside == ()


async def test_a_refused_batch_is_set_aside_and_the_lane_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with line(tmp_path, message_units_max=3) as joined:
        fill(joined.journal)
        joined.ledger.refuse = lambda batch: batch.header.lane == Lane.SCANS and batch.header.first == 2
        while await joined.forwarder.forward_once():
            pass
        status = joined.journal.status()
        assert [lane.set_aside_batches for lane in status.lanes] == [1, 0]
        assert len(joined.ledger.lines("scans")) == 9
        assert all_records(joined.journal, "scans") == [scan(6)], "kept, not deleted"
        assert "the ledger refused scans 2..2" in caplog.text


async def test_a_fork_is_set_aside_and_raises_an_alarm(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        fill(joined.journal, 3)
        joined.ledger.batches[(joined.journal.journal, "readings", 1)] = "0" * 64
        while await joined.forwarder.forward_once():
            pass
        (alarm,) = joined.alarms
        assert isinstance(alarm, Notice)
        assert (alarm.notice, alarm.data["first"]) == (NoticeKind.ALARM, 1)
        assert joined.journal.status().set_aside[0].endswith("fork: ")


async def test_the_link_is_logged_once_when_lost_and_once_when_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with line(tmp_path, *["503"] * 6) as joined:
        fill(joined.journal)
        await joined.until_empty()
        words = [r.message for r in caplog.records if r.name == "edge_agent.forwarder"]
        assert len(words) == 2
        assert words[0].startswith("link to the ledger lost: ")
        assert words[1] == "link to the ledger back after 0 s, 0 records still to send"


async def test_an_idle_forwarder_sends_at_once_what_is_recorded(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        running = asyncio.create_task(joined.forwarder.run())
        async with asyncio.timeout(PATIENCE_S):
            for number in range(1, 4):
                await joined.thread.call(joined.journal.append, Lane.SCANS, [scan(number)])
                joined.forwarder.wake()
                while len(joined.ledger.records) < number:
                    await joined.thread.call(lambda: None)
        running.cancel()


async def test_a_ledger_that_is_not_there_costs_nothing_but_time(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        fill(joined.journal)
        await joined.ledger.stop()
        before = joined.journal.pending_records()
        with pytest.raises(LinkDown):
            await joined.forwarder.forward_once()
        assert joined.journal.pending_records() == before


async def test_a_link_that_fails_at_every_other_attempt_is_tried_soon_again_each_time(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        for number in range(40):
            joined.journal.append(Lane.READINGS, [reading(number)])
        forwarder = Forwarder(
            joined.journal, joined.thread, FlappingUplink(joined), joined.clock, random=random.Random(1).random,
            record=joined.take, retry_min_s=1e-6, retry_max_s=3_600, message_units_max=1,
        )  # fmt: skip
        running = asyncio.create_task(forwarder.run())
        async with asyncio.timeout(PATIENCE_S):  # the fortieth of pauses that only grow would last an hour
            while await joined.thread.call(joined.journal.pending_records):
                pass
        running.cancel()


async def test_a_slow_bucket_holds_back_the_past_but_neither_scans_nor_new_readings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with line(tmp_path, message_units_max=4, backfill_bytes_per_s=1000) as joined:
        for number in range(60):
            joined.journal.append(Lane.READINGS, [reading(number * 20 + i) for i in range(20)])
        total_bytes = sum(len(batch.raw) for batch in joined.journal.batches())
        while await joined.forwarder.forward_once():
            pass
        after_burst = joined.journal.pending_records()
        assert after_burst > 600, "most of the past has to wait"
        for number in range(5000, 5003):
            joined.journal.append(Lane.READINGS, [reading(number)])
            joined.journal.append(Lane.SCANS, [scan(number)])
            assert await joined.forwarder.forward_once()
            assert len(joined.ledger.messages[-1]) == 2, "the scan and the new reading, nothing of the past"
        assert joined.journal.pending_records() == after_burst
        sent_before_s = joined.clock.mono_s()
        while joined.journal.pending_records():
            joined.clock.advance(0.1)
            with suppress(LinkDown):
                while await joined.forwarder.forward_once():
                    pass
        took_s = joined.clock.mono_s() - sent_before_s
        assert 0.7 * total_bytes / 1000 < took_s + 2 < 1.5 * total_bytes / 1000 + 2
        assert len(joined.ledger.lines("readings")) == 1203
        assert joined.ledger.stored_twice == 0
    told = [r.getMessage() for r in caplog.records if "back-fill" in r.getMessage()]
    assert 5 <= len(told) <= 12
    assert "left" in told[0]
    assert told[-1].startswith("back-fill done: ")


async def test_a_running_forwarder_wakes_by_itself_when_the_bucket_allows_more(tmp_path: Path) -> None:
    async with line(tmp_path, backfill_bytes_per_s=10_000) as joined:
        clock = joined.clock

        async def tick() -> None:
            while True:
                await asyncio.sleep(0)
                clock.advance(0.01)

        ticking = asyncio.create_task(tick())
        for number in range(100):
            joined.journal.append(Lane.READINGS, [reading(number * 20 + i) for i in range(20)])
        await joined.until_empty()
        ticking.cancel()
        assert len(joined.ledger.lines("readings")) == 2000
        assert len(joined.ledger.messages) > 3


class TimedUplink:
    """The way to the ledger, over which a message takes so many seconds of the line's clock as it is told."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.takes_s = 0.0
        self.units: list[int] = []
        self.forged = ""

    async def send(self, units: Sequence[bytes]) -> tuple[Receipt, ...]:
        self.units.append(len(units))
        self._line.clock.advance(self.takes_s)
        return await self._line.uplink.send(units)

    async def close(self) -> None:
        await self._line.uplink.close()


class FlappingUplink(TimedUplink):
    """Fails at every other attempt, the first included."""

    async def send(self, units: Sequence[bytes]) -> tuple[Receipt, ...]:
        self.units.append(len(units))
        if len(self.units) % 2:
            raise LinkDown("the cable is loose")
        return await self._line.uplink.send(units)


async def test_messages_grow_while_the_ledger_is_quick_and_shrink_when_it_is_not(tmp_path: Path) -> None:
    async with line(tmp_path) as joined:
        batches = [(Lane.READINGS, [line_of(reading(number))]) for number in range(3_400)]
        joined.journal.adopt("many", [], lambda: [notice(START)], anew=batches)
        uplink = TimedUplink(joined)
        forwarder = Forwarder(
            joined.journal, joined.thread, uplink, joined.clock, random=random.Random(1).random, record=joined.take,
            retry_max_s=1,
        )  # fmt: skip
        for takes_s in (0.1, 0.1, 0.1, 3.0, 0.1, 0.1, 0.1):
            uplink.takes_s = takes_s
            await forwarder.forward_once()
        assert uplink.units == [200, 400, 800, 1000, 200, 400, 401]
