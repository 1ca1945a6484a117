"""Particle counters: every sample once, in order, with its own time; and nothing that is not a sample."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config.model import CounterSection
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality, Reading, Record
from edge_agent.drivers.modbus.bus import Bus, BusDevice
from edge_agent.drivers.modbus.pdu import Request, Write, pdu_of, words_of
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.drivers.particles.counter_decode import CounterSample, judged, number, requests_for, sample_of
from edge_agent.drivers.particles.particle_counter import RECORDS_PER_POLL, CounterExchange, CounterMemory
from edge_agent.drivers.particles.profile_counter import Cell, CounterProfile
from edge_agent.errors import DeviceLost, DeviceRefused
from edge_agent.simulators.particle_counter import SimulatedCounter
from edge_agent.timekeeping.clock import ManualClock

START = datetime(2026, 5, 1, tzinfo=UTC)
SETTINGS = CounterSection(sizes_um=(0.5, 5.0), flow_l_per_min=28.3168, sample_s=60)
SETTLE_S = 10.0
FAMILIES = ("lighthouse", "pms-airnet2", "metone-6000")
QUEUES = ("lighthouse", "pms-airnet2")
BITS = {
    "lighthouse": ("laser fault", "flow fault", "particle overflow", "service needed", "sampler error"),
    "pms-airnet2": ("the packet status is not zero (flow, laser or calibration)",),
    "metone-6000": ("the record's status is not zero",),
}


class Wire:
    """A line in simulated time with one counter on it."""

    endpoint = "line"
    is_open = False

    def __init__(self, counter: SimulatedCounter, clock: ManualClock) -> None:
        self.counter = counter
        self.clock = clock
        self.is_cut = False
        self.asked = 0

    async def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        return words_of(self._answer(pdu_of(request)), request)

    async def write(self, unit: int, write: Write) -> None:
        self._answer(pdu_of(write))

    def _answer(self, pdu: bytes) -> bytes:
        self.asked += 1
        self.clock.advance(0.02)
        if self.is_cut:
            raise DeviceLost("line", "no answer")
        answer = self.counter.reply(pdu)
        if answer[0] & 0x80:
            raise DeviceRefused("line", answer[1], f"exception {answer[1]} to {pdu.hex(' ')}")
        return answer


class Stop(Exception):
    """The bench has seen enough."""


class Room:
    """A counter on a bus, in simulated time; :meth:`poll` lets the bus poll it once."""

    def __init__(self, family: str, folder: Path, settings: CounterSection = SETTINGS) -> None:
        self.clock = ManualClock(START)
        self.family = family
        self.settings = settings
        self.profile = load_profile(family)
        self.order = "low_first" if family == "metone-6000" else None
        self.counter = SimulatedCounter(self.profile, 1, self.own_time, word_order=self.order)  # type: ignore[arg-type]
        self.clock_error_s = -3600
        self.memory = folder / "memory.json"
        self.records: list[Record] = []
        self.switch_on()

    def own_time(self) -> int:
        """What the counter's own clock says: an hour behind."""
        return int((self.clock.now() + timedelta(seconds=self.clock_error_s)).timestamp())

    def switch_on(self) -> None:
        """The gateway starts (again)."""
        self.wire = Wire(self.counter, self.clock)
        assert self.profile.counter is not None
        exchange = CounterExchange(
            self.profile,
            self.profile.counter,
            Variant(word_order=self.order),  # type: ignore[arg-type]
            self.settings,
            CounterMemory(self.memory),
            self.clock,
            SETTLE_S,
        )
        device = BusDevice(DeviceName("room/counter"), 1, self.profile, 10, exchange=exchange)
        self.bus = Bus("line", self.wire, [device], self.clock, sleep=self._sleep)

    async def _sleep(self, duration_s: float) -> None:
        if duration_s > 1:
            raise Stop
        self.clock.advance(duration_s)

    async def poll(self) -> list[Reading]:
        """What one poll brings, ten seconds after the last one."""
        before = len(self.records)
        self.clock.advance(10)

        async def emit(record: Record) -> None:
            self.records.append(record)

        with pytest.raises(Stop):
            await self.bus.run(emit)
        return [record for record in self.records[before:] if isinstance(record, Reading)]

    async def polls(self, times: int) -> list[Reading]:
        return [reading for _ in range(times) for reading in await self.poll()]

    def finish(self, *counts: int, after_s: float = 60, **more: object) -> None:
        self.clock.advance(after_s)
        self.counter.finish(counts, **more)  # type: ignore[arg-type]


@pytest.fixture(params=FAMILIES)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    return Room(request.param, tmp_path)


