"""A dock end to end: bytes of a scanner on a real serial line in, records and beeps out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge_agent.config.model import GatewayConfig
from edge_agent.dock.build import build_docks
from edge_agent.domain.barcodes.gs1_elements import GS
from edge_agent.domain.wire.records import Notice, NoticeKind, Record, ScanTransaction
from edge_agent.domain.wire.wire import decode_record, encode_record
from edge_agent.drivers.scanners.framing import Suffix
from edge_agent.errors import JournalFull
from edge_agent.simulators.scanner import Glitch, SimulatedScanner, label
from edge_agent.timekeeping.clock import ManualClock

GOOD, BAD = b"\x06", b"\x15"
GTIN = "00312345678906"
BOX_A = label(GTIN, "ABC123", date(2027, 12, 31))
BOX_B = label(GTIN, "DEF456", date(2028, 1, 31), "SER001")
RECEIVE = ("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1")


class Desk:
    """A scanner, its dock and the records that came of it; time only moves when a test says so."""

    def __init__(self, scanner: SimulatedScanner, clock: ManualClock) -> None:
        self.scanner = scanner
        self.clock = clock
        self.records: list[Record] = []
        self.is_full = False
        self.changed = asyncio.Condition()

    async def emit(self, record: Record) -> None:
        if self.is_full:
            raise JournalFull("no room left for scans")
        assert decode_record(encode_record(record)) == record, "what a dock says must survive the wire"
        async with self.changed:
            self.records.append(record)
            self.changed.notify_all()

    async def scan(self, *texts: str, glitch: Glitch | None = None) -> bytes:
        """Scan each text, a second apart; the beeps that came back."""
        beeps = b""
        for text in texts:
            self.clock.advance(1)
            await self.scanner.scan(text, aim="]C0" if text.startswith("LW.") else None, glitch=glitch)
            beeps += await self.scanner.hear()
        return beeps

    async def until(self, is_there: Callable[[Record], bool]) -> Record:
        """The first record that fits, waiting for it."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: any(is_there(record) for record in self.records))
        return next(record for record in self.records if is_there(record))

    @property
    def booked(self) -> list[ScanTransaction]:
        return [record for record in self.records if isinstance(record, ScanTransaction)]

    @property
    def notices(self) -> list[Notice]:
        return [record for record in self.records if isinstance(record, Notice)]


def is_notice(kind: NoticeKind) -> Callable[[Record], bool]:
    return lambda record: isinstance(record, Notice) and record.notice is kind


@asynccontextmanager
async def a_dock(
    tmp_path: Path, *, suffix: Suffix = "cr", separator: str = GS, plugged: bool = True
) -> AsyncIterator[Desk]:
    clock = ManualClock(datetime(2026, 11, 21, 8, 0, tzinfo=UTC))
    scanner = SimulatedScanner(tmp_path / "scanner", suffix=suffix, separator=separator)
    if plugged:
        scanner.plug()
    config = GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-1", "data_dir": tmp_path},
            "uplink": {"url": "https://ledger.example"},
            "scanner": [
                {"name": "dock-1/scanner", "port": str(scanner.path), "suffix": suffix, "separator": separator}
            ],
        }
    )
    (dock,) = build_docks(config, clock)
    desk = Desk(scanner, clock)
    task = asyncio.create_task(dock.run(desk.emit))
    try:
        yield desk
        assert not task.done(), "the dock ended by itself"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        scanner.unplug()


async def opened(desk: Desk) -> None:
    """Wait until the dock has the port open: opening drops what was scanned before."""
    await desk.scanner.scan_until_answered("LW.BADGE.opener", aim="]C0")


