"""Modbus RTU and ASCII units on one serial line, byte by byte, with the faults that lines and adapters have.

Checksums are computed here bit by bit, as the standard describes them, and not with the driver's code.
"""

import asyncio
import random
from collections import deque
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Generic, Literal, Self

from edge_agent.simulators.modbus import REQUESTS_KEPT, AnySlave, Asked, Fault, FaultKind
from edge_agent.simulators.pty import SerialEnd


def crc16(data: bytes) -> bytes:
    """Modbus over serial line 1.02, section 6.2.2; low byte first.

    >>> crc16(bytes.fromhex("01 04 00 01 00 01")).hex()
    '600a'
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def lrc(data: bytes) -> bytes:
    """Modbus over serial line 1.02, section 6.2.1.

    >>> lrc(bytes.fromhex("01 04 00 01 00 01")).hex()
    'f9'
    """
    return bytes([-sum(data) & 0xFF])


class ModbusLineSimulator(Generic[AnySlave]):
    """A serial port with one or more units on its line. Use as an async context manager.

    A unit id that nobody has is not answered. ``echoes`` makes the adapter hear itself; ``noise`` comes before each
    answer, as when a driver is switched on.
    """

    def __init__(
        self,
        path: Path,
        devices: Iterable[AnySlave],
        framing: Literal["rtu", "ascii"] = "rtu",
        *,
        echoes: bool = False,
        noise: bytes = b"",
        lower_case: bool = False,
        seed: int = 1,
    ) -> None:
        self.devices = {device.unit: device for device in devices}
        self.framing = framing
        self.requests: deque[Asked] = deque(maxlen=REQUESTS_KEPT)
        self.echoes = echoes
        self.noise = noise
        self._lower_case = lower_case
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._end = SerialEnd(path, self._heard)
        self._pending = b""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def path(self) -> Path:
        """The port that a gateway is to open."""
        return self._end.path

    def plug(self) -> None:
        """Plug the adapter in."""
        self._pending = b""
        self._end.plug()

    def unplug(self) -> None:
        """Pull the adapter out."""
        self._end.unplug()

    def send(self, data: bytes) -> None:
        """Raw bytes on the line, from nobody."""
        self._end.send(data)

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.unplug()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _heard(self, data: bytes) -> None:
        if self.echoes:
            self._end.send(data)
        self._pending = (self._pending + data)[-1024:]
        while (body := self._next_request()) is not None:
            unit, pdu = body[0], body[1:]
            address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
            self.requests.append(Asked(0, unit, pdu[0], address, count))
            if unit in self.devices:
                self._start(self._answer(unit, pdu))

    def _next_request(self) -> bytes | None:
        """The next request without its checksum; bytes that are none are passed over."""
        if self.framing == "ascii":
            start, end = self._pending.find(b":"), self._pending.find(b"\r\n")
            if start < 0 or end < start:
                return None
            body, self._pending = bytes.fromhex(self._pending[start + 1 : end].decode()), self._pending[end + 2 :]
            return body[:-1] if lrc(body[:-1]) == body[-1:] else None
        while len(self._pending) >= 8:
            size = 9 + self._pending[6] if self._pending[1] == 16 else 8
            frame = self._pending[:size]
            if len(frame) < size:
                return None
            if crc16(frame[:-2]) == frame[-2:]:
                self._pending = self._pending[size:]
                return frame[:-2]
            self._pending = self._pending[1:]
        return None

    def _start(self, answer: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(answer)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, unit: int, pdu: bytes) -> None:
        device = self.devices[unit]
        fault = device.take_fault()
        kind = fault.kind if fault else None
        reply = device.reply(pdu, fault)
        if kind is FaultKind.WRONG_TRANSACTION:  # no transactions here: it answers what somebody else asked
            reply = bytes([reply[0] ^ 0x07]) + reply[1:]
        if kind is FaultKind.WRONG_UNIT:
            unit ^= 0x01
        frame = self._frame(bytes([unit]) + reply)
        if kind is not FaultKind.DEAD:
            await self._send(self._spoilt(frame, kind), fault)

    async def _send(self, frame: bytes, fault: Fault | None) -> None:
        frame = self.noise + frame
        match fault.kind if fault else None:
            case FaultKind.DELAY | FaultKind.LATE if fault:
                await asyncio.sleep(fault.delay_s)
            case FaultKind.HALF if fault:
                self._end.send(frame[: len(frame) // 2])
                await asyncio.sleep(fault.delay_s)
                frame = frame[len(frame) // 2 :]
            case FaultKind.SPLIT:
                self._end.send(frame[:3])
                await asyncio.sleep(0.02)  # as USB adapters cut them
                frame = frame[3:]
            case FaultKind.CLOSE:
                self.unplug()
                self.plug()
                return
        self._end.send(frame)

    def _spoilt(self, frame: bytes, kind: FaultKind | None) -> bytes:
        if kind is FaultKind.CORRUPT:
            at = len(frame) // 2
            return frame[:at] + bytes([frame[at] ^ 0x01]) + frame[at + 1 :]
        if kind is FaultKind.GARBAGE:
            return b":\x55" + self._random.randbytes(24) + b"\r\n"
        return frame

    def _frame(self, body: bytes) -> bytes:
        if self.framing == "rtu":
            return body + crc16(body)
        digits = (body + lrc(body)).hex()
        return b":" + (digits if self._lower_case else digits.upper()).encode() + b"\r\n"
