"""A dock on a real line with a desk and no link: what it refuses, what it books, and what both leave behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from edge_agent.buffer.desk_store import DeskStore
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.build import build_docks
from edge_agent.dock.dock_context import DockContext
from edge_agent.domain.barcodes.hibc import check_character
from edge_agent.domain.stock.desk import DeskBlock, DeskSnapshot
from edge_agent.domain.stock.eligibility import HoldKind
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import decode_record, encode_record
from edge_agent.simulators.scanner import SimulatedScanner, label
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.support.desk_parts import INSULIN, NOW, SITE, desk_from, with_block

GOOD, BAD, WARN = b"\x06", b"\x15", b"\x06\x06"
PICK = ("LW.BADGE.amy", "LW.ACTION.PICK", "LW.PLACE.fridge-a", "LW.PLACE.dock-1")
FAR = date(2027, 12, 31)


class Dock:
    def __init__(self, dock_context: DockContext, scanner: SimulatedScanner, clock: ManualClock) -> None:
        self.dock_context, self.scanner, self.clock = dock_context, scanner, clock
        self.records: list[Record] = []

    async def emit(self, record: Record) -> None:
        assert decode_record(encode_record(record)) == record, "what a dock says must survive the wire"
        self.records.append(record)
        await self.dock_context.recorded(record)

    async def scan(self, *texts: str) -> bytes:
        beeps = b""
        for text in texts:
            self.clock.advance(1)
            await self.scanner.scan(text, aim="]C0" if text.startswith(("LW.", "+")) else None)
            beeps = await self.scanner.hear()
        return beeps

    @property
    def booked(self) -> list[ScanTransaction]:
        return [record for record in self.records if isinstance(record, ScanTransaction)]

    @property
    def refused(self) -> list[Notice]:
        return [r for r in self.records if isinstance(r, Notice) and r.notice is NoticeKind.SCAN_REFUSED]


@asynccontextmanager
async def a_dock(
    tmp_path: Path, *, with_desk: bool = True, site: DeskSnapshot = SITE, **scanner_settings: str
) -> AsyncIterator[Dock]:
    clock = ManualClock(NOW)
    if with_desk:
        DeskStore(tmp_path).keep(desk_from(site, clock))
    scanner = SimulatedScanner(tmp_path / "scanner")
    scanner.plug()
    config = GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-test", "data_dir": tmp_path},
            "uplink": {"url": "https://ledger.example"},
            "scanner": [{"name": "dock-1/scanner", "port": str(scanner.path), **scanner_settings}],
        }
    )
    dock_context = DockContext(config, clock)
    (source,) = build_docks(config, clock, dock_context)
    dock = Dock(dock_context, scanner, clock)
    task = asyncio.create_task(source.run(dock.emit))
    try:
        await scanner.scan_until_answered("LW.BADGE.amy", aim="]C0")
        yield dock
        assert not task.done(), "the dock ended by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        scanner.unplug()


async def test_a_pick_of_a_held_lot_is_refused_offline_and_recorded_with_every_reason(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan(label(INSULIN, "HELD", FAR)) == BAD
        assert await dock.scan("LW.COMMIT") == BAD, "there is nothing to book"
    notice = dock.refused[0]
    assert notice.text == "exposed since 2026-11-20: fridge-a broke above-8; outer box torn"
    assert (notice.data["lot"], notice.data["operator"], notice.data["action"]) == ("HELD", "amy", "pick")
    assert notice.data["codes"] == "held,held"
    assert dock.booked == []


async def test_a_lot_that_the_desk_has_never_heard_of_is_refused_and_recorded_but_can_be_moved(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        dock.clock.advance(200)
        await dock.scan(*PICK)
        assert await dock.scan(label(INSULIN, "STRANGE", FAR)) == BAD
        assert await dock.scan(label("09506000134352", "X1", FAR)) == BAD
        assert await dock.scan("LW.COMMIT") == BAD, "there is nothing to book"
        assert await dock.scan("LW.CANCEL", "LW.ACTION.MOVE", *PICK[2:], label(INSULIN, "STRANGE", FAR)) == GOOD
        assert await dock.scan("LW.COMMIT") == GOOD
        await dock.scan("LW.ACTION.PICK", "LW.PLACE.dock-1", "LW.PLACE.fridge-a")
        assert await dock.scan(label(INSULIN, "STRANGE", FAR)) == BAD, "moving it does not make it known"
    assert [notice.data["codes"] for notice in dock.refused[:2]] == ["unknown_lot", "unknown_item"]
    assert dock.refused[0].text.startswith("lot STRANGE of insulin is not in the ledger data from 3 min ago")
    assert [transaction.action.value for transaction in dock.booked] == ["move"]


async def test_a_held_lot_is_moved_and_the_operator_is_warned_that_it_stays_held(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan("LW.ACTION.MOVE", *PICK[2:])
        assert await dock.scan(label(INSULIN, "HELD", FAR)) == WARN
        shown = dock.dock_context.status_model.state()["docks"][0]["recent"][0]
        assert await dock.scan("LW.COMMIT") == GOOD
    assert shown["tone"] == "warn" and "CHECK: lot HELD is on hold: exposed since 2026-11-20" in shown["text"]
    (moved,) = dock.booked
    assert moved.action.value == "move" and "It stays on hold wherever it is put" in moved.verdicts[0]


async def test_a_lot_received_at_this_dock_since_its_desk_came_may_be_picked(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan("LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")
        await dock.scan(label(INSULIN, "FRESH", FAR), "LW.COMMIT")
        await dock.scan("LW.ACTION.PICK", "LW.PLACE.dock-1", "LW.PLACE.fridge-a")
        assert await dock.scan(label(INSULIN, "FRESH", FAR)) == GOOD
        assert await dock.scan("LW.COMMIT") == GOOD
    assert [transaction.action.value for transaction in dock.booked] == ["receive", "pick"]


async def test_a_pick_without_any_desk_is_taken_and_says_that_nothing_was_checked(tmp_path: Path) -> None:
    async with a_dock(tmp_path, with_desk=False) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan(label(INSULIN, "ANY", FAR)) == WARN
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == ("no data from the ledger yet: nothing could be checked",)


def coded() -> DeskSnapshot:
    insulin, *others = SITE.items
    return replace(SITE, items=(replace(insulin, codes={"hibc:A123BJC5D6E71": 1}), *others))


def checked(text: str) -> str:
    return text + check_character(text)


async def test_a_hibc_label_of_two_codes_is_judged_and_booked_like_any_other(tmp_path: Path) -> None:
    async with a_dock(tmp_path, site=coded()) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan("+A123BJC5D6E71G") == GOOD
        assert await dock.scan(checked("+$$3271231HELDG")) == BAD
        assert await dock.scan("LW.UNDO", "+A123BJC5D6E71G", checked("+$$3271231GOODG"), "LW.COMMIT") == GOOD
    assert (dock.refused[0].data["item"], dock.refused[0].data["lot"]) == ("HIBC A123BJC5D6E71", "HELD")
    (line,) = dock.booked[0].lines
    assert (line.codes, line.lot, line.expires_on) == (("hibc:A123BJC5D6E71",), "GOOD", FAR)


async def test_a_code_that_nobody_knows_is_told_and_booked_all_the_same(tmp_path: Path) -> None:
    async with a_dock(tmp_path, site=coded()) as dock:
        await dock.scan("LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")
        assert await dock.scan(checked("+Z9991231/$$3271231X1")) == WARN
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == ("unknown item: HIBC Z9991231 is not in the item master",)
    assert dock.booked[0].lines[0].codes == ("hibc:Z9991231",)


async def test_a_good_pick_is_booked_without_verdicts(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan(label(INSULIN, "GOOD", FAR), "LW.COMMIT") == GOOD
    assert [t.verdicts for t in dock.booked] == [()]


async def test_warnings_that_were_shown_travel_with_the_transaction(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        assert await dock.scan("LW.BADGE.zoe") == WARN
        await dock.scan("LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")
        assert await dock.scan(label("09506000134352", "X1", FAR)) == WARN
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == (
        "badge zoe is not registered",
        "unknown item: GTIN 09506000134352 is not in the item master",
    )


async def test_without_any_desk_a_receipt_is_never_lost(tmp_path: Path) -> None:
    async with a_dock(tmp_path, with_desk=False) as dock:
        await dock.scan("LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")
        assert await dock.scan(label(INSULIN, "NEW", FAR)) == WARN
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == ("no data from the ledger yet: nothing could be checked",)


async def test_a_hold_that_comes_between_box_and_commit_stops_the_commit(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan(label(INSULIN, "GOOD", FAR)) == GOOD
        site = with_block(SITE, "GOOD", DeskBlock(HoldKind.RECALL, "recalled by its maker"))
        dock.dock_context.take(desk_from(site, dock.clock), ())
        assert await dock.scan("LW.COMMIT") == BAD
        assert await dock.scan("LW.CANCEL") == GOOD
    assert dock.booked == []
    assert dock.refused[0].text == "recalled by its maker"


async def test_a_quantity_card_is_judged_too(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:])
        assert await dock.scan(label(INSULIN, "GOOD", FAR)) == GOOD
        assert await dock.scan("LW.QTY.41") == WARN
        await dock.scan("LW.COMMIT")
    assert dock.booked[0].verdicts == ("only 40 of lot GOOD are on record in fridge-a, not 41",)


async def test_a_withdrawn_badge_signs_nobody_in(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        assert await dock.scan("LW.BADGE.cyd") == BAD
        assert dock.dock_context.status_model.state()["docks"][0]["operator"] == "amy"


async def test_a_desk_of_another_gateway_is_not_used(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    DeskStore(tmp_path).keep(desk_from(replace(SITE, gateway="gw-other"), clock))
    config = GatewayConfig.model_validate(
        {"gateway": {"name": "gw-test", "data_dir": tmp_path}, "uplink": {"url": "https://ledger.example"}}
    )
    dock_context = DockContext(config, clock)
    assert dock_context.desk is None
    assert "gw-other" in dock_context.damage


async def test_a_scanner_sounds_by_the_bytes_it_is_configured_with(tmp_path: Path) -> None:
    async with a_dock(tmp_path, beep_good="1b5b3071", beep_bad="07", beep_warn="1b5b3171") as dock:
        assert await dock.scan(*PICK[1:]) == b"\x1b[0q"
        assert await dock.scan(label(INSULIN, "HELD", FAR)) == b"\x07"
        assert await dock.scan("LW.QTY.41", label(INSULIN, "GOOD", FAR)) == b"\x1b[1q"


async def test_a_pick_by_an_old_desk_is_good_but_says_and_books_how_old_it_was(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        dock.clock.advance(3 * 3600)
        await dock.scan(*PICK)
        assert await dock.scan(label(INSULIN, "GOOD", FAR)) == GOOD
        shown = dock.dock_context.status_model.state()["docks"][0]["recent"][0]["text"]
        assert shown.endswith("No hold is known (ledger data from 3 h ago).")
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == ("no hold is known (ledger data from 3 h ago)",)


async def test_a_place_that_nobody_knows_warns_and_the_warning_goes_with_all_that_is_put_there(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        assert await dock.scan("LW.ACTION.MOVE", "LW.PLACE.fridge-a") == GOOD
        assert await dock.scan("LW.PLACE.fridge-z") == WARN
        assert await dock.scan(label(INSULIN, "GOOD", FAR), "LW.COMMIT") == GOOD
        assert await dock.scan(label(INSULIN, "GOOD", FAR), "LW.COMMIT") == GOOD
        assert await dock.scan("LW.PLACE.fridge-a", "LW.PLACE.fridge-b") == GOOD
        assert await dock.scan(label(INSULIN, "GOOD", FAR), "LW.COMMIT") == GOOD
    told = ("location fridge-z is not registered",)
    assert [transaction.verdicts for transaction in dock.booked] == [told, told, ()]


async def test_a_pick_for_an_order_that_nobody_knows_warns(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:], "LW.ORDER.SO-77")
        assert await dock.scan(label(INSULIN, "GOOD", FAR)) == WARN
        assert await dock.scan("LW.COMMIT") == GOOD
    assert dock.booked[0].verdicts == ("order SO-77 is not open, or not known here yet",)


async def measure(dock: Dock, times: int = 4, **celsius: float) -> None:
    """Each fridge's probe, often enough for an alarm to open."""
    for _ in range(times):
        dock.clock.advance(40)
        for fridge, value in celsius.items():
            device = DeviceName(f"{fridge.replace('_', '-')}/probe-1")
            await dock.emit(Reading(stamp(dock.clock), device, Quality.GOOD, {"temp_c": value}))