async def test_a_sample_becomes_one_reading_with_its_own_time(room: Room) -> None:
    room.finish(100, 1)
    ended = room.clock.now()
    (reading,) = await room.polls(3)
    assert reading.quality is Quality.GOOD
    assert abs((reading.stamp.at - ended).total_seconds()) < 1.5
    assert {key: value for key, value in reading.values.items() if key != "calibration_left_d"} == {
        "particles_0_5_um_per_m3": pytest.approx(3531.473, abs=0.001),
        "particles_5_um_per_m3": pytest.approx(35.315, abs=0.001),
        "particles_0_5_um_count": 100,
        "particles_0_5_um_band_count": 99,
        "particles_5_um_count": 1,
        "particles_5_um_band_count": 1,
        "sampled_l": 28.3168,
        "sample_ended_unix_s": int(ended.timestamp()) - 3600,
    }
    assert 0 <= reading.stamp.mono_ms <= room.clock.mono_s() * 1000


async def test_an_empty_queue_is_never_a_clean_room(room: Room) -> None:
    readings = await room.polls(5)
    assert not [reading for reading in readings if reading.quality is Quality.GOOD]
    assert all("has no time" in reading.detail for reading in readings)


async def test_a_sample_without_particles_is_a_sample(room: Room) -> None:
    room.finish(0, 0)
    (reading,) = await room.poll()
    assert reading.values["particles_0_5_um_per_m3"] == 0


@pytest.mark.parametrize(("family", "bit"), [(family, bit) for family in FAMILIES for bit in BITS[family]])
async def test_a_sample_that_the_counter_itself_disowns_is_a_fault(family: str, bit: str, tmp_path: Path) -> None:
    room = Room(family, tmp_path)
    room.finish(0, 0, spoilt=(bit,))
    (reading,) = await room.poll()
    assert (reading.quality, reading.values) == (Quality.FAULT, {})
    assert bit in reading.detail
    room.finish(7, 1)
    assert [r.quality for r in await room.polls(4)] == [Quality.GOOD]


async def test_a_sample_of_another_length_is_a_fault(room: Room) -> None:
    room.finish(0, 0, sample_s=6)
    (reading,) = await room.poll()
    assert reading.quality is Quality.FAULT and "took 6 s instead of 60 s" in reading.detail


async def test_counts_that_are_not_cumulative_are_a_fault(room: Room) -> None:
    room.finish(1, 100)
    (reading,) = await room.poll()
    assert reading.quality is Quality.FAULT and "not cumulative" in reading.detail


@pytest.mark.parametrize("family", QUEUES)
async def test_a_flow_that_does_not_fit_the_type_plate_is_a_fault(family: str, tmp_path: Path) -> None:
    room = Room(family, tmp_path)
    room.counter.flow_l_per_min = 2.83
    room.finish(0, 0)
    (reading,) = await room.poll()
    assert reading.quality is Quality.FAULT and "the flow was 2.83 l/min instead of 28.3168" in reading.detail


async def test_a_device_fault_keeps_samples_until_it_is_over(room: Room) -> None:
    assert room.profile.counter is not None
    says = next(check.says for check in room.profile.counter.check if check.of == "device")
    room.counter.broken = (says,)
    room.finish(5, 0)
    assert [(r.quality, r.detail) for r in await room.polls(2)] == [(Quality.FAULT, f"particles: {says}")] * 2
    room.counter.broken = ()
    assert [r.quality for r in await room.polls(2)] == [Quality.GOOD]


async def test_a_counter_that_stands_still_says_so_and_is_left_alone(room: Room) -> None:
    room.counter.is_running = False
    readings = await room.polls(2)
    assert [r.quality for r in readings[:1]] == [Quality.FAULT] and "keep_running = true" in readings[0].detail
    assert room.counter.writes == []


async def test_a_counter_may_be_started_when_the_configuration_allows_it(room: Room, tmp_path: Path) -> None:
    room.settings = SETTINGS.model_copy(update={"keep_running": True})
    room.switch_on()
    room.counter.is_running = False
    readings = await room.polls(2)
    assert "has been started" in readings[0].detail
    assert room.counter.is_running and len(room.counter.writes) == 1


async def test_silence_becomes_stale(room: Room) -> None:
    room.finish(5, 0)
    await room.poll()
    room.clock.advance(3 * 60 + 61)
    (reading,) = await room.poll()
    assert reading.quality is Quality.STALE and "no new sample for" in reading.detail


@pytest.mark.parametrize("family", QUEUES)
async def test_samples_of_an_outage_come_later_each_once_in_order_with_their_times(family: str, tmp_path: Path) -> None:
    room = Room(family, tmp_path)
    room.finish(1, 0)
    await room.polls(3)
    room.wire.is_cut = True
    await room.polls(2)
    ended = []
    for number_ in range(2, 27):
        room.finish(number_, 0)
        ended.append(room.clock.now())
    room.wire.is_cut = False
    room.switch_on()
    readings = [reading for reading in await room.polls(60) if reading.quality is not Quality.STALE]
    assert [r.values["particles_0_5_um_count"] for r in readings] == list(range(2, 27))
    times = [abs((r.stamp.at - at).total_seconds()) for r, at in zip(readings, ended, strict=True)]
    assert max(times) < 1.5