@pytest.mark.parametrize("suffix", ["cr", "lf", "crlf", "tab", "etx"])
@pytest.mark.parametrize("separator", [GS, "<GS>"])
async def test_a_receipt_scanned_on_a_real_line_becomes_one_transaction(
    tmp_path: Path, suffix: Suffix, separator: str
) -> None:
    async with a_dock(tmp_path, suffix=suffix, separator=separator) as desk:
        await opened(desk)
        assert await desk.scan(*RECEIVE, BOX_A, "LW.QTY.12", BOX_B, "LW.COMMIT") == GOOD * 8
    (transaction,) = desk.booked
    assert (transaction.operator, transaction.scanner) == ("amy", "dock-1/scanner")
    assert (transaction.from_place, transaction.to_place) == ("acme", "dock-1")
    assert [(line.lot, line.serial, line.quantity, line.expires_on) for line in transaction.lines] == [
        ("ABC123", None, 12, date(2027, 12, 31)),
        ("DEF456", "SER001", 1, date(2028, 1, 31)),
    ]
    assert transaction.lines[0].scanned == "]d2" + BOX_A
    assert desk.notices == []


async def test_a_scanner_that_sends_no_end_mark_is_read_by_its_silence(tmp_path: Path) -> None:
    async with a_dock(tmp_path, suffix="none") as desk:
        heard = b""
        while not heard:  # what is sent before the dock opens the port is lost
            await desk.scanner.scan("LW.BADGE.opener", aim="]C0")
            with suppress(TimeoutError):
                heard = await desk.scanner.hear(2)
        assert await desk.scan(*RECEIVE, BOX_B, "LW.COMMIT") == GOOD * 6
    (transaction,) = desk.booked
    assert [(line.lot, line.serial) for line in transaction.lines] == [("DEF456", "SER001")]
    assert desk.notices == []


async def test_the_good_beep_of_a_commit_waits_until_the_transaction_is_kept(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        async with desk.changed:  # emit cannot return while this is held
            await desk.scanner.scan("LW.COMMIT", aim="]C0")
            with pytest.raises(TimeoutError):
                await desk.scanner.hear(0.3)
        assert await desk.scanner.hear() == GOOD
        assert len(desk.booked) == 1


@pytest.mark.parametrize("glitch", [Glitch.SPLIT, Glitch.SLOW])
async def test_scans_in_pieces_are_read_whole(tmp_path: Path, glitch: Glitch) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        assert await desk.scan(*RECEIVE, BOX_B, "LW.COMMIT", glitch=glitch) == GOOD * 6
        assert desk.booked[0].lines[0].serial == "SER001"


async def test_scans_glued_together_are_read_apart(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        codes = (*RECEIVE, "LW.QTY.2")
        desk.scanner.send(b"".join(desk.scanner.bytes_of(code, aim="]C0") for code in codes))
        desk.scanner.send(desk.scanner.bytes_of(BOX_A) + desk.scanner.bytes_of("LW.COMMIT", aim="]C0"))
        await desk.until(lambda record: isinstance(record, ScanTransaction))
        assert desk.booked[0].lines[0].quantity == 2


async def test_a_bounced_trigger_books_one_box_and_one_transaction(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE)
        await desk.scan(BOX_A, "LW.COMMIT", glitch=Glitch.TWICE)
        assert BAD not in desk.scanner.heard
        (transaction,) = desk.booked
        assert [line.quantity for line in transaction.lines] == [1]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x00\xff\x9c]d2\x8001003\x1b\r", "not valid in any barcode"),
        (b"]d20100312345678907\r", "check digit"),
        (b"]d2010031234567890610ABC12317261231\r", "swallowed"),
        (b"]d2010031234567890610ABC12321SER001\r", "swallowed"),
        (b"]d2\r", "empty"),
        (b"]X9hello\r", "identifier"),
        (b"]C0LW.NONSENSE\r", "not a Lotwarden code"),
        (b"hello world\r", "not start with a GS1 application identifier"),
        (b"x" * 2500 + b"\r", "without an end"),
        (b"HALF A SCAN", "never ended"),
    ],
)
async def test_garbage_is_refused_with_a_reason_and_books_nothing(tmp_path: Path, raw: bytes, reason: str) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        desk.clock.advance(1)
        desk.scanner.send(raw)
        assert await desk.scanner.hear() == BAD
        notice = await desk.until(is_notice(NoticeKind.SCAN_REFUSED))
        assert isinstance(notice, Notice)
        assert reason in notice.text
        assert notice.subject == "dock-1/scanner"
        assert len(str(notice.data["scanned"])) <= 200
        assert desk.booked == []
        # What was open before the garbage is still there, untouched.
        assert await desk.scan("LW.COMMIT") == GOOD
        assert [(line.lot, line.quantity) for line in desk.booked[0].lines] == [("ABC123", 1)]


