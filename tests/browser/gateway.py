"""A whole gateway for the browser: the real agent with its page, a scanner on a pseudo-terminal, sensors by hand."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edge_agent.agent import run
from edge_agent.buffer.desk_store import DeskStore
from edge_agent.config.model import DeskSection, GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.domain.stock.desk import DeskSnapshot
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record
from edge_agent.drivers.base import Emit
from edge_agent.runtime.source_supervisor import Plan, plan_sources
from edge_agent.simulators.scanner import SimulatedScanner
from edge_agent.timekeeping.clock import SystemClock, stamp
from edge_agent.uplink.identity import Identity
from tests.support.desk_parts import SITE, desk_from


class ByHand:
    """A source that emits what it is given."""

    name = "by-hand"

    def __init__(self) -> None:
        self.said: asyncio.Queue[Record] = asyncio.Queue()

    async def run(self, emit: Emit) -> None:
        while True:
            await emit(await self.said.get())


class Gateway:
    """The running agent and everything to play with it."""

    def __init__(
        self, dock_context: DockContext, scanner: SimulatedScanner, by_hand: ByHand, clock: SystemClock
    ) -> None:
        self.dock_context = dock_context
        self.scanner = scanner
        self._by_hand = by_hand
        self._clock = clock
        self.url = ""
        self.has_page = asyncio.Event()

    def found(self, url: str) -> None:
        self.url = url
        self.has_page.set()

    async def scan(self, *texts: str) -> None:
        for text in texts:
            await self.scanner.scan(text, aim="]C0" if text.startswith("LW.") else None)
            await self.scanner.hear()

    def measure(self, device: str, quality: Quality = Quality.GOOD, **values: float) -> None:
        self._by_hand.said.put_nowait(Reading(stamp(self._clock), DeviceName(device), quality, values))

    def lose(self, device: str) -> None:
        text = f"{device} is lost: no answer within 1 s"
        self._by_hand.said.put_nowait(Notice(stamp(self._clock), NoticeKind.DEVICE_LOST, device, text))


@asynccontextmanager
async def a_gateway(tmp_path: Path, site: DeskSnapshot = SITE) -> AsyncIterator[Gateway]:
    clock = SystemClock()
    scanner = SimulatedScanner(tmp_path / "scanner-1")
    scanner.plug()
    config = GatewayConfig.model_validate(
        {
            "gateway": {"name": "gw-test", "data_dir": tmp_path / "data"},
            "uplink": {"url": "http://127.0.0.1:9", "timeout_s": 1},
            "desk": DeskSection(pull_s=3600),
            "page": {"port": 0},
            "scanner": [{"name": "dock-1/scanner", "port": str(scanner.path)}],
        }
    )
    Identity.load_or_make(config.gateway.data_dir)
    DeskStore(config.gateway.data_dir).keep(desk_from(site, clock))
    dock_context, by_hand, stop = DockContext(config, clock), ByHand(), asyncio.Event()
    gateway = Gateway(dock_context, scanner, by_hand, clock)
    plans = (*plan_sources(config, clock, dock_context), Plan(by_hand, by_hand))
    agent = asyncio.create_task(
        run(
            config,
            clock,
            plans,
            stop=stop,
            random=random.Random(1).random,
            dock_context=dock_context,
            on_page=gateway.found,
        )
    )
    try:
        async with asyncio.timeout(20):
            await gateway.has_page.wait()
            await scanner.scan_until_answered("LW.CANCEL", aim="]C0")
        yield gateway
    finally:
        stop.set()
        await agent
        scanner.unplug()
