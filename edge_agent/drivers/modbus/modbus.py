"""Modbus TCP through pymodbus, with its traps guarded (seen in 3.16).

* pymodbus counts unanswered requests over all units and closes the connection for everybody, and reconnects by its
  own clock: both are switched off. The bus closes a connection over which none of its devices answers any more.
* pymodbus takes an answer with transaction id 0 for any request, does not compare the function code, and takes any
  number of registers. :func:`fault_in_answer` looks at the bytes before pymodbus does.
* An undecodable answer raises inside asyncio's data callback, where nobody waits for it; the request then runs into
  its time-out. Here such bytes never reach pymodbus: the request fails at once, and the connection is made anew,
  because what follows cannot be trusted either.
* A late answer has the transaction id of a request that was given up: it is skipped. Half a late answer that is left
  in the buffer would put the next one out of step: then, too, the connection is made anew.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Container
from dataclasses import dataclass
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from edge_agent.drivers.modbus.pdu import UNIT_IS_SILENT, Ask, Request, Write, fault_in_pdu, meaning_of_exception
from edge_agent.drivers.modbus.ports import Trace
from edge_agent.errors import BadFrame, DeviceLost, DeviceRefused

PAST_MAX = 64
"""Late or repeated answers are recognised for so many past requests."""

# It logs every time-out at level error; we log when a device is lost and when it is back.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that an answer has to fit."""

    transaction: int
    unit: int
    ask: Ask


def fault_in_answer(data: bytes, asked: Asked | None, past: Container[int]) -> str | None:
    """What is wrong with the bytes received so far, in words; None while they may still become, or hold, an answer.

    ``asked`` is None while nothing is asked. Late or repeated answers to ``past`` requests are skipped.
    """
    at = 0
    while at < len(data):
        head = data[at : at + 7]
        if any(head[2:4]):
            return f"not a Modbus TCP header: {head.hex(' ')}"
        if len(head) < 6:
            return None
        length = int.from_bytes(head[4:6], "big")
        if not 3 <= length <= 254:
            return f"a Modbus TCP frame cannot have {length} bytes: {head.hex(' ')}"
        frame = data[at : at + 6 + length]
        if len(frame) < 6 + length:
            return None
        transaction = int.from_bytes(frame[:2], "big")
        if asked is not None and transaction == asked.transaction:
            return _fault_in_frame(frame, asked)
        if transaction not in past:
            return f"an answer to a request that was never made (transaction {transaction})"
        at += 6 + length
    return None


