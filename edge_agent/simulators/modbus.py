"""Modbus TCP sensors, byte by byte: our own server, so that it can lie in every way that real ones do.

A device is a profile, a unit id and a source of values; its registers are laid out as the profile says, proof
registers included. A :class:`Fault` makes it misbehave. Nothing here is shared with the driver but the profile: bytes
are put together independently, so that a mistake in one of the two shows.
"""

import asyncio
import contextlib
import random
import struct
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, Self, TypeVar

from edge_agent.drivers.modbus.profile import Metric, Profile, Proof, Status
from edge_agent.drivers.modbus.profile_parts import WordOrder

REQUESTS_KEPT = 10_000
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, UNIT_IS_SILENT = 1, 2, 3, 11

Values = Callable[[], dict[str, float]]
"""Gives the value of each metric now."""


class FaultKind(StrEnum):
    """The ways in which a device can misbehave."""

    DEAD = "dead"  # never answers
    NO_PATH = "no_path"  # the gateway before it answers that the unit does not
    DELAY = "delay"  # answers after a while, and the line is busy meanwhile
    LATE = "late"  # answers after a while, and the line serves others meanwhile
    CORRUPT = "corrupt"  # the header is broken
    GARBAGE = "garbage"  # random bytes
    SHORT = "short"  # an answer with fewer registers than asked
    WRONG_TRANSACTION = "wrong_transaction"  # answers somebody else's request
    WRONG_UNIT = "wrong_unit"  # answers under another unit id
    EXCEPTION = "exception"  # says no
    NAN = "nan"  # floats are NaN, integers their lowest number
    SENTINEL = "sentinel"  # integers and floats are the profile's sentinel
    STUCK = "stuck"  # always the values it had at first
    SWAPPED = "swapped"  # the two words of each 32-bit value change places
    CLOSE = "close"  # closes the connection instead of answering
    SPLIT = "split"  # the answer comes in two segments
    HALF = "half"  # half of an answer, and the other half after a while


@dataclass(frozen=True, slots=True)
class Fault:
    """How a device misbehaves. ``delay_s`` goes with delay, late and half; ``code`` with exception."""

    kind: FaultKind
    delay_s: float = 0.0
    code: int = 4


@dataclass(slots=True)
class SimulatedDevice:
    """A sensor, or a board with ``inputs``: the values of those that are connected, by number from 1.

    ``address_offset`` and ``word_order`` are those of this unit, which a driver has to find out.

    ``faults_left`` bounds how many requests the fault spoils (None: all).
    """

    profile: Profile
    unit: int
    values: Values
    address_offset: int = 0
    word_order: WordOrder | None = None
    serial: str = "12345678"
    fault: Fault | None = None
    faults_left: int | None = None
    stuck: dict[str, float] = field(default_factory=dict)
    inputs: dict[int, Values] = field(default_factory=dict)

    def misbehave(self, kind: FaultKind, *, delay_s: float = 0.0, code: int = 4, times: int | None = None) -> None:
        """From now on, for ``times`` requests or until :meth:`behave`."""
        self.fault, self.faults_left, self.stuck = Fault(kind, delay_s, code), times, {}

    def behave(self) -> None:
        """No fault any more."""
        self.fault = None

    def take_fault(self) -> Fault | None:
        """The fault for the request at hand."""
        if self.fault is None or self.faults_left == 0:
            return None
        if self.faults_left is not None:
            self.faults_left -= 1
        return self.fault

    def reply(self, pdu: bytes, fault: Fault | None = None) -> bytes:
        """The protocol data unit that answers ``pdu``."""
        address, count = struct.unpack(">HH", pdu[1:5]) if len(pdu) >= 5 else (0, 0)
        return _reply(self, fault, pdu[0], address, count)

    def registers(self, fault: Fault | None = None) -> dict[tuple[int, int], int]:
        """All registers and bits by function code and wire address."""
        kind = fault.kind if fault else None
        order = self._order(is_swapped=kind is FaultKind.SWAPPED)
        words: dict[tuple[int, int], int] = {}
        for proof in self.profile.proof:
            self._put(words, proof, proof.address, _proof_words(proof, order, self.serial, self.unit))
        for number in range(1, self.profile.link.inputs + 1):
            self._put_input(words, number, order, kind)
        return words

    def _put_input(
        self, words: dict[tuple[int, int], int], number: int, order: WordOrder | None, kind: FaultKind | None
    ) -> None:
        """The values and the status of one input; a plain sensor is all of its one input."""
        is_connected = not self.inputs or number in self.inputs
        for status in self.profile.status:
            raw = (status.good_equals or 0) if is_connected else 0
            self._put(words, status, status.address + (number - 1) * status.step, _ordered(raw, status.words, order))
        now = self._values_now(kind) if not self.inputs else self.inputs.get(number, dict)()
        for metric in self.profile.metric:
            address = metric.address + (number - 1) * metric.step
            if metric.name in now:
                raw = _metric_raw(metric, now[metric.name])
            else:
                raw = metric.sentinels[0] if metric.sentinels else 0
            if kind is FaultKind.NAN:
                raw = {"float32": 0x7FC00000, "int32": 0x80000000}.get(metric.type, 0x8000)
            elif kind is FaultKind.SENTINEL and metric.sentinels:
                raw = metric.sentinels[0]
            self._put(words, metric, address, _ordered(raw, metric.words, order))

    def _put(
        self, words: dict[tuple[int, int], int], part: Metric | Status | Proof, address: int, contents: list[int]
    ) -> None:
        function = self.profile.function_of(part)
        if self.profile.link.byte_order == "low_first" and function > 2:
            contents = [(word & 0xFF) << 8 | word >> 8 for word in contents]
        words.update({(function, address + self.address_offset + at): word for at, word in enumerate(contents)})

    def _values_now(self, kind: FaultKind | None) -> dict[str, float]:
        if kind is not FaultKind.STUCK:
            return self.values()
        self.stuck = self.stuck or dict(self.values())
        return self.stuck

    def _order(self, *, is_swapped: bool) -> WordOrder | None:
        order = self.word_order or self.profile.link.word_order
        return ("low_first" if order == "high_first" else "high_first") if is_swapped else order


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int


