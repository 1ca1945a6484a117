"""Cheap particle sensors on a serial port, to develop with: their values are indicative and named so.

Neither is an ISO 21501-4 counter: flow, efficiency and coincidence are not controlled. No cleanroom is judged by them.
"""

import asyncio
from collections.abc import Sequence

from edge_agent.config.model import ParticleSensorSection
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.base import Source
from edge_agent.drivers.modbus.bus import Bus, BusDevice, Sleep
from edge_agent.drivers.modbus.pdu import Request, Write
from edge_agent.drivers.modbus.poll_exchange import BusFinding, SharedLine
from edge_agent.drivers.modbus.ports import Pipe, SerialPort
from edge_agent.drivers.modbus.register_decode import Decoded
from edge_agent.drivers.particles import plantower, sps30
from edge_agent.drivers.particles.counter_decode import invalid
from edge_agent.errors import BadFrame, DeviceLost
from edge_agent.timekeeping.clock import Clock, stamp

ANSWER_S = 2.5
"""A PMS5003 sends every 0.2 to 2.3 s; an SPS30 answers at once."""
BAUDRATES = {"pms5003": 9600, "sps30": 115200}


def particle_sensor(section: ParticleSensorSection, clock: Clock, sleep: Sleep = asyncio.sleep) -> Source:
    """The source of one such sensor: a bus of its own, with one device that is no Modbus unit."""
    link = PipeLink(SerialPort(section.port, BAUDRATES[section.model]), ANSWER_S)
    exchange = PlantowerExchange(link, clock) if section.model == "pms5003" else Sps30Exchange(link, clock)
    device = BusDevice(DeviceName(section.name), 0, None, section.poll_s, exchange=exchange)
    return Bus(section.name, link, [device], clock, section.retry_max_s, sleep)


class PipeLink:
    """A serial port for one device with a protocol of its own. It has no registers."""

    def __init__(self, port: SerialPort, timeout_s: float) -> None:
        self._port = port
        self.timeout_s = timeout_s
        self._pipe: Pipe | None = None
        self._closing: Pipe | None = None
        self.opened = 0
        """How often it was opened: the device may have been switched off in between."""

    @property
    def endpoint(self) -> str:
        """The port."""
        return self._port.endpoint

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self._pipe is not None and self._pipe.is_open

    @property
    def pipe(self) -> Pipe:
        """The open port. Raises ``DeviceLost``."""
        if self._pipe is None:
            raise DeviceLost(self.endpoint, f"{self.endpoint} is closed")
        return self._pipe

    async def open(self) -> None:
        """Open the port anew. Raises ``DeviceLost``."""
        self.close()
        if self._closing is not None:
            await self._closing.wait_closed(self.timeout_s)
            self._closing = None
        self._pipe = await Pipe.open(self._port, self.timeout_s)
        self.opened += 1

    def close(self) -> None:
        """Close the port; harmless when closed."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
            self._closing = pipe

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        """It has none."""
        raise DeviceLost(self.endpoint, f"{self.endpoint} has no registers")

    async def write(self, unit: int, write: Write) -> None:
        """It has none."""
        raise DeviceLost(self.endpoint, f"{self.endpoint} has no registers")


class PlantowerExchange:
    """A PMS5003 sends on its own: the newest frame is taken."""

    def __init__(self, link: PipeLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._rest = b""

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        """The newest values. Raises ``BadFrame`` when only torn frames came, ``DeviceLost`` when nothing did."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._link.timeout_s
        data, torn = self._rest + self._link.pipe.take(), 0
        while True:
            cut = plantower.cut_frames(data)
            torn += cut.torn
            self._rest = cut.rest
            if cut.values is not None:
                return (BusFinding(stamp(self._clock), Decoded(cut.values)),)
            left_s = until_s - loop.time()
            data = cut.rest + (await self._link.pipe.more(left_s) if left_s > 0 else b"")
            if left_s <= 0:
                break
        endpoint = self._link.endpoint
        if torn or len(data) >= len(plantower.START):
            raise BadFrame(endpoint, f"{endpoint}: no whole frame in {self._link.timeout_s:g} s")
        raise DeviceLost(endpoint, f"{endpoint}: no frame within {self._link.timeout_s:g} s: check TX wire and 5 V")


class Sps30Exchange:
    """An SPS30 is started once, then asked."""

    def __init__(self, link: PipeLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._started_at = 0

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        """The newest values. Raises ``BadFrame`` or ``DeviceLost``."""
        if self._started_at != self._link.opened:
            await self._ask(sps30.START, bytes([1, 3]))  # refused when it measures already, which is fine
            self._started_at = self._link.opened
        reply = await self._ask(sps30.READ)
        now = stamp(self._clock)
        if reply.state:
            self._started_at = 0  # it was switched off in between
            return (BusFinding(now, invalid(f"the sensor reports state {reply.state:#04x}")),)
        if not reply.data:
            return (BusFinding(now, invalid("no new values yet", Quality.STALE)),)
        values = sps30.values_of(reply.data)
        return (BusFinding(now, invalid("the values are no numbers") if values is None else Decoded(values)),)

    async def _ask(self, command: int, data: bytes = b"") -> sps30.Reply:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._link.timeout_s
        pipe, received = self._link.pipe, b""
        pipe.take()
        pipe.send(sps30.command_frame(command, data))
        fault: str | None = None
        while (left_s := until_s - loop.time()) > 0:
            received += await pipe.more(left_s)
            found, received = sps30.next_reply(received)
            if isinstance(found, sps30.Reply) and found.command == command:
                return found
            fault = found if isinstance(found, str) else fault
        endpoint = self._link.endpoint
        if fault is not None:
            raise BadFrame(endpoint, f"{endpoint}: {fault}")
        raise DeviceLost(endpoint, f"{endpoint}: no answer within {self._link.timeout_s:g} s: check wires and SEL pin")
