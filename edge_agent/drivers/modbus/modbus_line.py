"""Modbus RTU and ASCII on a serial line with several units, straight or through a device server on TCP.

Why not pymodbus' own serial client (seen in 3.16): a wrong checksum is thrown away in silence, and becomes a time-out
that names the wrong culprit; what arrives late for one unit is looked at as the answer of the next; local echo is
known to its blocking client only. Its checksums are used.

The traps of a line, and what is done:

* A late answer: bytes that come while nothing is asked are discarded. A unit that did not answer is not asked again
  before ``timeout_s`` has passed once more, and its late frame is passed over while another unit is asked.
* Garbage: the request fails at once as no answer, then the line is left alone until it is quiet.
* Echo: many RS-485 adapters hear themselves. An echo before an answer to a read (which can never look like its
  request) is recognised, remembered, and expected before the answers to writes, which do look like their requests.
* A dead unit costs its time-out and nothing else; the port is never closed because of it.
"""

import asyncio
import logging

from edge_agent.drivers.modbus.modbus_framing import Framing, Whole
from edge_agent.drivers.modbus.pdu import (
    UNIT_IS_SILENT,
    Ask,
    Request,
    Write,
    fault_in_pdu,
    meaning_of_exception,
    pdu_of,
    words_of,
)
from edge_agent.drivers.modbus.ports import Pipe, Port, Trace
from edge_agent.errors import BadFrame, DeviceLost, DeviceRefused

QUIET_S = 0.03
"""A line on which nothing comes for so long is quiet: longer than USB adapters hold bytes back (16 ms)."""

_log = logging.getLogger(__name__)


class ModbusLineLink:
    """One line with its units, as a ``Link``."""

    def __init__(self, port: Port, framing: Framing, timeout_s: float, trace: Trace | None = None) -> None:
        """``timeout_s`` bounds opening, and each request; ``trace`` is told every byte."""
        self._port = port
        self._framing = framing
        self._timeout_s = timeout_s
        self._trace = trace
        self._pipe: Pipe | None = None
        self._closing: Pipe | None = None
        self._unanswered: dict[int, tuple[Ask, float]] = {}
        self._echoes = False

    @property
    def endpoint(self) -> str:
        """The port."""
        return self._port.endpoint

    @property
    def echoes(self) -> bool:
        """Whether the adapter was found to hear itself."""
        return self._echoes

    @property
    def is_open(self) -> bool:
        """Whether the port is open."""
        return self._pipe is not None and self._pipe.is_open

    async def open(self) -> None:
        """Open the port anew. Raises ``DeviceLost``."""
        self.close()
        if self._closing is not None:
            await self._closing.wait_closed(self._timeout_s)  # it takes a moment, and the port is ours alone till then
            self._closing = None
        self._pipe = await Pipe.open(self._port, self._timeout_s, self._trace)

    def close(self) -> None:
        """Close the port; harmless when closed."""
        pipe, self._pipe = self._pipe, None
        self._unanswered.clear()
        if pipe is not None:
            pipe.close()
            self._closing = pipe

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        """The registers (or coils) asked for. Raises ``DeviceLost``, ``BadFrame`` or ``DeviceRefused``."""
        return words_of(await self._answer(unit, request), request)

    async def write(self, unit: int, write: Write) -> None:
        """Write, and wait for the confirmation. Raises as :meth:`read`."""
        await self._answer(unit, write)

    async def _answer(self, unit: int, ask: Ask) -> bytes:
        if self._pipe is None or not self._pipe.is_open:
            raise DeviceLost(self.endpoint, f"{self.endpoint} is closed")
        await self._outwait(unit)
        self._pipe.take()  # late, or noise: nobody asked for it
        sent = self._framing.frame(unit, pdu_of(ask))
        self._pipe.send(sent)
        try:
            pdu = await self._heard(self._pipe, sent, unit, ask)
        except BadFrame:
            await self._quiet(self._pipe)
            raise
        if pdu[0] & 0x80:
            raise self._refusal(unit, pdu[1])
        return pdu

    async def _outwait(self, unit: int) -> None:
        """Let the late answer to the last request to ``unit`` come and go."""
        if unit not in self._unanswered:
            return
        _, since_s = self._unanswered.pop(unit)
        wait_s = since_s + self._timeout_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _heard(self, pipe: Pipe, sent: bytes, unit: int, ask: Ask) -> bytes:
        """The answer, once it is whole. Raises ``BadFrame``, or ``DeviceLost`` when nothing comes."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._timeout_s
        data = b""
        while (left_s := deadline_s - loop.time()) > 0:
            data += await pipe.more(left_s)
            found = self._found(data, sent, unit, ask)
            if found is not None:
                return found
        self._unanswered[unit] = (ask, loop.time())
        rest = self._past_echo(data, sent, ask)
        if rest:
            raise BadFrame(self.endpoint, f"unit {unit} at {self.endpoint}: half an answer: {rest[:40].hex(' ')}")
        hint = " (the adapter received its own transmission: echo)" if data else ""
        reason = f"unit {unit} at {self.endpoint} did not answer within {self._timeout_s:g} s{hint}"
        raise DeviceLost(self.endpoint, reason)

    def _found(self, data: bytes, sent: bytes, unit: int, ask: Ask) -> bytes | None:
        rest = self._past_echo(data, sent, ask)
        while rest:
            whole = self._next_frame(rest, unit, ask)
            if whole is None:
                return None
            fault = None if whole.unit == unit else f"unit {whole.unit} answers for unit {unit}"
            if fault is None:
                fault = fault_in_pdu(whole.pdu, ask)
            elif whole.unit in self._unanswered:
                rest = rest[whole.end :]
                continue
            if fault is not None:
                raise BadFrame(self.endpoint, f"{self.endpoint}: {fault}")
            return whole.pdu
        return None

    def _next_frame(self, data: bytes, unit: int, ask: Ask) -> Whole | None:
        """The next frame: the answer, or a late one of another unit, whose length follows from what it was asked."""
        found = self._framing.cut(data, unit, ask)
        late = self._unanswered.get(data[0])
        if isinstance(found, str) and late is not None:
            found = self._framing.cut(data, data[0], late[0])
        if isinstance(found, str):
            raise BadFrame(self.endpoint, f"unit {unit} at {self.endpoint}: {found}")
        return found

    def _past_echo(self, data: bytes, sent: bytes, ask: Ask) -> bytes:
        """``data`` without the echo of what was sent."""
        could_be_echo = self._echoes or isinstance(ask, Request)
        if not could_be_echo or not data.startswith(sent):
            return b"" if could_be_echo and sent.startswith(data) else data
        if not self._echoes:
            self._echoes = True
            _log.info("%s hears itself (local echo): its own requests are left out", self.endpoint)
        return data[len(sent) :]

    async def _quiet(self, pipe: Pipe) -> None:
        """Wait until nothing comes any more, at most one time-out: what goes on would spoil the next answer."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._timeout_s
        while loop.time() < until_s and await pipe.more(QUIET_S):
            pass

    def _refusal(self, unit: int, code: int) -> DeviceLost | DeviceRefused:
        reason = f"unit {unit} at {self.endpoint}: exception {code}, {meaning_of_exception(code)}"
        if code in UNIT_IS_SILENT:
            return DeviceLost(self.endpoint, reason)
        return DeviceRefused(self.endpoint, code, reason)
