"""One task per bus: polls its devices in turn, each when it is due, and says when one is lost and when it is back.

What a device does never stops the bus. A device that does not answer costs its own time-out, then less and less often
(a circuit breaker with growing pauses); an endpoint that cannot be reached fails all its devices at once, without
trying the connection for each of them. A bus that cannot keep up skips polls; it never makes up for missed ones. No
device keeps the bus for longer than its budget and one time-out.

What is said to a device is a :class:`PollExchange`: reading all its registers, unless its kind needs more than that.

What becomes a record:

==========================================  =========================================================================
what happened at a poll                     records
==========================================  =========================================================================
all metrics are good                        one good reading
some metrics are invalid                    a good reading with the others (if any), and a second reading without
                                            values whose quality (fault, range or stale) and detail say which and why
no answer, no connection                    one reading of quality timeout, at each poll that was tried
bytes that are no answer                    one reading of quality crc
the device says no (Modbus exception)       one reading of quality fault
a proof register contradicts the profile    one reading of quality fault, and a notice ``unproven``
the second unanswered poll in a row         also a notice ``device_lost``, and one line in the log
the first answer after that                 also a notice ``device_back`` with how long, and one line in the log
==========================================  =========================================================================
"""

import asyncio
import heapq
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Stamp
from edge_agent.drivers.base import Emit
from edge_agent.drivers.modbus.pdu import Request, Write
from edge_agent.drivers.modbus.poll_exchange import PollExchange
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.proof_watch import ProofWatch
from edge_agent.drivers.modbus.register_decode import (
    AS_IN_PROFILE,
    Decoded,
    Variant,
)
from edge_agent.drivers.modbus.register_poll import RegisterPoll
from edge_agent.errors import BadFrame, DeviceError, DeviceLost, DeviceRefused
from edge_agent.timekeeping.clock import Clock, stamp

LOST_AFTER = 2
"""Failed polls in a row that make a device lost. One missed answer is ordinary on RS-485."""

ASK_AGAIN_S = 2.0
"""When a device is asked again whose value jumped: late enough for another measurement of most sensors."""

Sleep = Callable[[float], Awaitable[None]]
Latency = Callable[[DeviceName, float], None]
"""Is told how long a device took, in seconds, for the slowest of the answers of one poll."""

_log = logging.getLogger(__name__)


class BusLink(Protocol):
    """A connection over which Modbus registers are read. One request at a time."""

    @property
    def endpoint(self) -> str:
        """Where it goes, for people: ``10.0.0.5:502``."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent without opening it first."""
        ...

    async def open(self) -> None:
        """Connect. Raises ``DeviceLost``."""
        ...

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        """The registers (or coils) asked for. Raises ``DeviceLost``, ``BadFrame`` or ``DeviceRefused``."""
        ...

    async def write(self, unit: int, write: Write) -> None:
        """Write, and wait for the confirmation. Raises as :meth:`read`."""
        ...

    def close(self) -> None:
        """Disconnect; harmless when closed."""
        ...


@dataclass(frozen=True, slots=True)
class BusDevice:
    """A device as its bus needs it. ``unit`` is the Modbus unit id; without an ``exchange``, its registers are read,
    and are stale when unchanged for ``stale_after_s``. What is no Modbus device has an exchange and no profile.
    """

    name: DeviceName
    unit: int
    profile: Profile | None
    poll_s: float
    variant: Variant = AS_IN_PROFILE
    exchange: PollExchange | None = None
    stale_after_s: float | None = None
    proof: ProofWatch | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """How often in a row something failed, and since when (monotonic seconds of the first failure)."""

    failures: int = 0
    since_s: float = 0.0

    @property
    def is_lost(self) -> bool:
        """Whether it failed often enough to be called lost."""
        return self.failures >= LOST_AFTER

    def failed(self, at_s: float) -> "Breaker":
        """After one more failure."""
        return Breaker(self.failures + 1, self.since_s if self.failures else at_s)

    def pause_s(self, first_s: float, max_s: float) -> float:
        """How long to leave it alone: ``first_s`` until it is lost, then twice as long with each failure."""
        doublings = min(max(0, self.failures - LOST_AFTER + 1), 32)
        return min(first_s * 2.0**doublings, max(first_s, max_s))


CLOSED = Breaker()
"""A breaker that lets everything through."""


def next_due_s(due_s: float, now_s: float, poll_s: float) -> float:
    """The next due time on the grid of ``poll_s`` that is still ahead: polls that were missed are skipped."""
    missed = max(0, math.floor((now_s - due_s) / poll_s))
    return due_s + (missed + 1) * poll_s


