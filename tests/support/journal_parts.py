"""Small real parts for tests of the durable path: records, keys, journals."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.opening import start_journal
from edge_agent.domain.wire.ids import BootId, DeviceName, GatewayName
from edge_agent.domain.wire.records import Action, Notice, Quality, Reading, Record, ScanLine, ScanTransaction, Stamp
from edge_agent.domain.wire.wire import decode_batch, decode_record
from edge_agent.timekeeping.clock import ManualClock
from edge_agent.uplink.identity import Identity

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
GATEWAY = GatewayName("gw-test")
BOOT = BootId("00000000-0000-4000-8000-000000000001")
IDENTITY = Identity(bytes(range(32)))


def stamp_of(number: int) -> Stamp:
    return Stamp(START + timedelta(seconds=number), number * 1000, BOOT, True)


def reading(number: int) -> Reading:
    return Reading(stamp_of(number), DeviceName("fridge-a/probe-1"), Quality.GOOD, {"temp_c": 4.0 + number / 1000})


def scan(number: int) -> ScanTransaction:
    line = ScanLine("09506000134352", 1, f"]d20109506000134352{number}", lot=f"L{number}")
    return ScanTransaction(
        stamp_of(number), f"{number:08d}-0000-4000-8000-000000000000", DeviceName("dock/scanner"), Action.RECEIVE,
        "op-1", (line,),
    )  # fmt: skip


def open_journal(path: Path, *, bytes_max: int = 64_000_000, clock: ManualClock | None = None) -> Journal:
    return start_journal(
        path,
        GATEWAY,
        sign=IDENTITY.sign,
        verify=IDENTITY.verify,
        clock=clock or ManualClock(START),
        bytes_max=bytes_max,
    )


def records_in(raw: bytes) -> list[Record]:
    return [decode_record(line) for line in decode_batch(raw).lines]


def all_records(journal: Journal, lane: str) -> list[Record]:
    return [record for batch in journal.batches() if batch.lane == lane for record in records_in(batch.raw)]


def gaps_in(journal: Journal) -> list[Notice]:
    return [r for r in all_records(journal, "scans") if isinstance(r, Notice) and r.notice == "gap"]