async def test_a_put_away_into_a_room_in_alarm_is_stopped_and_names_the_room_that_is_safe(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await measure(dock, fridge_a=12.0, fridge_b=5.0)
        await dock.scan("LW.BADGE.amy", "LW.ACTION.PUT_AWAY", "LW.PLACE.dock-1")
        assert await dock.scan("LW.PLACE.fridge-a") == BAD
        shown = dock.dock_context.status_model.state()["docks"][0]["recent"][0]
        assert shown["tone"] == "bad" and "fridge-a is in alarm" in shown["text"]
        assert "use Fridge B (fridge-b)" in shown["text"]
        assert await dock.scan("LW.PLACE.fridge-b", label(INSULIN, "GOOD", FAR), "LW.COMMIT") == GOOD
    assert [(transaction.to_place, len(transaction.lines)) for transaction in dock.booked] == [("fridge-b", 1)]


async def test_an_alarm_that_begins_while_boxes_are_scanned_stops_the_commit(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan("LW.ACTION.PUT_AWAY", "LW.PLACE.dock-1", "LW.PLACE.fridge-a", label(INSULIN, "GOOD", FAR))
        for _ in range(3):
            await measure(dock, 1, fridge_a=12.0)
            assert await dock.scan("LW.QTY.1", "LW.UNDO", label(INSULIN, "GOOD", FAR)) in (GOOD, WARN), "it is held"
        assert await dock.scan("LW.COMMIT") == BAD
        text = dock.dock_context.status_model.state()["docks"][0]["recent"][0]["text"]
        assert "no safe location is known" in text and "CANCEL card" in text
    assert dock.booked == []


async def test_a_delivery_to_a_room_in_alarm_is_taken_with_a_warning_for_the_boxes_are_here(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await measure(dock, fridge_a=12.0)
        assert await dock.scan("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.fridge-a") == WARN
        await dock.scan(label(INSULIN, "NEW", FAR))
        assert await dock.scan("LW.COMMIT") == GOOD
    assert any("fridge-a is in alarm" in verdict for verdict in dock.booked[0].verdicts)


async def test_control_characters_in_noise_reach_neither_a_notice_nor_the_page(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        dock.scanner.send(b"]d2\x1b[2J\x1b]0;owned\x07\x0101003\x1d\x7f\r")
        await dock.scanner.hear()
        shown = dock.dock_context.status_model.state()["docks"][0]["recent"][0]["text"]
    said = " ".join([shown, *(f"{notice.text} {notice.data}" for notice in dock.refused)])
    assert dock.refused and all(character.isprintable() for character in said)
    assert "␛[2J" in said and "␝" in said


async def test_an_undo_after_noise_takes_nothing_back(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as dock:
        await dock.scan(*PICK[1:], label(INSULIN, "GOOD", FAR))
        dock.scanner.send(b"\x81\x82noise\r")
        await dock.scanner.hear()
        await dock.scan("LW.UNDO")
        assert "nothing was removed" in dock.dock_context.status_model.state()["docks"][0]["recent"][0]["text"]
        assert await dock.scan("LW.COMMIT") == GOOD
    assert len(dock.booked[0].lines) == 1
