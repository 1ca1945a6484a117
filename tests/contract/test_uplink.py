"""What every uplink guarantees, whatever happens to it: each record is stored exactly once and the journal empties."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.domain.wire.records import Lane, Record
from edge_agent.domain.wire.wire import encode_record
from edge_agent.errors import LinkDown
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.base import Outcome
from edge_agent.uplink.forwarder import Forwarder
from tests.contract.ways import WAYS, MqttWay, Way, way_of
from tests.support.journal_parts import START, all_records, open_journal, reading, scan

PATIENCE_S = 60


class Line:
    """Journal, forwarder, uplink and ledger."""

    def __init__(self, journal: Journal, way: Way) -> None:
        self.journal = journal
        self.way = way
        self.thread = JournalThread()
        self.uplink = way.uplink()
        self.expected: dict[Lane, list[bytes]] = {lane: [] for lane in Lane}
        self.forwarder = Forwarder(
            journal, self.thread, self.uplink, ManualClock(START), random=random.Random(1).random, record=self._take,
            retry_min_s=0.01, retry_max_s=0.05, message_units_max=12,
        )  # fmt: skip

    async def _take(self, record: Record) -> None:
        raise AssertionError(f"there is no cause for an alarm: {record}")

    def fill(self, start: int, count: int = 20) -> None:
        for number in range(start, start + count):
            self._append(Lane.READINGS, [reading(number * 10 + i) for i in range(3)])
            if number % 3 == 0:
                self._append(Lane.SCANS, [scan(number)])

    def _append(self, lane: Lane, records: list[Record]) -> None:
        self.journal.append(lane, records)
        self.expected[lane] += [encode_record(record) for record in records]

    async def pending(self) -> int:
        return await self.thread.call(self.journal.pending_records)

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.forwarder.run())
        try:
            yield
            assert not running.done(), running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def until_all_is_delivered(self) -> None:
        async with self.forwarding():
            await until(self.is_empty)
        self.assert_all_is_stored_once()

    async def is_empty(self) -> bool:
        return await self.pending() == 0

    async def is_stored(self, count: int) -> bool:
        return len(self.way.ledger.records) >= count

    def assert_all_is_stored_once(self) -> None:
        ledger = self.way.ledger
        assert {lane: ledger.lines(lane) for lane in Lane} == self.expected
        assert (ledger.stored_twice, ledger.forged) == (0, 0)
        assert all_records(self.journal, "scans") == all_records(self.journal, "readings") == []


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - a journal in another thread has no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture(params=WAYS)
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    async with way_of(request.param, tmp_path) as way:
        joined = Line(open_journal(tmp_path / "journal"), way)
        yield joined
        await joined.uplink.close()
        joined.thread.close()
        joined.journal.close()


async def test_everything_is_delivered_over_a_connection_that_is_kept(line: Line) -> None:
    line.fill(1)
    await line.until_all_is_delivered()
    connections = line.way.relay.connections
    line.fill(100)
    await line.until_all_is_delivered()
    assert line.way.relay.connections == connections


async def test_a_server_that_is_killed_and_started_again_costs_nothing(line: Line) -> None:
    line.fill(1, 80)
    async with line.forwarding():
        await until(lambda: line.is_stored(20))
        await line.way.kill_server()
        assert await line.pending()
        await line.thread.call(lambda: line.fill(100))
        await line.way.restart_server()
        await until(line.is_empty)
    line.assert_all_is_stored_once()


async def test_without_the_ledger_nothing_counts_as_delivered(line: Line) -> None:
    line.fill(1)
    await line.way.ledger_goes()
    before = await line.pending()
    with pytest.raises(LinkDown):
        await line.forwarder.forward_once()
    assert await line.pending() == before
    await line.way.ledger_returns()
    await line.until_all_is_delivered()


@pytest.mark.parametrize("fault", ["twice", "reversed", "garbage", "foreign", "html", "drop"])
async def test_a_ledger_that_misbehaves_makes_no_difference(line: Line, fault: str) -> None:
    line.fill(1)
    await line.way.misbehave(*[fault] * 3)
    await line.until_all_is_delivered()
    assert line.way.faults_left == [], "the ledger did misbehave"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_link_that_is_cut_at_any_byte_makes_no_difference(line: Line, seed: int) -> None:
    chance = random.Random(seed)
    line.way.relay.budgets = [chance.randrange(1, 4000) for _ in range(10)]
    line.fill(1, 120)
    await line.until_all_is_delivered()
    assert line.way.relay.budgets == [], "the link was cut"


async def test_a_half_open_link_is_given_up_and_made_anew(line: Line) -> None:
    line.fill(1)
    await line.forwarder.forward_once()
    connections = line.way.relay.connections
    line.way.relay.forget_connections()
    await line.until_all_is_delivered()
    assert line.way.relay.connections == connections + 1


async def test_a_send_that_is_cancelled_anywhere_can_be_repeated(line: Line) -> None:
    line.fill(1)
    units = [batch.raw for batch in line.journal.pending(Lane.READINGS, bytes_max=10**6, batches_max=12)]
    for steps in (0, 1, 2, 3, 5, 8, 13, 21, 34):
        sending = asyncio.create_task(line.uplink.send(units))  # type: ignore[arg-type]
        for _ in range(steps):
            await asyncio.sleep(0)
        sending.cancel()
        # A broker that has not answered the last ones yet may be told no more: that is a lost link, tried again.
        with suppress(asyncio.CancelledError, LinkDown):
            await sending
    await line.until_all_is_delivered()


async def test_receipts_say_stored_first_and_duplicate_ever_after(line: Line) -> None:
    line.fill(1, 4)
    units = [batch.raw for batch in line.journal.pending(Lane.READINGS, bytes_max=10**6, batches_max=12)]
    first = await line.uplink.send(units)
    second = await line.uplink.send(units)
    assert {receipt.outcome for receipt in first} == {Outcome.STORED}
    assert {receipt.outcome for receipt in second} == {Outcome.DUPLICATE}
    assert len(first) == len(second) == len(units)
    await line.until_all_is_delivered()


async def test_closing_leaves_nothing_behind(line: Line) -> None:
    line.fill(1)
    await line.until_all_is_delivered()
    await line.uplink.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("mqtt mqtt://")]
    await line.uplink.close()


@pytest.mark.parametrize("line", [way for way in WAYS if way != "https"], indirect=True)
async def test_a_database_that_is_down_gives_no_receipts_until_it_is_back(line: Line) -> None:
    assert isinstance(line.way, MqttWay)
    line.fill(1)
    line.way.store.is_down = True
    with pytest.raises(LinkDown, match="no receipt from the ledger"):
        await line.forwarder.forward_once()
    assert line.way.store.calls == 5, "no more are on their way without a receipt than inflight_max"
    line.way.store.is_down = False
    await line.until_all_is_delivered()