async def test_a_long_backlog_comes_in_portions(tmp_path: Path) -> None:
    room = Room("lighthouse", tmp_path)
    room.finish(1, 0)
    await room.poll()
    for _ in range(25):
        room.finish(2, 0)
    assert [len(await room.poll()) for _ in range(4)] == [RECORDS_PER_POLL, RECORDS_PER_POLL, 5, 0]


async def test_a_full_buffer_that_moves_its_records_gives_each_once(tmp_path: Path) -> None:
    room = Room("lighthouse", tmp_path)
    room.counter.records_max = 20
    counts = []
    for number_ in range(40):
        room.finish(number_, 0)
        counts += [r.values["particles_0_5_um_count"] for r in await room.poll()]
    assert counts == list(range(40))


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_restart_resumes_without_reading_a_sample_again(family: str, tmp_path: Path) -> None:
    room = Room(family, tmp_path)
    room.finish(1, 0)
    await room.polls(4)
    room.switch_on()
    assert await room.polls(2) == []
    room.finish(2, 0)
    assert [r.values["particles_0_5_um_count"] for r in await room.polls(4)] == [2]


async def test_a_crash_before_the_journal_has_the_sample_reads_it_again(room: Room) -> None:
    room.finish(1, 0)
    (first,) = await room.poll()
    assert not room.memory.exists()
    room.switch_on()
    (again,) = await room.poll()
    assert again.values["sample_ended_unix_s"] == first.values["sample_ended_unix_s"]


async def test_a_head_is_only_taken_from_the_queue_once_it_is_in_the_journal(tmp_path: Path) -> None:
    room = Room("pms-airnet2", tmp_path)
    room.finish(1, 0)
    room.finish(2, 0, after_s=0)
    room.counter.records[1] = room.counter.records[1].__class__(room.own_time() + 1, (2, 0))
    await room.poll()
    assert room.counter.writes == []
    readings = await room.polls(3)
    assert [r.values["particles_0_5_um_count"] for r in readings] == [2]
    assert room.counter.writes[0] == (5, 1, 0)


async def test_a_counters_clock_that_is_set_back_loses_no_new_sample(tmp_path: Path) -> None:
    room = Room("lighthouse", tmp_path)
    room.finish(1, 0)
    await room.poll()
    room.clock_error_s -= 7200
    room.finish(2, 0)
    room.finish(3, 0)
    assert [r.values["particles_0_5_um_count"] for r in await room.polls(2)] == [3]
    room.finish(4, 0)
    assert [r.values["particles_0_5_um_count"] for r in await room.polls(2)] == [4]


async def test_a_time_that_does_not_fit_the_counters_clock_is_a_fault(room: Room) -> None:
    room.finish(1, 0)
    room.clock_error_s -= 7200
    (reading,) = await room.poll()
    assert reading.quality is Quality.FAULT and "does not fit the counter's own clock" in reading.detail


