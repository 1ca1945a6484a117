"""A dock with a scanner that plays a keyboard: events through a real pipe, all the way to the booked receipt."""

import asyncio
import os
from pathlib import Path

from edge_agent.config.dock_sections import ScannerSection
from edge_agent.dock.effects import Feedback
from edge_agent.dock.feedback import LogLines
from edge_agent.dock.scanner_proof import ScannerProof
from edge_agent.dock.session import DockSession
from edge_agent.domain.barcodes.proof_card import CARD
from edge_agent.domain.wire.records import Notice, NoticeKind, Record, ScanTransaction
from edge_agent.drivers.scanners.hid import HidScanner, Opened, open_grabbed
from edge_agent.simulators.scanner import label
from edge_agent.timekeeping.clock import SystemClock
from tests.support.keyboard import ENTER, alt_number, press, typed


class Keyboard:
    """The writing end of what the gateway takes for an input device."""

    def __init__(self) -> None:
        self._write_end = -1
        self._opened: asyncio.Queue[None] = asyncio.Queue()

    def open(self, _port: str) -> Opened:
        read_end, self._write_end = os.pipe()
        os.set_blocking(read_end, False)
        self._opened.put_nowait(None)
        return Opened(read_end, caps_on=False)

    async def until_opened(self) -> None:
        async with asyncio.timeout(15):
            await self._opened.get()

    def type(self, events: bytes) -> None:
        os.write(self._write_end, events)

    def scan(self, text: str) -> None:
        before, gs, after = text.partition("\x1d")
        self.type(typed(before) + (alt_number("029") + typed(after) if gs else b"") + press(ENTER))

    def unplug(self) -> None:
        os.close(self._write_end)


class Dock:
    """A running dock session and what it emitted."""

    def __init__(self, scanner: HidScanner) -> None:
        self.records: list[Record] = []
        self._changed = asyncio.Condition()
        self._session = DockSession(scanner, SystemClock(), (LogLines("dock"),))

    async def __aenter__(self) -> "Dock":
        self._task = asyncio.create_task(self._session.run(self.emit))
        return self

    async def __aexit__(self, *_: object) -> None:
        died = self._task.done()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        assert not died

    async def emit(self, record: Record) -> None:
        async with self._changed:
            self.records.append(record)
            self._changed.notify_all()

    async def next(self, count: int) -> list[Record]:
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: len(self.records) >= count)
        return self.records


async def test_a_receipt_typed_by_a_scanner_is_booked_with_its_serial_behind_gs() -> None:
    keyboard = Keyboard()
    async with Dock(HidScanner("dock/wedge", "kbd", SystemClock(), layout="us", open_device=keyboard.open)) as dock:
        await keyboard.until_opened()
        for code in ("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1"):
            keyboard.scan(code)
        keyboard.scan("]d2" + label("00312345678906", "ABC123", "271231", "S-1"))
        keyboard.scan("LW.COMMIT")
        (transaction,) = await dock.next(1)
    assert isinstance(transaction, ScanTransaction)
    (line,) = transaction.lines
    assert (line.lot, line.serial, transaction.operator) == ("ABC123", "S-1", "amy")


async def test_a_scan_with_a_key_that_is_no_character_is_refused_and_books_nothing() -> None:
    keyboard = Keyboard()
    async with Dock(HidScanner("dock/wedge", "kbd", SystemClock(), layout="us", open_device=keyboard.open)) as dock:
        await keyboard.until_opened()
        keyboard.type(typed("LW.BADGE.a") + alt_number("0228") + press(ENTER))
        (notice,) = await dock.next(1)
    assert isinstance(notice, Notice) and notice.notice is NoticeKind.SCAN_REFUSED
    assert "0xff" in notice.text


async def test_an_unplugged_scanner_is_told_once_and_works_again_when_it_is_back() -> None:
    keyboard = Keyboard()
    async with Dock(HidScanner("dock/wedge", "kbd", SystemClock(), layout="us", open_device=keyboard.open)) as dock:
        await keyboard.until_opened()
        keyboard.unplug()
        await keyboard.until_opened()
        lost, back = await dock.next(2)
    assert isinstance(lost, Notice) and lost.notice is NoticeKind.DEVICE_LOST
    assert isinstance(back, Notice) and back.notice is NoticeKind.DEVICE_BACK


async def test_a_file_that_is_no_input_device_is_told_with_what_to_do(tmp_path: Path) -> None:
    plain = tmp_path / "event0"
    plain.write_bytes(b"")
    async with Dock(HidScanner("dock/wedge", str(plain), SystemClock(), open_device=open_grabbed)) as dock:
        (lost,) = await dock.next(1)
    assert isinstance(lost, Notice) and "must be one of /dev/input/by-id/" in lost.text


def test_the_configuration_takes_hid_beside_serial() -> None:
    section = ScannerSection(kind="hid", name="dock/wedge", port="/dev/input/by-id/x-event-kbd", separator_key="f8")
    assert section.separator_key == "f8"
    assert ScannerSection(name="dock/serial", port="/dev/ttyACM0").kind == "serial"


async def test_without_a_layout_only_scans_with_an_identifier_are_taken() -> None:
    """The story: a scanner set to a German keyboard makes YZ12 of ZY12, and nothing shows it."""
    keyboard = Keyboard()
    async with Dock(HidScanner("dock/wedge", "kbd", SystemClock(), open_device=keyboard.open)) as dock:
        await keyboard.until_opened()
        keyboard.scan("010031234567890610ZY12")
        (refusal,) = await dock.next(1)
    assert isinstance(refusal, Notice) and refusal.notice is NoticeKind.SCAN_REFUSED
    assert "no AIM identifier" in refusal.text and "`layout`" in str(refusal.data["hint"])


async def test_a_dock_says_that_its_scanner_is_not_proven_until_the_card_has_passed(tmp_path: Path) -> None:
    section = ScannerSection(kind="hid", name="dock/wedge", port="kbd", layout="us")
    keyboard, clock, told = Keyboard(), SystemClock(), Said()
    shown: list[bool] = []
    scanner = HidScanner("dock/wedge", "kbd", clock, layout="us", open_device=keyboard.open)
    proof = ScannerProof(section, tmp_path, clock, shown.append)
    session = DockSession(scanner, clock, (told,), proof=proof)
    task = asyncio.create_task(session.run(told.ignore))
    try:
        await keyboard.until_opened()
        keyboard.scan("LW.BADGE.amy")
        await told.until("This scanner is not proven")
        keyboard.scan(CARD.replace("\x1d", ""))
        await told.until("the separator did not arrive")
        keyboard.scan(CARD)
        await told.until("Scanner proven: keyboard layout, upper and lower case, separator")
        told.heard.clear()
        keyboard.scan("LW.BADGE.ben")
        await told.until("ben")
        assert not any("not proven" in text for text in told.heard)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert shown == [False, False, True]
    assert ScannerProof(section, tmp_path, clock).is_proven, "it lasts"
    other = section.model_copy(update={"layout": "de"})
    assert not ScannerProof(other, tmp_path, clock).is_proven, "until settings change"


class Said:
    """What the operator hears, and a way to wait for it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._changed = asyncio.Condition()

    async def give(self, feedback: Feedback) -> None:
        async with self._changed:
            self.heard.append(feedback.text)
            self._changed.notify_all()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(15), self._changed:
            await self._changed.wait_for(lambda: any(text in one for one in self.heard))

    async def ignore(self, _record: Record) -> None:
        return
