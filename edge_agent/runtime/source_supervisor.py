"""What the agent listens to: planned from the configuration, started, and swapped one by one when that changes."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from edge_agent.config.model import BleBus, BusSection, DeviceSection, GatewayConfig
from edge_agent.dock.dock_context import DockContext
from edge_agent.domain.wire.records import Record
from edge_agent.drivers.base import Emit, Source
from edge_agent.drivers.build import build_buses
from edge_agent.drivers.modbus.bus import Latency
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.runtime.heartbeat import Progress
from edge_agent.timekeeping.clock import Clock

SILENT_MAX_S = 60.0
"""A scanner's task says something about every half second; a bus at least once in its longest pause, and this."""
SWAP_S = 10.0
"""How long a source may take to end before the next one is started without it."""


@dataclass(frozen=True)
class Plan:
    """A source and what it was made from: equal ``spec``, same source. ``within_s`` None: it may be silent for ever."""

    source: Source
    spec: object
    within_s: float | None = None


def plan_sources(config: GatewayConfig, clock: Clock, dock_context: DockContext | None = None) -> tuple[Plan, ...]:
    """Every bus and scanner of the configuration. Nothing is opened yet. Raises ``ConfigError``."""
    return (*_buses(config, clock), *_docks(config, clock, dock_context))


class Sources:
    """The tasks of all sources, by name."""

    def __init__(self, emit: Emit, progress: Progress, latency: Latency = lambda _device, _latency_s: None) -> None:
        """``latency`` is told how long polled devices take to answer."""
        self._emit = emit
        self._latency = latency
        self._progress = progress
        self._running: dict[str, tuple[Plan, asyncio.Task[None]]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """One task each; none of them ends by itself."""
        return [task for _, task in self._running.values()]

    async def swap(self, plans: Iterable[Plan]) -> tuple[str, ...]:
        """Run exactly ``plans``. What is the same as before is left alone; gives what was ended, changed or begun."""
        wanted = {plan.source.name: plan for plan in plans}
        changed = []
        for name, (plan, _) in list(self._running.items()):
            if name not in wanted or wanted[name].spec != plan.spec:
                await self._end(name)
                changed.append(name)
        for name, plan in wanted.items():
            if name not in self._running:
                self._begin(plan)
                changed.append(name)
        return tuple(dict.fromkeys(changed))

    async def end(self) -> None:
        """Stop all."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _begin(self, plan: Plan) -> None:
        name = plan.source.name
        if plan.within_s is not None:
            self._progress.expect(name, plan.within_s)

        async def emit(record: Record) -> None:
            self._progress.sign(name)
            await self._emit(record)
            self._progress.sign(name)

        alive = getattr(plan.source, "on_alive", None)
        if alive is not None:
            alive(lambda: self._progress.sign(name))
        on_latency = getattr(plan.source, "on_latency", None)
        if on_latency is not None:
            on_latency(self._latency)
        self._running[name] = (plan, asyncio.create_task(plan.source.run(emit), name=name))

    async def _end(self, name: str) -> None:
        _, task = self._running.pop(name)
        self._progress.forget(name)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task], timeout=SWAP_S)


def _buses(config: GatewayConfig, clock: Clock) -> Iterator[Plan]:
    sections = {bus.name: bus for bus in config.bus}
    others: dict[str, object] = {section.name: section for section in config.particle_sensor}
    others |= {section.name: section for section in config.contact}
    for source in build_buses(config, clock):
        bus = sections.get(source.name)
        if bus is None:
            yield Plan(source, others[source.name])
            continue
        devices = tuple(device for device in config.device if device.bus == bus.name)
        wired = [device for device in devices if isinstance(device, DeviceSection)]
        profiles = tuple(load_profile(device.profile, *config.profile_folders) for device in wired)
        yield Plan(source, (bus, devices, profiles), _within_s(bus, wired))


def _within_s(bus: BusSection, wired: list[DeviceSection]) -> float | None:
    """A polled bus says something at each poll, well or not. Radio is silent when nobody sends: that is no hang."""
    if isinstance(bus, BleBus) or not wired:
        return None
    longest_s = max(bus.retry_max_s, *(device.poll_s for device in wired))
    return 2 * longest_s + len(wired) * max(bus.timeout_s, bus.budget_s or 0.0) + SILENT_MAX_S


def _docks(config: GatewayConfig, clock: Clock, dock_context: DockContext | None) -> Iterator[Plan]:
    if not config.scanner:
        return
    # Not at the top: a gateway without scanners does not pay for the tables of GS1 (about 17 MB).
    from edge_agent.dock.build import build_docks

    for section, source in zip(config.scanner, build_docks(config, clock, dock_context), strict=True):
        yield Plan(source, section, SILENT_MAX_S)