class Slave(Protocol):
    """Anything with a unit id that answers Modbus requests."""

    @property
    def unit(self) -> int:
        """Its unit id."""
        ...

    def take_fault(self) -> Fault | None:
        """The fault for the request at hand."""
        ...

    def reply(self, pdu: bytes, fault: Fault | None = None) -> bytes:
        """The protocol data unit that answers ``pdu``."""
        ...


AnySlave = TypeVar("AnySlave", bound=Slave)


class ModbusTcpSimulator(Generic[AnySlave]):
    """A TCP endpoint with one or more devices behind it, as a gateway to an RS-485 line has.

    A unit id that nobody has is not answered, as on a real line. Use as an async context manager, or start and stop.
    """

    def __init__(self, devices: Iterable[AnySlave], *, clients_max: int = 32, seed: int = 1) -> None:
        """More clients than ``clients_max`` are turned away at once. ``seed`` is that of the garbage."""
        self.devices = {device.unit: device for device in devices}
        self.requests: deque[Asked] = deque(maxlen=REQUESTS_KEPT)
        self.connections_made = 0
        self.all_gone = asyncio.Event()
        """Set while no client is connected."""
        self.all_gone.set()
        self._clients_max = clients_max
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._later: set[asyncio.Task[None]] = set()
        self.host = ""
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Port 0 lets the system choose one; ``port`` then says which."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Close all connections and stop listening."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()
        for task in self._later:
            task.cancel()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def drop_connections(self) -> None:
        """Reset every connection, as a device does that loses power."""
        for writer in self._writers:
            writer.transport.abort()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._writers)

    async def __aenter__(self) -> Self:
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= self._clients_max:
            writer.transport.abort()
            return
        self.connections_made += 1
        self._writers.add(writer)
        self.all_gone.clear()
        try:
            while True:
                head = await reader.readexactly(7)
                transaction, protocol, length, unit = struct.unpack(">HHHB", head)
                if protocol != 0 or not 2 <= length <= 254:
                    return
                body = await reader.readexactly(length - 1)
                await self._answer(transaction, unit, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or we end; a cancelled handler would make asyncio complain
        finally:
            self._writers.discard(writer)
            if not self._writers:
                self.all_gone.set()
            writer.close()

    async def _answer(self, transaction: int, unit: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        function = body[0]
        address, count = struct.unpack(">HH", body[1:5]) if len(body) >= 5 else (0, 0)
        self.requests.append(Asked(transaction, unit, function, address, count))
        device = self.devices.get(unit)
        if device is None:
            return
        fault = device.take_fault()
        answer = _frame(transaction, unit, device.reply(body, fault))
        await self._send(answer, fault, writer)

    async def _send(self, answer: bytes, fault: Fault | None, writer: asyncio.StreamWriter) -> None:
        match fault.kind if fault else None:
            case FaultKind.DEAD:
                return
            case FaultKind.CLOSE:
                writer.close()
                return
            case FaultKind.DELAY if fault:
                await asyncio.sleep(fault.delay_s)
            case FaultKind.LATE if fault:
                self._send_later(answer, fault.delay_s, writer)
                return
            case FaultKind.HALF if fault:
                half = len(answer) // 2
                self._send_later(answer[half:], fault.delay_s, writer)
                answer = answer[:half]
            case FaultKind.SPLIT:
                writer.write(answer[:5])
                await writer.drain()
                await asyncio.sleep(0.02)  # so that it leaves as a segment of its own
                answer = answer[5:]
            case FaultKind.CORRUPT:
                answer = answer[:2] + b"\xde\xad" + answer[4:]
            case FaultKind.GARBAGE:
                answer = b"\x00\x00" + self._random.randbytes(2).replace(b"\0", b"\x55") + self._random.randbytes(20)
            case FaultKind.WRONG_TRANSACTION:
                answer = bytes([answer[0] ^ 0x40]) + answer[1:]
            case FaultKind.WRONG_UNIT:
                answer = answer[:6] + bytes([answer[6] ^ 0x01]) + answer[7:]
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    def _send_later(self, data: bytes, delay_s: float, writer: asyncio.StreamWriter) -> None:
        async def send() -> None:
            await asyncio.sleep(delay_s)
            if not writer.is_closing():
                writer.write(data)

        task = asyncio.create_task(send())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def _reply(device: SimulatedDevice, fault: Fault | None, function: int, address: int, count: int) -> bytes:
    """The protocol data unit that answers a read."""
    if fault and fault.kind is FaultKind.NO_PATH:
        return bytes([function | 0x80, UNIT_IS_SILENT])
    if fault and fault.kind is FaultKind.EXCEPTION:
        return bytes([function | 0x80, fault.code])
    if not 1 <= count <= 125:
        return bytes([function | 0x80, ILLEGAL_VALUE])
    registers = device.registers(fault)
    if function not in {known for known, _ in registers}:
        return bytes([function | 0x80, ILLEGAL_FUNCTION])
    wanted = [(function, at) for at in range(address, address + count)]
    if any(at not in registers for at in wanted):
        return bytes([function | 0x80, ILLEGAL_ADDRESS])
    words = [registers[at] for at in wanted]
    if function in (1, 2):
        bits = sum(bit << at for at, bit in enumerate(words))
        return bytes([function, (count + 7) // 8]) + bits.to_bytes((count + 7) // 8, "little")
    if fault and fault.kind is FaultKind.SHORT:
        words = words[:-1]
    return bytes([function, 2 * len(words)]) + b"".join(word.to_bytes(2, "big") for word in words)


def _frame(transaction: int, unit: int, reply: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply


def _metric_raw(metric: Metric, value: float) -> int:
    """What the device has in its registers when it measures ``value``."""
    if metric.source_unit == "fahrenheit":
        value = value * 1.8 + 32
    elif metric.source_unit == "kelvin":
        value += 273.15
    number = (value - metric.offset) / metric.scale
    if metric.negative_from is not None and number < 0:
        return metric.negative_from + round(-number)
    if metric.type.startswith("bcd"):
        return int(str(round(number)), 16)
    return _raw(metric.type, number)


def _raw(value_type: str, value: float) -> int:
    """The register contents as one unsigned number."""
    if value_type.startswith("float"):
        return int.from_bytes(struct.pack(">f" if value_type == "float32" else ">d", value), "big")
    bits = int(value_type.lstrip("uint"))
    return round(value) & ((1 << bits) - 1)


def _ordered(raw: int, words: int, order: WordOrder | None) -> list[int]:
    high_first = [raw >> 16 * at & 0xFFFF for at in reversed(range(words))]
    return high_first if order == "high_first" else high_first[::-1]


def _proof_words(proof: Proof, order: WordOrder | None, serial: str, unit: int) -> list[int]:
    match proof.type:
        case "text":
            padded = serial.encode("ascii").ljust(2 * proof.words, b"\0")[: 2 * proof.words]
            return [int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2)]
        case "bcd32":
            digits = serial[-8:].rjust(8, "0")
            return [int(digits[:4], 16), int(digits[4:], 16)]
        case "hex16":
            return [0x3510]
        case _:
            value = float(proof.expect) if proof.expect is not None else float(unit)
            return _ordered(_raw(proof.type, value), proof.words, order)