class ModbusTcpLink:
    """One TCP endpoint: a sensor with Ethernet, or a gateway with an RS-485 line behind it."""

    def __init__(self, host: str, port: int, timeout_s: float, trace: Trace | None = None) -> None:
        """``timeout_s`` bounds a connection attempt, and each request; ``trace`` is told every byte."""
        self._trace = trace
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._client: AsyncModbusTcpClient | None = None
        self._asked: Asked | None = None
        self._sending: tuple[int, Ask] | None = None
        self._past: deque[int] = deque(maxlen=PAST_MAX)
        self._failure: asyncio.Future[BadFrame | DeviceLost] | None = None
        self._out_of_step = False

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"{self._host}:{self._port}"

    @property
    def is_open(self) -> bool:
        """Whether the connection stands and its bytes are in step."""
        if self._client is None or not self._client.connected:
            return False
        return not self._out_of_step and not self._client.ctx.recv_buffer

    async def open(self) -> None:
        """Connect anew. Raises ``DeviceLost``."""
        self.close()
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=self._timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace_packet,
            trace_connect=self._trace_connect,
        )
        client.set_max_no_responses(1 << 30)
        try:
            is_connected = await client.connect()
        except (OSError, UnicodeError, ModbusException) as error:
            raise DeviceLost(self.endpoint, f"no connection to {self.endpoint}: {error}") from error
        if not is_connected:
            raise DeviceLost(
                self.endpoint,
                f"no connection to {self.endpoint} (refused, unreachable, or no answer within {self._timeout_s:g} s): "
                "check power, cable and address",
            )
        self._client = client

    def close(self) -> None:
        """Disconnect; harmless when closed."""
        client, self._client = self._client, None
        self._out_of_step = False
        self._past.clear()  # the next connection counts its transactions from 1 again
        if client is not None:
            client.close()

    async def read(self, unit: int, request: Request) -> tuple[int, ...]:
        """The registers (or coils) asked for. Raises ``DeviceLost``, ``BadFrame`` or ``DeviceRefused``."""
        answer = await self._answer(unit, request)
        return tuple(map(int, answer.bits[: request.count] if request.function in (1, 2) else answer.registers))

    async def write(self, unit: int, write: Write) -> None:
        """Write, and wait for the confirmation. Raises as :meth:`read`."""
        await self._answer(unit, write)

    async def _answer(self, unit: int, ask: Ask) -> ModbusPDU:
        if self._client is None or not self.is_open:
            raise DeviceLost(self.endpoint, f"the connection to {self.endpoint} is closed, or out of step")
        try:
            answer = await self._ask(self._client, unit, ask)
        except (ModbusException, OSError, TimeoutError) as error:
            reason = f"unit {unit} at {self.endpoint} did not answer within {self._timeout_s:g} s"
            raise DeviceLost(self.endpoint, reason) from error
        finally:
            if self._asked is not None:
                self._past.append(self._asked.transaction)
            self._asked = self._sending = self._failure = None
        if answer.isError():
            raise self._refusal(unit, answer.exception_code)
        return answer

    async def _ask(self, client: AsyncModbusTcpClient, unit: int, ask: Ask) -> ModbusPDU:
        """The answer, or the first thing that goes wrong, whichever comes first."""
        self._sending = (unit, ask)
        self._failure = asyncio.get_running_loop().create_future()
        answer = asyncio.ensure_future(_sent(client, unit, ask))
        either: set[asyncio.Future[Any]] = {answer, self._failure}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                raise self._failure.result()
            return await answer
        finally:
            if not answer.done():
                answer.cancel()
                self._out_of_step = True  # pymodbus would take the answer to this request for one to the next
            elif not answer.cancelled():
                answer.exception()  # seen, so that asyncio does not complain about it

    def _refusal(self, unit: int, code: int) -> DeviceLost | DeviceRefused:
        reason = f"unit {unit} at {self.endpoint}: exception {code}, {meaning_of_exception(code)}"
        if code in UNIT_IS_SILENT:
            return DeviceLost(self.endpoint, reason)
        return DeviceRefused(self.endpoint, code, reason)

    def _trace_packet(self, sending: bool, data: bytes) -> bytes:
        """Called by pymodbus with each frame it sends, and with the bytes received and not yet used."""
        if self._trace is not None:
            self._trace(sending, data)
        if sending:
            if self._sending is not None:
                self._asked = Asked(int.from_bytes(data[:2], "big"), *self._sending)
            return data
        fault = fault_in_answer(data, self._asked, self._past)
        if fault is None:
            return data
        self._fail(BadFrame(self.endpoint, fault))
        return b""

    def _trace_connect(self, is_connected: bool) -> None:
        if not is_connected:
            self._fail(DeviceLost(self.endpoint, f"{self.endpoint} closed the connection"))

    def _fail(self, error: BadFrame | DeviceLost) -> None:
        self._out_of_step = True
        if self._failure is not None and not self._failure.done():
            self._failure.set_result(error)


def _sent(client: AsyncModbusTcpClient, unit: int, ask: Ask) -> Awaitable[ModbusPDU]:
    if isinstance(ask, Request):
        read = {
            1: client.read_coils,
            2: client.read_discrete_inputs,
            3: client.read_holding_registers,
            4: client.read_input_registers,
        }[ask.function]
        return read(ask.address, count=ask.count, device_id=unit)
    if ask.function == 5:
        return client.write_coil(ask.address, bool(ask.values[0]), device_id=unit)
    if ask.function == 6:
        return client.write_register(ask.address, ask.values[0], device_id=unit)
    return client.write_registers(ask.address, list(ask.values), device_id=unit)


def _fault_in_frame(frame: bytes, asked: Asked) -> str | None:
    if frame[6] != asked.unit:
        return f"unit {frame[6]} answers for unit {asked.unit}"
    return fault_in_pdu(frame[7:], asked.ask)