class Bus:
    """A bus and its devices, as a ``Source``."""

    def __init__(
        self,
        name: str,
        link: BusLink,
        devices: Sequence[BusDevice],
        clock: Clock,
        retry_max_s: float = 60.0,
        sleep: Sleep = asyncio.sleep,
        budget_s: float = 5.0,
    ) -> None:
        """``clock`` and ``sleep`` belong together: ``sleep`` returns when ``clock`` has gone on by that much.
        ``budget_s`` bounds what one poll of one device may take, give or take a time-out.
        """
        self._name = name
        self._link = link
        self._polls = [_Poll(device, device.exchange or _register_poll(device, clock)) for device in devices]
        self._clock = clock
        self._retry_max_s = retry_max_s
        self._sleep = sleep
        self._budget_s = budget_s
        self._link_breaker = CLOSED
        self._link_retry_s = 0.0
        self._link_fault = ""
        self._free_at_s = 0.0
        self._schedule: list[tuple[float, int]] = []
        self._longest_s = 0.0
        self._tell_latency: Latency = lambda _device, _latency_s: None

    def on_latency(self, tell: Latency) -> None:
        """Have ``tell`` called with each poll that a device answers."""
        self._tell_latency = tell

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    async def run(self, emit: Emit) -> None:
        """Poll and emit until cancelled; closes the connection then."""
        start_s = self._clock.mono_s()
        self._schedule = [(start_s, index) for index in range(len(self._polls))]
        try:
            while self._schedule:
                due_s, index = self._schedule[0]
                wait_s = due_s - self._clock.mono_s()
                if wait_s > 0:
                    await self._sleep(wait_s)
                    continue
                heapq.heappop(self._schedule)
                poll = self._polls[index]
                await self._poll(poll, emit)
                heapq.heappush(self._schedule, (self._due_after(poll, due_s), index))
        finally:
            self._link.close()

    def _due_after(self, poll: "_Poll", due_s: float) -> float:
        now_s = self._clock.mono_s()
        if poll.breaker.is_lost:
            return now_s + poll.breaker.pause_s(poll.device.poll_s, self._retry_max_s)
        if poll.quality is Quality.SUSPECT:
            return now_s + min(poll.device.poll_s, ASK_AGAIN_S)
        return next_due_s(due_s, now_s, poll.device.poll_s)

    async def _poll(self, poll: "_Poll", emit: Emit) -> None:
        self._longest_s = 0.0
        try:
            await self._ensure_open()
            found = await poll.exchange(_Line(self, poll.device))
        except DeviceRefused as refusal:
            await self._answered(poll, emit)
            await self._invalid(poll, Quality.FAULT, refusal.reason, emit)
        except (DeviceLost, BadFrame) as error:
            await self._failed(poll, error, emit)
        else:
            await self._answered(poll, emit)
            for each in found:
                await self._decoded(poll, each.decoded, each.stamp, emit)
                for text in each.unproven:
                    await self._unproven(poll, text, emit)

    async def _ensure_open(self) -> None:
        if self._link.is_open:
            return
        now_s = self._clock.mono_s()
        if now_s < self._link_retry_s:
            raise DeviceLost(self._link.endpoint, self._link_fault)
        try:
            await self._link.open()
        except DeviceLost as error:
            now_s = self._clock.mono_s()
            self._link_breaker = self._link_breaker.failed(now_s)
            self._link_retry_s = now_s + self._link_breaker.pause_s(1.0, self._retry_max_s)
            self._link_fault = error.reason
            raise
        if self._link_breaker.failures:
            self._link_breaker = CLOSED
            self._make_lost_devices_due()

    def _make_lost_devices_due(self) -> None:
        """The endpoint is back: its devices need not sit out the pauses that its absence gave them."""
        now_s = self._clock.mono_s()
        self._schedule = [
            (min(due_s, now_s) if self._polls[index].breaker.is_lost else due_s, index)
            for due_s, index in self._schedule
        ]
        heapq.heapify(self._schedule)

    async def _ask(self, device: BusDevice, ask: Request | Write, until_s: float) -> tuple[int, ...]:
        """One request, or a write (which brings nothing), with the pause of the model before it."""
        await self._keep_pause()
        if self._clock.mono_s() > until_s:
            raise DeviceLost(self._link.endpoint, f"{device.name} took longer than {self._budget_s:g} s for one poll")
        pause_s = device.profile.link.pause_s if device.profile is not None else 0.0
        on_wire = replace(ask, address=ask.address + device.variant.address_offset)
        asked_s = self._clock.mono_s()
        try:
            if isinstance(on_wire, Request):
                return await self._link.read(device.unit, on_wire)
            await self._link.write(device.unit, on_wire)
            return ()
        finally:
            now_s = self._clock.mono_s()
            self._longest_s = max(self._longest_s, now_s - asked_s)
            self._free_at_s = now_s + pause_s

    async def _keep_pause(self) -> None:
        wait_s = self._free_at_s - self._clock.mono_s()
        if wait_s > 0:
            await self._sleep(wait_s)

    async def _failed(self, poll: "_Poll", error: DeviceError, emit: Emit) -> None:
        was_lost = poll.breaker.is_lost
        poll.breaker = poll.breaker.failed(self._clock.mono_s())
        if all(poll.breaker.failures for poll in self._polls):
            self._link.close()  # it may be half open, which looks just so; one living device would speak for it
        now = stamp(self._clock)
        quality = Quality.CRC if isinstance(error, BadFrame) else Quality.TIMEOUT
        await emit(Reading(now, poll.device.name, quality, detail=error.reason))
        if poll.breaker.is_lost and not was_lost:
            poll.quality = Quality.GOOD  # what it was before is told by the loss
            _log.warning("%s lost: %s", poll.device.name, error.reason)
            text = f"{poll.device.name} is lost: {error.reason}"
            await emit(
                Notice(now, NoticeKind.DEVICE_LOST, poll.device.name, text, {"bus": self._name, "quality": quality})
            )

    async def _answered(self, poll: "_Poll", emit: Emit) -> None:
        self._tell_latency(poll.device.name, self._longest_s)
        breaker, poll.breaker = poll.breaker, CLOSED
        if not breaker.is_lost:
            return
        lost_s = round(self._clock.mono_s() - breaker.since_s, 1)
        _log.warning("%s back after %g s", poll.device.name, lost_s)
        text = f"{poll.device.name} is back after {lost_s:g} s"
        await emit(
            Notice(
                stamp(self._clock),
                NoticeKind.DEVICE_BACK,
                poll.device.name,
                text,
                {"bus": self._name, "lost_s": lost_s},
            )
        )

    async def _decoded(self, poll: "_Poll", decoded: Decoded, taken: Stamp, emit: Emit) -> None:
        if decoded.values:
            await emit(Reading(taken, poll.device.name, Quality.GOOD, decoded.values))
        if decoded.invalid:
            await self._invalid(poll, decoded.quality, decoded.detail, emit, taken)
        elif poll.quality is not Quality.GOOD:
            poll.quality = Quality.GOOD
            _log.warning("%s reports good values again", poll.device.name)

    async def _unproven(self, poll: "_Poll", text: str, emit: Emit) -> None:
        _log.warning("%s is not proven: %s", poll.device.name, text)
        told = f"{poll.device.name} is not proven: {text}"
        await emit(Notice(stamp(self._clock), NoticeKind.UNPROVEN, poll.device.name, told, {"bus": self._name}))

    async def _invalid(
        self, poll: "_Poll", quality: Quality, detail: str, emit: Emit, taken: Stamp | None = None
    ) -> None:
        if quality is not poll.quality:
            poll.quality = quality
            _log.warning("%s reports invalid values (%s): %s", poll.device.name, quality, detail)
        await emit(Reading(taken or stamp(self._clock), poll.device.name, quality, detail=detail))


class _Line:
    """The bus as one poll of one device has it."""

    def __init__(self, bus: Bus, device: BusDevice) -> None:
        self._bus = bus
        self._device = device
        self._until_s = bus._clock.mono_s() + bus._budget_s

    @property
    def time_left_s(self) -> float:
        return self._until_s - self._bus._clock.mono_s()

    async def read(self, request: Request) -> dict[int, int]:
        return dict(enumerate(await self._bus._ask(self._device, request, self._until_s), request.address))

    async def write(self, write: Write) -> None:
        await self._bus._ask(self._device, write, self._until_s)


def _register_poll(device: BusDevice, clock: Clock) -> RegisterPoll:
    if device.profile is None:
        raise ValueError("a device without an exchange needs a profile")
    return RegisterPoll(device.profile, device.variant, clock, device.stale_after_s, device.proof)


@dataclass(slots=True)
class _Poll:
    """A device with where it stands. ``quality`` is what its last answer was worth, so that changes are logged once."""

    device: BusDevice
    exchange: PollExchange
    breaker: Breaker = CLOSED
    quality: Quality = Quality.GOOD