async def test_a_damaged_memory_is_no_reason_to_fail(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    room.memory.write_text('{"ended_unix_s": ')
    room.switch_on()
    room.finish(1, 0)
    assert len(await room.poll()) == 1
    assert "cannot be read" in caplog.text
    await room.polls(3)
    assert "ended_unix_s" in json.loads(room.memory.read_text())


async def test_days_until_calibration_are_told_and_an_overdue_one_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room("metone-6000", tmp_path)
    room.counter.calibration_due = START - timedelta(days=3)
    for _ in range(2):
        room.finish(1, 0)
        (reading,) = await room.poll()
        assert reading.values["calibration_left_d"] == -3
    assert caplog.text.count("was due on 2026-04-28") == 1


def counter_of(family: str) -> CounterProfile:
    counter = load_profile(family).counter
    assert counter is not None
    return counter


def test_a_lighthouse_record_as_the_manuals_number_its_registers() -> None:
    """30001 time, 30003 sample time, 30007 status, 30009 and 30011 the first two sizes; the high word is first."""
    wire = {
        (4, 30001 - 30001): 0x6543, (4, 30002 - 30001): 0x2100, (4, 30003 - 30001): 0, (4, 30004 - 30001): 60,
        (4, 30007 - 30001): 0, (4, 30008 - 30001): 6, (4, 30009 - 30001): 1, (4, 30010 - 30001): 2,
        (4, 30011 - 30001): 0, (4, 30012 - 30001): 3, (3, 40023 - 40001): 100,
    }  # fmt: skip
    sample = sample_of(counter_of("lighthouse"), wire, "high_first", 2)
    assert sample.ended_unix_s == 0x65432100 and sample.sample_s == 60 and sample.counts == (65538, 3)
    assert sample.flow_l_per_min == pytest.approx(28.3168)
    assert sample.faults == ("flow fault", "particle overflow")  # "flow + overflow = 6"


def test_an_airnet_record_as_the_manual_numbers_its_registers() -> None:
    wire = {(4, at): 0 for at in range(300)}
    wire |= {(4, 215): 0x6543, (4, 216): 0x2100, (4, 218): 6000, (4, 222): 10, (4, 224): 10, (4, 229): 7, (4, 231): 2}
    sample = sample_of(counter_of("pms-airnet2"), wire, "high_first", 2)
    assert (sample.ended_unix_s, sample.sample_s, sample.counts) == (0x65432100, 60.0, (7, 2))
    assert sample.flow_l_per_min == sample.volume_l == pytest.approx(28.3168)
    assert sample.faults == ()


def test_a_met_one_record_with_packed_times_and_the_word_order_that_was_proven() -> None:
    wire = {(3, at): 0 for at in range(800)}
    wire |= {(3, 500): 2026, (3, 501): 5 << 8 | 1, (3, 502): 13, (3, 503): 30 << 8 | 15, (3, 505): 1 << 8}
    wire |= {(3, 511): 7, (3, 512): 1, (3, 513): 2}
    counter = counter_of("metone-6000")
    low, high = (sample_of(counter, wire, order, 2) for order in ("low_first", "high_first"))  # type: ignore[arg-type]
    assert low.ended_unix_s == datetime(2026, 5, 1, 13, 30, 15, tzinfo=UTC).timestamp()
    assert low.sample_s == 60 and low.counts == (65543, 2)
    assert high.counts == (458753, 131072)


@pytest.mark.parametrize("words", [(0, 0, 0, 0), (2026, 13 << 8 | 1, 0, 0), (2026, 2 << 8 | 30, 0, 0)])
def test_a_packed_time_that_is_none_is_no_time(words: tuple[int, ...]) -> None:
    cell = Cell(function=3, address=0, type="packed_time")
    assert number(cell, {(3, at): word for at, word in enumerate(words)}, None) == 0


def test_a_whole_record_comes_in_one_request_per_function() -> None:
    for family, functions in {"lighthouse": [3, 4], "pms-airnet2": [4], "metone-6000": [3]}.items():
        profile = load_profile(family)
        assert profile.counter is not None
        assert [request.function for request in requests_for(profile, profile.counter.record_cells())] == functions


def test_zeros_all_over_are_never_good() -> None:
    assert judged(CounterSample(0, 0, (0, 0)), SETTINGS, 0).values == {}
    assert judged(CounterSample(0, 60, (0, 0)), SETTINGS, 1_700_000_000).values == {}


@given(st.sampled_from(FAMILIES), st.data())
def test_no_registers_whatever_make_a_sample_that_is_good_and_impossible(family: str, data: st.DataObject) -> None:
    profile = load_profile(family)
    counter = profile.counter
    assert counter is not None
    words = st.sampled_from([0, 0, 0, 1, 60, 6000, 0x6955, 0x7FC0, 0xFFFF]) | st.integers(0, 0xFFFF)
    contents = {
        (request.function, at): data.draw(words)
        for request in requests_for(profile, (*counter.device_cells(), *counter.record_cells()))
        for at in range(request.address, request.address + request.count)
    }
    order = profile.link.word_order or data.draw(st.sampled_from(["low_first", "high_first"]))
    sample = sample_of(counter, contents, order, len(SETTINGS.sizes_um))  # type: ignore[arg-type]
    clock_unix_s = int(number(counter.clock, contents, order))  # type: ignore[arg-type]
    judgement = judged(sample, SETTINGS, clock_unix_s)
    if judgement.quality is Quality.GOOD:
        assert sample.ended_unix_s > 0 and sample.sample_s == SETTINGS.sample_s and not sample.faults
        assert sample.counts[0] >= sample.counts[1] >= 0
        assert sample.ended_unix_s <= clock_unix_s + 60
    else:
        assert judgement.values == {}


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 120), st.integers(-7200, 7200))
def test_a_sample_is_good_exactly_when_counts_length_and_time_fit(
    large: int, more: int, took_s: int, age_s: int
) -> None:
    clock_unix_s = 1_800_000_000
    sample = CounterSample(clock_unix_s - age_s, took_s, (large + more, large))
    good = judged(sample, SETTINGS, clock_unix_s)
    assert (good.quality is Quality.GOOD) == (took_s == SETTINGS.sample_s and age_s >= -60)
    turned = judged(CounterSample(clock_unix_s, 60, (large, large + more + 1)), SETTINGS, clock_unix_s)
    assert (turned.quality, turned.values) == (Quality.FAULT, {})
