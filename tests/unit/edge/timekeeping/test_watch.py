"""The clock watch: steps and synchronisation become notices, once, over restarts too; a rolled-back one is doubted."""

import json
from datetime import timedelta
from pathlib import Path

from edge_agent.domain.wire.records import Notice, Record
from edge_agent.timekeeping.clock import ManualClock, stamp
from edge_agent.timekeeping.watch import STATE_FILE, ClockWatch
from tests.support.journal_parts import BOOT, START

DAY_S = 86_400.0


class Bench:
    """A clock that is moved by hand and what its watch recorded. ``restart`` is a new process."""

    def __init__(self, tmp_path: Path, *, synced: bool = True) -> None:
        self.path = tmp_path
        self.clock = ManualClock(START)
        self.clock.synced = synced
        self.records: list[Record] = []
        self.changes = 0
        self.restart()

    async def keep(self, record: Record) -> None:
        self.records.append(record)

    def count(self, _change: object) -> None:
        self.changes += 1

    def restart(self, *, boot: str | None = None) -> None:
        if boot is not None:
            wall = self.clock.now()
            self.clock, synced = ManualClock(wall, boot), self.clock.synced
            self.clock.synced = synced
        self.watch = ClockWatch(self.clock, self.path, self.keep, step_s=0.5, on_change=self.count)

    async def look(self, after_s: float = 1.0) -> None:
        self.clock.advance(after_s)
        await self.watch.look()

    def told(self) -> list[tuple[object, object]]:
        return [(r.data["cause"], r.data["offset_ms"]) for r in self.records if isinstance(r, Notice)]


async def test_a_clock_that_runs_evenly_says_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(5):
        await bench.look(3600)
    assert bench.records == []


async def test_steps_back_and_forward_are_each_told_once_with_from_and_to(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.look()
    bench.clock.step_wall(-DAY_S)
    await bench.look()
    await bench.look()
    bench.clock.step_wall(2 * DAY_S)
    await bench.look()
    assert bench.told() == [("step", -86_400_000), ("step", 172_800_000)]
    assert bench.changes == 2
    first = bench.records[0]
    assert isinstance(first, Notice)
    assert (first.data["from"], first.data["to"]) == ("2026-03-01T08:00:02.000Z", "2026-02-28T08:00:02.000Z")
    assert (first.data["after_mono_ms"], first.data["by_mono_ms"], first.data["boot"]) == (1000, 2000, BOOT)


async def test_slewing_is_no_step(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(100):
        bench.clock.step_wall(0.02)
        await bench.look()
    assert bench.records == []


async def test_synchronisation_gives_the_offset_for_all_that_the_boot_recorded_before_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, synced=False)
    await bench.look()
    early = stamp(bench.clock)
    bench.clock.step_wall(100 * DAY_S)
    await bench.look()
    bench.clock.step_wall(0.3)  # the last of it is slewed
    bench.clock.synced = True
    await bench.look()
    await bench.look()
    assert bench.told() == [("step", 8_640_000_000), ("synced", 8_640_000_300)]
    notice = bench.records[-1]
    assert isinstance(notice, Notice)
    assert not early.synced
    assert notice.stamp.synced
    corrected_ms = early.mono_ms + int(str(notice.data["wall_minus_mono_ms"]))
    assert corrected_ms == round((START + timedelta(days=100, seconds=1.3)).timestamp() * 1000)


async def test_a_synchronisation_or_step_while_the_agent_was_down_is_told_on_its_next_start(tmp_path: Path) -> None:
    bench = Bench(tmp_path, synced=False)
    await bench.look()
    bench.clock.step_wall(50)
    bench.clock.synced = True
    bench.clock.advance(10)
    bench.restart()
    await bench.look()
    assert bench.told() == [("synced", 50_000)]
    bench.restart()
    await bench.look()
    assert len(bench.told()) == 1
    bench.clock.step_wall(-DAY_S)
    bench.restart()
    await bench.look()
    assert bench.told()[1:] == [("step", -86_400_000)]


async def test_a_clock_rolled_back_over_a_reboot_is_not_believed_until_it_has_caught_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.look()
    bench.clock.step_wall(-3600)
    bench.restart(boot="00000000-0000-4000-8000-000000000002")
    bench.watch.doubt_a_rollback(None)
    await bench.look()
    assert not stamp(bench.clock).synced
    assert bench.told() == [], "another boot: its clock says nothing about this one's"
    await bench.look(3599)
    assert stamp(bench.clock).synced
    assert [cause for cause, _ in bench.told()] == ["synced"]


async def test_a_record_in_the_journal_is_enough_to_doubt_a_clock(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch.doubt_a_rollback(START + timedelta(hours=1))
    assert not stamp(bench.clock).synced
    bench.clock.doubt_before(None)
    bench.watch.doubt_a_rollback(START + timedelta(seconds=1))
    assert stamp(bench.clock).synced, "a second is no rollback"


async def test_who_synchronises_anew_is_believed_against_the_last_record(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch.doubt_a_rollback(START + timedelta(days=3650))
    await bench.look()
    bench.clock.synced = False
    await bench.look()
    bench.clock.synced = True
    await bench.look()
    assert stamp(bench.clock).synced


async def test_losing_synchronisation_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.look()
    bench.clock.synced = False
    await bench.look()
    assert bench.told() == [("unsynced", 0)]


async def test_a_torn_state_file_is_a_first_start(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"last": 1, "base_ms": 2, "latest_ms": 3}', json.dumps({"last": {"boot": "x"}})):
        (tmp_path / STATE_FILE).write_text(text)
        bench = Bench(tmp_path)
        bench.watch.doubt_a_rollback(None)
        await bench.look()
        assert bench.records == []
