"""When a bus polls, and how it leaves alone what does not answer; in simulated time, over a scripted line."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record
from edge_agent.drivers.modbus.bus import CLOSED, Bus, BusDevice, next_due_s
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.poll_exchange import BusFinding
from edge_agent.drivers.modbus.poll_exchange import SharedLine as BusLine
from edge_agent.drivers.modbus.profile import load_profile, parse_profile
from edge_agent.errors import DeviceLost
from edge_agent.timekeeping.clock import ManualClock

PROFILE = load_profile("xy-md02")
TWO_REQUESTS = parse_profile(
    """
name = "far-apart"
title = "two values far apart"
notes = "firmware_notes/xy-md02.md"
link = { function = 3, unit = 1, registers_max = 2, pause_s = 0.5 }
metric = [
  { name = "temp_c", address = 1, type = "int16", min = -100, max = 100 },
  { name = "rh_pct", address = 100, type = "int16", min = 0, max = 100 },
]
""",
    "far-apart",
    "far-apart.toml",
)


class SharedLine:
    """A line in simulated time: answers take ``answer_s``, and nothing comes from the units in ``dead``."""

    endpoint = "line"

    def __init__(self, clock: ManualClock, answer_s: float = 0.1, timeout_s: float = 1.0) -> None:
        self.clock = clock
        self.answer_s = answer_s
        self.timeout_s = timeout_s
        self.dead: set[int] = set()
        self.is_open = False
        self.is_there = True
        self.asked: list[tuple[float, int, Request]] = []
        self.opened: list[float] = []

    async def open(self) -> None:
        self.opened.append(self.clock.mono_s())
        if not self.is_there:
            raise DeviceLost(self.endpoint, "nobody there")
        self.is_open = True

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        self.asked.append((round(self.clock.mono_s(), 3), unit, request))
        if unit in self.dead or not self.is_there:
            self.clock.advance(self.timeout_s)
            raise DeviceLost(self.endpoint, "no answer")
        self.clock.advance(self.answer_s)
        return (50,) * request.count

    def close(self) -> None:
        self.is_open = False

    def times(self, unit: int) -> list[float]:
        return [at for at, asked, _ in self.asked if asked == unit]


class Bench:
    """A bus on a line, run until a simulated time; ``events`` happen on the way."""

    def __init__(self, *devices: BusDevice, answer_s: float = 0.1) -> None:
        self.clock = ManualClock(datetime(2026, 5, 1, tzinfo=UTC))
        self.line = SharedLine(self.clock, answer_s)
        self.bus = Bus("line-1", self.line, devices, self.clock, retry_max_s=60, sleep=self.sleep)
        self.records: list[Record] = []
        self.events: list[tuple[float, Callable[[], None]]] = []
        self.until_s = 0.0

    async def sleep(self, duration_s: float) -> None:
        self.clock.advance(duration_s)
        while self.events and self.events[0][0] <= self.clock.mono_s():
            self.events.pop(0)[1]()
        if self.clock.mono_s() > self.until_s:
            raise asyncio.CancelledError
        await asyncio.sleep(0)

    async def emit(self, record: Record) -> None:
        self.records.append(record)

    async def run(self, until_s: float) -> None:
        self.until_s = until_s
        with pytest.raises(asyncio.CancelledError):
            await self.bus.run(self.emit)

    def notices(self) -> list[tuple[NoticeKind, str, float]]:
        return [(r.notice, r.subject, r.stamp.mono_ms / 1000) for r in self.records if isinstance(r, Notice)]

    def qualities(self, device: str) -> list[Quality]:
        return [r.quality for r in self.records if isinstance(r, Reading) and r.device == device]


def device(unit: int, poll_s: float = 10.0) -> BusDevice:
    return BusDevice(DeviceName(f"d{unit}"), unit, PROFILE, poll_s)


async def test_each_device_is_polled_when_it_is_due() -> None:
    bench = Bench(device(1, 10), device(2, 25))
    await bench.run(60)
    assert bench.line.times(1) == pytest.approx([0, 10, 20, 30, 40, 50, 60])
    assert bench.line.times(2) == pytest.approx([0.12, 25, 50.12], abs=0.001)


async def test_a_bus_that_cannot_keep_up_skips_polls_and_serves_everybody() -> None:
    bench = Bench(device(1, 1), device(2, 1), device(3, 1), answer_s=0.8)
    await bench.run(60)
    counts = [len(bench.line.times(unit)) for unit in (1, 2, 3)]
    assert sum(counts) == pytest.approx(60 / 0.82, abs=2)
    assert max(counts) - min(counts) <= 6
    starts = [at for at, _, _ in bench.line.asked]
    assert min(b - a for a, b in itertools.pairwise(starts)) >= 0.8


async def test_a_stalled_journal_does_not_make_the_bus_catch_up() -> None:
    bench = Bench(device(1, 10))
    emit = bench.emit

    async def stall_once(record: Record) -> None:
        if not bench.records:
            bench.clock.advance(95)
        await emit(record)

    bench.emit = stall_once  # type: ignore[method-assign]
    await bench.run(130)
    assert bench.line.times(1) == pytest.approx([0, 100, 110, 120, 130])


async def test_a_dead_device_costs_one_time_out_per_growing_pause_and_the_other_keeps_its_times() -> None:
    bench = Bench(device(1, 10), device(2, 10))
    bench.line.dead = {1}
    await bench.run(300)
    assert bench.line.times(1) == pytest.approx([0, 10, 31, 72, 133, 194, 255])
    assert bench.qualities("d1") == [Quality.TIMEOUT] * 7
    assert len(bench.line.times(2)) >= 30
    assert max(at % 10 for at in bench.line.times(2)) <= 1.3
    assert bench.notices() == [(NoticeKind.DEVICE_LOST, "d1", 11.0)]


async def test_one_missed_answer_is_a_time_out_but_not_a_loss() -> None:
    bench = Bench(device(1, 10), device(2, 10))
    bench.line.dead = {1}
    bench.events = [(5, bench.line.dead.clear)]
    await bench.run(40)
    assert bench.qualities("d1") == [Quality.TIMEOUT] + [Quality.GOOD] * 4
    assert bench.notices() == []


async def test_a_device_that_comes_back_tells_how_long_it_was_away_and_is_polled_as_before() -> None:
    bench = Bench(device(1, 10), device(2, 10))
    bench.line.dead = {1}
    bench.events = [(60, bench.line.dead.clear)]
    await bench.run(120)
    assert [kind for kind, _, _ in bench.notices()] == [NoticeKind.DEVICE_LOST, NoticeKind.DEVICE_BACK]
    back = [record for record in bench.records if isinstance(record, Notice)][1]
    assert back.text == "d1 is back after 71.1 s"
    assert back.data == {"bus": "line-1", "lost_s": 71.1}
    after = [at for at in bench.line.times(1) if at > 70]
    assert len(after) == 5 and max(b - a for a, b in itertools.pairwise(after)) <= 10.3


async def test_an_endpoint_that_is_away_is_not_tried_for_each_device_and_all_return_at_once() -> None:
    devices = [*(device(unit, 10) for unit in range(1, 5)), device(5, 150)]
    bench = Bench(*devices)
    bench.line.is_there = False

    def comes_back() -> None:
        bench.line.is_there = True

    bench.events = [(500, comes_back)]
    await bench.run(620)
    tries = [at for at in bench.line.opened if at < 500]
    assert len(tries) < 15
    assert [kind for kind, _, _ in bench.notices()] == [NoticeKind.DEVICE_LOST] * 5 + [NoticeKind.DEVICE_BACK] * 5
    backs = [at for kind, _, at in bench.notices() if kind is NoticeKind.DEVICE_BACK]
    assert max(backs) - min(backs) < 2
    assert all(Quality.TIMEOUT in bench.qualities(d.name) for d in devices)


async def test_the_pause_of_the_model_is_kept_between_its_requests() -> None:
    bench = Bench(BusDevice(DeviceName("d1"), 1, TWO_REQUESTS, 10))
    await bench.run(5)
    assert [(at, request.address) for at, _, request in bench.line.asked] == [(0.0, 1), (0.6, 100)]


async def test_stopping_closes_the_line() -> None:
    bench = Bench(device(1, 10))
    await bench.run(5)
    assert not bench.line.is_open


@given(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0.1, 1e4))
def test_the_next_due_time_is_ahead_and_less_than_one_poll_away(due_s: float, late_s: float, poll_s: float) -> None:
    now_s = due_s + late_s
    next_s = next_due_s(due_s, now_s, poll_s)
    assert now_s - 1e-6 <= next_s <= now_s + poll_s * (1 + 1e-9) + 1e-6


def test_pauses_grow_to_their_limit_and_never_beyond() -> None:
    breaker, pauses = CLOSED, []
    for at_s in range(60):
        breaker = breaker.failed(float(at_s))
        pauses.append(breaker.pause_s(10, 60))
    assert pauses[:5] == [10, 20, 40, 60, 60] and set(pauses[3:]) == {60}
    assert breaker.since_s == 0.0
    assert breaker.pause_s(300, 60) == 300


async def test_nine_of_ten_slaves_keep_their_polls_while_one_is_dead() -> None:
    counts = []
    for dead in (set(), {1}):
        bench = Bench(*(device(unit, 10) for unit in range(1, 11)))
        bench.line.dead = dead
        await bench.run(3600)
        counts.append([len(bench.line.times(unit)) for unit in range(2, 11)])
        late_s = [at - 10 * poll for unit in range(2, 11) for poll, at in enumerate(bench.line.times(unit))]
    healthy, beside_dead = counts
    assert min(b / h for b, h in zip(beside_dead, healthy, strict=True)) >= 0.95
    assert sum(beside_dead) >= 0.99 * sum(healthy)
    assert max(late_s) <= 1.1 + 10 * 0.13  # one time-out, and one round of the bus


async def test_a_device_that_never_ends_loses_its_poll_and_not_its_neighbours() -> None:
    class Endless:
        async def __call__(self, line: BusLine) -> Sequence[BusFinding]:
            while True:
                await line.read(Request(4, 1, 1))

    endless = BusDevice(DeviceName("d1"), 1, PROFILE, 10, exchange=Endless())
    bench = Bench(endless, device(2, 10))
    await bench.run(60)
    assert bench.qualities("d1")[0] is Quality.TIMEOUT
    assert "took longer than 5 s for one poll" in next(r.detail for r in bench.records if isinstance(r, Reading))
    assert len(bench.line.times(2)) == 7
    assert max(at % 10 for at in bench.line.times(2)) <= 5.3