async def test_a_scanner_that_drops_separators_is_refused_with_what_to_set(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE)
        assert await desk.scan(BOX_B, glitch=Glitch.NO_SEPARATOR) == BAD
        assert "ASCII 29" in str(desk.notices[0].data["hint"])


async def test_a_doubtful_lot_is_believed_once_the_scanner_has_sent_a_separator(tmp_path: Path) -> None:
    doubtful = label(GTIN, "ABC12321SER001", date(2027, 12, 31))
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE)
        assert await desk.scan(doubtful, BOX_B, doubtful) == BAD + GOOD + GOOD
        # Another scanner may hang on the cable now.
        desk.scanner.unplug()
        await desk.until(is_notice(NoticeKind.DEVICE_LOST))
        desk.scanner.plug()
        await desk.until(is_notice(NoticeKind.DEVICE_BACK))
        assert await desk.scan(doubtful) == BAD


async def test_repeated_garbage_is_told_once_and_then_counted(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        for _ in range(5):
            desk.scanner.send(b"]X9hello\r")
            assert await desk.scanner.hear() == BAD
        assert len(desk.notices) == 1
        desk.clock.advance(11)
        more = await desk.until(lambda record: isinstance(record, Notice) and "times" in record.data)
        assert isinstance(more, Notice)
        assert more.data["times"] == 4


async def test_an_open_transaction_that_times_out_is_told_to_the_ledger(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        desk.clock.advance(121)
        notice = await desk.until(is_notice(NoticeKind.SCAN_REFUSED))
        assert isinstance(notice, Notice)
        assert "NOT BOOKED" in notice.text
        assert "ABC123" in notice.text
        assert await desk.scanner.hear() == BAD
        assert await desk.scan("LW.COMMIT") == BAD
        assert desk.booked == []


async def test_items_that_are_open_when_the_gateway_stops_are_told_to_the_ledger(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        assert desk.records == []
    (notice,) = desk.notices
    assert "was not committed when the gateway stopped" in notice.text
    assert "ABC123" in notice.text


async def test_an_unplugged_scanner_is_told_once_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        desk.scanner.unplug()
        await desk.until(is_notice(NoticeKind.DEVICE_LOST))
        desk.clock.advance(42)
        desk.scanner.plug()
        back = await desk.until(is_notice(NoticeKind.DEVICE_BACK))
        assert isinstance(back, Notice)
        assert back.data["after_s"] == 42
        assert await desk.scan("LW.COMMIT") == GOOD
        assert [notice.notice for notice in desk.notices] == [NoticeKind.DEVICE_LOST, NoticeKind.DEVICE_BACK]
        assert desk.booked[0].lines[0].lot == "ABC123"


async def test_a_scanner_that_was_never_there_is_lost_with_advice_until_it_comes(tmp_path: Path) -> None:
    async with a_dock(tmp_path, plugged=False) as desk:
        lost = await desk.until(is_notice(NoticeKind.DEVICE_LOST))
        assert isinstance(lost, Notice)
        assert "plug the scanner in" in lost.text
        desk.scanner.plug()
        await desk.until(is_notice(NoticeKind.DEVICE_BACK))
        assert await desk.scan("LW.BADGE.amy") == GOOD


async def test_a_full_journal_is_told_to_the_operator_and_the_items_stay_open(tmp_path: Path) -> None:
    async with a_dock(tmp_path) as desk:
        await opened(desk)
        await desk.scan(*RECEIVE, BOX_A)
        desk.is_full = True
        assert await desk.scan("LW.COMMIT") == BAD
        assert desk.booked == []
        desk.is_full = False
        assert await desk.scan("LW.COMMIT") == GOOD
        assert desk.booked[0].lines[0].lot == "ABC123"
