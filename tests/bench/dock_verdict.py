"""How long an operator waits for the bad beep of a held lot, on a real serial line, with a large desk."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from edge_agent.buffer.desk_store import DeskStore
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.build import build_docks
from edge_agent.dock.dock_context import DockContext
from edge_agent.domain.stock.desk import DeskBalance, DeskBlock
from edge_agent.domain.stock.eligibility import HoldKind
from edge_agent.domain.wire.records import Record
from edge_agent.simulators.scanner import SimulatedScanner, label
from edge_agent.timekeeping.clock import SystemClock
from tests.bench.figure import Figure
from tests.support.desk_parts import INSULIN, SITE, desk_from, lot

LOTS = 10_000
SCANS = 500
FAR = date(2030, 12, 31)
SETTING = ("LW.ACTION.PICK", "LW.PLACE.fridge-a", "LW.PLACE.dock-1")


def dock_verdict_p99_ms() -> Figure:
    """Scan sent -> bad beep heard, 99th percentile; the refusal's notice is recorded after the beep."""
    with tempfile.TemporaryDirectory() as directory:
        waits_ms = asyncio.run(_measure(Path(directory)))
    return Figure(
        "dock_verdict_p99_ms",
        statistics.quantiles(waits_ms, n=100)[98],
        "ms",
        target=50,
        note=f"scan to beep on a PTY, {LOTS:,} held lots on the desk; median {statistics.median(waits_ms):.2f} ms",
    )


async def _measure(data_dir: Path) -> list[float]:
    clock = SystemClock()
    blocks = (DeskBlock(HoldKind.MANUAL, "on hold"),)
    lots = tuple(lot("insulin", f"L{n:05d}", FAR, DeskBalance("fridge-a", 5), blocks=blocks) for n in range(LOTS))
    DeskStore(data_dir).keep(desk_from(replace(SITE, lots=lots), clock))
    with SimulatedScanner(data_dir / "scanner") as scanner:
        config = GatewayConfig.model_validate(
            {
                "gateway": {"name": "gw-test", "data_dir": data_dir},
                "uplink": {"url": "https://ledger.example"},
                "scanner": [{"name": "dock/scanner", "port": str(scanner.path)}],
            }
        )
        dock_context = DockContext(config, clock)
        (dock,) = build_docks(config, clock, dock_context)
        serving = asyncio.create_task(dock.run(_nowhere))
        await scanner.scan_until_answered("LW.BADGE.amy", aim="]C0")
        for text in SETTING:
            await scanner.scan(text, aim="]C0")
            await scanner.hear()
        waits_ms = [await _wait_ms(scanner, label(INSULIN, f"L{n * 17 % LOTS:05d}", FAR)) for n in range(SCANS)]
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return waits_ms


async def _wait_ms(scanner: SimulatedScanner, text: str) -> float:
    began_s = time.perf_counter()
    await scanner.scan(text)
    beep = await scanner.hear()
    if beep != b"\x15":
        raise AssertionError(f"the dock answered {beep!r} to a held lot")
    return (time.perf_counter() - began_s) * 1000


async def _nowhere(_: Record) -> None:
    """The journal is not what is measured."""


FIGURES = {"dock_verdict_p99_ms": dock_verdict_p99_ms}
