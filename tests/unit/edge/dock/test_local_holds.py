"""Local alarms: at once, offline, through clock steps and restarts, and held until the ledger has spoken."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.dock.local_holds import LocalHolds, WatchStore
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.domain.monitoring.judged import Judged
from edge_agent.domain.stock.desk import DeskChannel
from edge_agent.domain.wire.ids import DeviceName, PlaceName
from edge_agent.domain.wire.records import Action, Notice, NoticeKind, Quality, Reading, ScanLine, ScanTransaction
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import FAR_OFF, INSULIN, NOW, SITE, desk_from


class Room:
    """A watch over the site, with a probe in fridge A."""

    def __init__(self, tmp_path: Path, clock: ManualClock | None = None) -> None:
        self.path = tmp_path
        self.clock = clock or ManualClock(NOW)
        self.known = OfflineStock()
        self.known.take(desk_from(SITE, self.clock))
        self.watch = LocalHolds(self.known, self.clock, WatchStore(tmp_path))

    async def measures(self, *celsius: float, every_s: float = 40, quality: Quality = Quality.GOOD) -> list[Notice]:
        notices: list[Notice] = []
        for value in celsius:
            self.clock.advance(every_s)
            values = {"temp_c": value} if quality is Quality.GOOD else {}
            reading = Reading(stamp(self.clock), DeviceName("fridge-a/probe-1"), quality, values)
            notices += await self.watch.heard(reading)
        return notices

    def held(self, lot: str, place: str = "fridge-a") -> list[str]:
        (now,) = self.known.lots_of("insulin", lot)
        return [hold.text for hold in self.watch.holds_on(now, self.known.path_of(place))]


async def test_an_excursion_alarms_once_after_its_delay_and_tells_when_it_began(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert await room.measures(5, 9, 10) == []
    (alarm,) = await room.measures(11)
    assert (alarm.notice, alarm.subject) == (NoticeKind.ALARM, "fridge-a/probe-1/temp_c")
    assert (alarm.data["place"], alarm.data["rule"], alarm.data["worst"]) == ("fridge-a", "above-8", 11)
    assert alarm.data["began"] == "2026-11-21T08:01:20.000Z"
    assert await room.measures(12, 12) == []


async def test_it_clears_only_beyond_the_hysteresis(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.measures(9, 9, 9)
    assert await room.measures(7.8) == []
    (cleared,) = await room.measures(7.4)
    assert (cleared.notice, cleared.data["worst"]) == (NoticeKind.ALARM_CLEARED, 9)


async def test_stock_in_an_open_excursion_is_held_and_stays_so_until_the_ledger_has_spoken(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.measures(9, 9, 9)
    assert room.held("GOOD") == ["local alarm: fridge-a is outside above-8 since 2026-11-21 08:00 UTC"]
    assert room.held("PROMISED", "fridge-b") == []
    await room.watch.ledger_has_spoken()
    assert room.held("GOOD") != [], "an open alarm is not the ledger's to lift"
    await room.measures(5)
    assert room.held("GOOD") == ["local alarm: was in fridge-a while it was outside above-8 (9)"]
    assert room.held("GOOD", "fridge-b") != [], "wherever it was carried"
    await room.watch.ledger_has_spoken()
    assert room.held("GOOD") == []


async def test_what_is_put_into_an_open_excursion_is_held_too(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.measures(9, 9, 9)
    assert room.held("PROMISED", "fridge-b") == []
    line = ScanLine(INSULIN, 1, "scanned", "PROMISED", FAR_OFF)
    moved = ScanTransaction(
        stamp(room.clock), "t-1", DeviceName("s"), Action.MOVE, "amy", (line,), PlaceName("fridge-b"),
        PlaceName("fridge-a"),
    )  # fmt: skip
    room.known.add(moved)
    await room.watch.heard(moved)
    assert room.held("PROMISED", "fridge-b") == ["local alarm: came to fridge-a while fridge-a was outside above-8"]


async def test_a_restart_forgets_neither_the_alarm_nor_the_holds(tmp_path: Path) -> None:
    first = Room(tmp_path)
    await first.measures(9, 9, 9)
    again = Room(tmp_path, first.clock)
    assert again.held("GOOD") == first.held("GOOD") != []
    assert await again.measures(9) == []
    (cleared,) = await again.measures(5)
    assert cleared.notice is NoticeKind.ALARM_CLEARED
    assert Room(tmp_path, first.clock).held("GOOD") != []


@pytest.mark.parametrize("by_s", [-86_400.0, 86_400.0])
async def test_a_clock_that_is_set_neither_opens_nor_delays_an_alarm(tmp_path: Path, by_s: float) -> None:
    room = Room(tmp_path)
    assert await room.measures(9) == []
    room.clock.step_wall(by_s)
    assert await room.measures(9) == []
    (alarm,) = await room.measures(9)
    assert alarm.notice is NoticeKind.ALARM


async def test_values_that_are_not_good_judge_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.measures(9)
    assert await room.measures(0, 0, 0, quality=Quality.FAULT) == []
    assert [n.notice for n in await room.measures(9)] == [NoticeKind.ALARM]


async def test_a_channel_without_place_or_policy_alarms_nobody(tmp_path: Path) -> None:
    room = Room(tmp_path)
    reading = Reading(stamp(room.clock), DeviceName("somewhere/else"), Quality.GOOD, {"temp_c": 60.0})
    assert await room.watch.heard(reading) == ()


async def test_a_torn_file_is_set_aside_and_watching_goes_on(tmp_path: Path) -> None:
    await Room(tmp_path).measures(9, 9, 9)
    (tmp_path / "watch.json").write_bytes(b"{")
    room = Room(tmp_path)
    assert room.held("GOOD") == []
    assert [n.notice for n in await room.measures(9, 9, 9)] == [NoticeKind.ALARM]


async def test_the_second_probe_of_a_device_alarms_like_the_first(tmp_path: Path) -> None:
    room = Room(tmp_path)
    channels = (
        *SITE.channels,
        DeskChannel("board", "temp_2_c", "fridge-a"),
        DeskChannel("board", "rh_pct", "fridge-a"),
    )
    room.known.take(desk_from(replace(SITE, channels=channels), room.clock))
    notices: list[Notice] = []
    for _ in range(3):
        room.clock.advance(40)
        values = {"temp_c": 5.0, "temp_2_c": 25.0, "rh_pct": 99.0}
        notices += await room.watch.heard(Reading(stamp(room.clock), DeviceName("board"), Quality.GOOD, values))
    assert [notice.subject for notice in notices] == ["board/temp_2_c"]
    assert room.known.judged("board", "temp_2_c") is Judged.JUDGED
    assert room.known.judged("board", "temp_c") is Judged.NO_PLACE
    assert room.known.judged("board", "rh_pct") is Judged.NO_RULE
    on_purpose = (*channels[:-1], DeskChannel("board", "rh_pct", "fridge-a", "no limit for closed vials"))
    room.known.take(desk_from(replace(SITE, channels=on_purpose), room.clock))
    assert room.known.judged("board", "rh_pct") is Judged.NOT_NEEDED
