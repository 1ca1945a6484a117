"""The calendar: who is reminded when, and that a clock which jumps over decades costs one run."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.domain.wire.ids import JournalId
from edge_agent.domain.wire.records import Notice, Record
from edge_agent.host.disk_wear import disk_wear
from edge_agent.runtime.scheduled_jobs import Calendar, is_reminder_day
from edge_agent.timekeeping.clock import ManualClock
from tests.support.journal_parts import START
from tests.support.sysfs import sysfs

DUE = date(2026, 3, 8)


def calendar(tmp_path: Path, records: list[Record], pack: Callable[[], Awaitable[bytes]] | None = None) -> Calendar:
    device = {"name": "probe-a", "bus": "b", "profile": "xy-md02", "unit": 1, "poll_s": 10, "calibration_due": DUE}
    gateway = {"name": "gw-1", "data_dir": tmp_path}
    config = GatewayConfig.model_validate(
        {"gateway": gateway, "uplink": {"url": "https://ledger.example"}, "device": [device]}
    )

    async def keep(record: Record) -> None:
        records.append(record)

    async def status() -> JournalStatus:
        raise AssertionError("nobody asked")

    return Calendar(config, ManualClock(START), keep, status, downtime_pack=pack)


async def test_the_downtime_pack_is_part_of_the_daily_work(tmp_path: Path) -> None:
    made: list[bytes] = []

    async def pack() -> bytes:
        made.append(b"<html>")
        return made[-1]

    assert "downtime pack" not in calendar(tmp_path, []).jobs
    await calendar(tmp_path, [], pack).jobs["downtime pack"]()
    assert made == [b"<html>"]


@pytest.mark.parametrize(("days", "told"), [(31, False), (30, True), (8, False), (7, True), (0, True), (-5, True)])
def test_people_are_reminded_at_steps_before_and_daily_after(days: int, told: bool) -> None:
    assert is_reminder_day(DUE, DUE - timedelta(days=days)) is told


async def test_a_due_calibration_is_a_notice(tmp_path: Path) -> None:
    records: list[Record] = []
    await calendar(tmp_path, records).remind_of_calibrations()
    (notice,) = records
    assert isinstance(notice, Notice)
    assert (notice.subject, notice.data["days_left"]) == ("probe-a", 7)
    assert "due in 7 days, on 2026-03-08" in notice.text


async def test_the_daily_figures_have_what_the_disk_says_of_its_wear_and_nothing_it_does_not(tmp_path: Path) -> None:
    root = sysfs(tmp_path / "sys", tmp_path, "mmcblk0", type="MMC", life_time="0x04 0x02")
    records: list[Record] = []

    async def keep(record: Record) -> None:
        records.append(record)

    async def status() -> JournalStatus:
        return JournalStatus(JournalId("j"), "gw-1", 5, 100, 95, 7, (), (), ())

    config = GatewayConfig.model_validate(
        {"gateway": {"name": "gw-1", "data_dir": tmp_path}, "uplink": {"url": "https://ledger.example"}}
    )
    for wear_of in (partial(disk_wear, sys=root, uptime=root / "uptime"), partial(disk_wear, sys=tmp_path / "none")):
        await Calendar(config, ManualClock(START), keep, status, wear_of).tell_statistics()
    known, unknown = (record.data for record in records if isinstance(record, Notice))
    assert {key: value for key, value in known.items() if key.startswith("disk")} == {
        "disk": "mmcblk0", "disk_kind": "MMC", "disk_written_bytes": 1_024_000_000,
        "disk_written_bytes_a_day": 512_000_000, "disk_life_used_pct": 40,
    }  # fmt: skip
    assert unknown["written_bytes"] == 7 and not any(key.startswith("disk") for key in unknown)


def test_a_clock_that_wakes_up_after_decades_has_one_run_due_not_one_for_each_day(tmp_path: Path) -> None:
    trigger = calendar(tmp_path, []).trigger()
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    after = trigger.get_next_fire_time(datetime(1970, 1, 1, 3, 10, tzinfo=UTC), now)
    assert after == datetime(2026, 3, 2, 3, 10, tzinfo=UTC)
    assert trigger.get_next_fire_time(after, after) == after + timedelta(days=1), "never the same time twice"
