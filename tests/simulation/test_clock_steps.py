"""The wall clock of a real agent process is stepped to and fro under it: nothing stops, storms, reorders or is lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from edge_agent.buffer.reader import JournalReader
from edge_agent.domain.wire.records import Notice, Reading
from edge_agent.domain.wire.wire import decode_record
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.simulators.modbus import ModbusTcpSimulator, SimulatedDevice
from edge_agent.uplink.identity import Identity
from tests.simulation.agent_process import PATIENCE_S, AgentProcess, write_config
from tests.support.faketime import FakeWall
from tests.support.small_ledger import Ledger

DAY_S = 86_400
POLL_S = 0.1


def room() -> ModbusTcpSimulator:
    return ModbusTcpSimulator([SimulatedDevice(load_profile("xy-md02"), 1, lambda: {"temp_c": 5.0, "rh_pct": 40.0})])


def readings(ledger: Ledger) -> list[Reading]:
    return [r for line in ledger.lines("readings") if isinstance(r := decode_record(line), Reading)]


def notices(ledger: Ledger, kind: str) -> list[Notice]:
    found = [decode_record(line) for line in ledger.lines("scans")]
    return [r for r in found if isinstance(r, Notice) and r.notice == kind]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - the ledger stand-in has no event to wait for
            await asyncio.sleep(0.02)


async def until_more_readings(ledger: Ledger, count: int = 5) -> None:
    enough = len(ledger.lines("readings")) + count
    await until(lambda: len(ledger.lines("readings")) >= enough)


def assert_polled_evenly(records: list[Reading]) -> None:
    """In the order of their numbers, no silence and no storm, by the monotonic clock."""
    gaps_s = [(after.stamp.mono_ms - before.stamp.mono_ms) / 1000 for before, after in pairwise(records)]
    assert min(gaps_s) > 0, "order is that of recording"
    assert max(gaps_s) < 2.5, "polling never stopped"
    whole_s = (records[-1].stamp.mono_ms - records[0].stamp.mono_ms) / 1000
    assert len(records) <= whole_s / POLL_S + 2, "no storm of polls"


def assert_complete(ledger: Ledger, data_dir: Path) -> None:
    """Every number the journal ever gave is at the ledger, once, and nothing waits."""
    with JournalReader.open(data_dir / "journal") as reader:
        heads = {lane.lane.value: lane.last_seq for lane in reader.status().lanes}
        assert reader.pending_records() == 0
    for lane, last in heads.items():
        assert sorted(seq for _, its_lane, seq in ledger.records if its_lane == lane) == list(range(1, last + 1))
    assert (ledger.stored_twice, ledger.forged) == (0, 0)


async def test_steps_by_a_day_to_and_fro_neither_stop_polling_nor_lose_nor_reorder_anything(tmp_path: Path) -> None:
    ledger = await Ledger(Identity.load_or_make(tmp_path / "data").verify).start()
    wall = FakeWall(tmp_path / "wall")
    async with room() as simulator:
        config = write_config(tmp_path, url=ledger.url, modbus_port=simulator.port, poll_s=POLL_S)
        agent = await AgentProcess.start(config, wall)
        await until_more_readings(ledger)
        steps = [-DAY_S, 0, DAY_S, -DAY_S, 3650 * DAY_S, 0]
        for number, offset_s in enumerate(steps, start=1):
            wall.step_to(offset_s)
            await until_more_readings(ledger)
            await until(lambda number=number: len(notices(ledger, "clock")) >= number)  # type: ignore[misc]
        await agent.stop()
    await ledger.stop()
    assert_complete(ledger, tmp_path / "data")
    assert_polled_evenly(readings(ledger))
    told = notices(ledger, "clock")
    expected = [after - before for before, after in pairwise([0, *steps])]
    assert [round(int(str(n.data["offset_ms"])) / 1000) for n in told] == expected
    assert {n.data["cause"] for n in told} == {"step"}
    on_yesterday = [r for r in readings(ledger) if r.stamp.at < datetime.now(UTC) - timedelta(hours=20)]
    assert on_yesterday, "the process did see the stepped clock"


async def test_records_are_unsynced_until_the_clock_is_and_one_notice_then_gives_the_offset(tmp_path: Path) -> None:
    ledger = await Ledger(Identity.load_or_make(tmp_path / "data").verify).start()
    wall = FakeWall(tmp_path / "wall", -36 * 365 * DAY_S)  # a Pi without a battery wakes up long ago
    mark = tmp_path / "synchronized"
    clock = f'[clock]\nsource = "file"\nsynced_file = "{mark}"\n'
    async with room() as simulator:
        config = write_config(tmp_path, url=ledger.url, modbus_port=simulator.port, poll_s=POLL_S, more=clock)
        agent = await AgentProcess.start(config, wall)
        await until_more_readings(ledger)
        wall.step_to(0)
        mark.touch()
        await until(lambda: any(n.data["cause"] == "synced" for n in notices(ledger, "clock")))
        await until_more_readings(ledger)
        await agent.stop()
    await ledger.stop()
    assert_complete(ledger, tmp_path / "data")
    assert_polled_evenly(readings(ledger))
    (notice,) = [n for n in notices(ledger, "clock") if n.data["cause"] == "synced"]
    assert round(int(str(notice.data["offset_ms"])) / 1000) == 36 * 365 * DAY_S
    early = [r for r in readings(ledger) if r.stamp.at.year < 2000]
    assert early and not any(r.stamp.synced for r in early)
    assert readings(ledger)[-1].stamp.synced
    base_ms = int(str(notice.data["wall_minus_mono_ms"]))
    for record in early:
        corrected = datetime.fromtimestamp((record.stamp.mono_ms + base_ms) / 1000, UTC)
        assert abs(corrected - datetime.now(UTC)) < timedelta(minutes=2), "the ledger can give it its true time"
        assert record.stamp.boot == notice.data["boot"]


async def test_an_agent_restarted_on_a_rolled_back_clock_marks_its_records_until_it_has_caught_up(
    tmp_path: Path,
) -> None:
    ledger = await Ledger(Identity.load_or_make(tmp_path / "data").verify).start()
    wall = FakeWall(tmp_path / "wall")
    async with room() as simulator:
        config = write_config(tmp_path, url=ledger.url, modbus_port=simulator.port, poll_s=POLL_S)
        agent = await AgentProcess.start(config, wall)
        await until_more_readings(ledger)
        await agent.kill()
        wall.step_to(-365 * DAY_S)
        agent = await AgentProcess.start(config, wall)
        await agent.until_said("rolled back")
        await until_more_readings(ledger)
        wall.step_to(0)
        await until(lambda: readings(ledger)[-1].stamp.synced)
        await agent.stop()
    await ledger.stop()
    rolled = [r for r in readings(ledger) if r.stamp.at < datetime.now(UTC) - timedelta(days=300)]
    assert rolled and not any(r.stamp.synced for r in rolled)


async def test_the_calendar_runs_its_jobs_once_and_steps_neither_hang_nor_storm_it(tmp_path: Path) -> None:
    ledger = await Ledger(Identity.load_or_make(tmp_path / "data").verify).start()
    at = datetime.now(UTC) + timedelta(hours=12)
    wall = FakeWall(tmp_path / "wall")
    calendar = f'[calendar]\nat = "{at:%H:%M}"\n'
    due = (at + timedelta(days=7)).date()
    async with room() as simulator:
        config = write_config(tmp_path, url=ledger.url, modbus_port=simulator.port, poll_s=POLL_S, more=calendar)
        text = config.read_text()
        config.write_text(text.replace("unit = 1\n", f"unit = 1\ncalibration_due = {due}\n"))
        agent = await AgentProcess.start(config, wall)
        await until_more_readings(ledger)

        async def step_to(when: datetime) -> None:
            told = len(notices(ledger, "clock"))
            wall.step_to(round((when - datetime.now(UTC)).total_seconds()))
            await until(lambda: len(notices(ledger, "clock")) > told)

        just_before = at.replace(second=0, microsecond=0) - timedelta(seconds=3)
        await step_to(just_before)
        await until(lambda: bool(notices(ledger, "statistics")))
        (reminder,) = notices(ledger, "calibration_due")
        assert reminder.subject == "probe-a"
        assert reminder.data["days_left"] == 7
        for _ in range(2):
            await step_to(just_before)
            await step_to(just_before - timedelta(days=1))
            await step_to(just_before + timedelta(days=3000))
            await until_more_readings(ledger, 30)
        await step_to(datetime(1990, 1, 1, tzinfo=UTC))
        await step_to(datetime.now(UTC))
        await until_more_readings(ledger)
        await agent.stop()
    await ledger.stop()
    assert len(notices(ledger, "statistics")) == 1, "once, however often its time came"
    assert_complete(ledger, tmp_path / "data")
    assert_polled_evenly(readings(ledger))
