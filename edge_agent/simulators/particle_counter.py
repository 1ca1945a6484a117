"""Particle counters with their record queues: they count, keep records, give zeros when empty, and lie on demand.

A counter is a profile and a list of records; the registers are laid out as the profile says. It answers reads and the
few writes that a counter takes; all writes are noted in ``writes``.
"""

import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge_agent.drivers.modbus.profile import Profile
from edge_agent.drivers.modbus.profile_parts import WordOrder
from edge_agent.drivers.particles.profile_counter import Cell, CounterAmount, CounterProfile
from edge_agent.simulators.modbus import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, Fault, FaultKind

RECORDS_KEPT = 500
MAP_VERSION = 148
_PER_CFM = 28.3168


@dataclass(frozen=True, slots=True)
class Record:
    """One sample as the counter keeps it. ``spoilt`` names the checks of the profile that it fails (by ``says``)."""

    ended_unix_s: int
    counts: tuple[int, ...]
    sample_s: int = 60
    spoilt: tuple[str, ...] = ()


@dataclass(slots=True)
class SimulatedCounter:
    """A counter that counts while it runs; :meth:`finish` ends a sample. ``now_unix_s`` is its own clock."""

    profile: Profile
    unit: int
    now_unix_s: Callable[[], int]
    flow_l_per_min: float = 28.3168
    word_order: WordOrder | None = None
    records_max: int = RECORDS_KEPT
    is_running: bool = True
    broken: tuple[str, ...] = ()
    """Checks of the device (by ``says``) that fail."""
    calibration_due: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    serial: str = "12345678"
    fault: Fault | None = None
    writes: list[tuple[int, int, int]] = field(default_factory=list)
    """Function, address and value of every write."""
    records: deque[Record] = field(default_factory=deque)
    index: int = 0

    def finish(self, counts: Sequence[int], sample_s: int = 60, spoilt: tuple[str, ...] = ()) -> Record:
        """End a sample now, and keep it."""
        record = Record(self.now_unix_s(), tuple(counts), sample_s, spoilt)
        self.records.append(record)
        while len(self.records) > self.records_max:
            self.records.popleft()
        return record

    def misbehave(self, kind: FaultKind, *, delay_s: float = 0.0, code: int = 4) -> None:
        """From now on, until :meth:`behave`."""
        self.fault = Fault(kind, delay_s, code)

    def behave(self) -> None:
        """No fault any more."""
        self.fault = None

    def take_fault(self) -> Fault | None:
        """The fault for the request at hand."""
        return self.fault

    def reply(self, pdu: bytes, fault: Fault | None = None) -> bytes:
        """The protocol data unit that answers ``pdu``."""
        function = pdu[0]
        if fault is not None and fault.kind is FaultKind.EXCEPTION:
            return bytes([function | 0x80, fault.code])
        if len(pdu) < 5:
            return bytes([function | 0x80, ILLEGAL_VALUE])
        address, value = struct.unpack(">HH", pdu[1:5])
        if function in (5, 6):
            return self._written(pdu, address, value)
        if function not in (1, 3, 4):
            return bytes([function | 0x80, ILLEGAL_FUNCTION])
        known = self._registers()
        wanted = [known.get((function, at)) for at in range(address, address + value)]
        words = [word for word in wanted if word is not None]
        if len(words) < len(wanted):
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        if function == 1:
            bits = sum(bit << at for at, bit in enumerate(words))
            return bytes([1, 1, bits])
        return bytes([function, 2 * len(words)]) + struct.pack(f">{len(words)}H", *words)

    @property
    def _counter(self) -> CounterProfile:
        if self.profile.counter is None:
            raise ValueError(f"{self.profile.name} is no particle counter")
        return self.profile.counter

    def _written(self, pdu: bytes, address: int, value: int) -> bytes:
        counter = self._counter
        value = int(value == 0xFF00) if pdu[0] == 5 else value
        self.writes.append((pdu[0], address, value))
        for command, is_running in ((counter.start, True), (counter.stop, False)):
            if command is not None and (command.function, command.address, command.value) == self.writes[-1]:
                self.is_running = is_running
                return pdu
        if counter.pop is not None and (pdu[0], address) == (counter.pop.function, counter.pop.address):
            if self.records:
                self.records.popleft()
        elif counter.select is not None and pdu[0] == 6 and address == counter.select:
            self.index = value
        else:
            return bytes([pdu[0] | 0x80, ILLEGAL_ADDRESS])
        return pdu

    def _record(self) -> Record | None:
        """The record in the registers."""
        if not self.records:
            return None
        match self._counter.queue:
            case "indexed":
                index = len(self.records) - 1 if self.index == 0xFFFF else self.index
                return self.records[index] if index < len(self.records) else None
            case "popped":
                return self.records[0]
            case "latest":
                return self.records[-1]

    def _registers(self) -> dict[tuple[int, int], int]:
        counter, record = self._counter, self._record()
        registers: dict[tuple[int, int], int] = {}
        for function, words in ((3, range(800)), (4, range(300)), (1, range(8))):
            registers.update({(function, at): 0 for at in words})
        self._put(registers, counter.clock, self.now_unix_s())
        self._put_flag(registers, counter.running, counter.running.equals if self.is_running else 0)
        if counter.count is not None:
            self._put(registers, counter.count, len(self.records))
        if counter.available is not None:
            self._put(registers, counter.available, int(bool(self.records)))
        if counter.calibration_due is not None:
            self._put(registers, counter.calibration_due, int(self.calibration_due.timestamp()))
        self._put_proofs(registers)
        if record is not None:
            self._put_record(registers, counter, record)
        for check in counter.check:
            is_spoilt = check.says in (self.broken if check.of == "device" else record.spoilt if record else ())
            bad = (check.mask & -check.mask) ^ check.equals
            self._put_flag(registers, check, bad if is_spoilt else check.equals)
        return registers

    def _put_record(self, registers: dict[tuple[int, int], int], counter: CounterProfile, record: Record) -> None:
        self._put(registers, counter.time, record.ended_unix_s)
        self._put(registers, counter.sample_s, record.sample_s / counter.sample_s.scale)
        for amount, value in (
            (counter.flow, self.flow_l_per_min),
            (counter.volume, self.flow_l_per_min * record.sample_s / 60),
        ):
            if amount is not None:
                self._put(registers, amount, _in_unit(amount, value) / amount.scale)
        for cell, count in zip(counter.channels(len(record.counts)), record.counts, strict=True):
            self._put(registers, cell, count)

    def _put_proofs(self, registers: dict[tuple[int, int], int]) -> None:
        """What tells the unit apart; what proves by its latest sample is the sample itself."""
        for proof in self.profile.proof:
            if proof.moves:
                continue
            if proof.type == "text":
                padded = self.serial.encode("ascii").ljust(2 * proof.words, b"\0")[: 2 * proof.words]
                words = [int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2)]
            elif proof.words == 2:
                high, low = int(self.serial) >> 16, int(self.serial) & 0xFFFF
                words = [high, low] if self._order() == "high_first" else [low, high]
            else:
                words = [MAP_VERSION]
            function = proof.function or self.profile.link.function
            registers.update({(function, proof.address + at): word for at, word in enumerate(words)})

    def _put_flag(self, registers: dict[tuple[int, int], int], cell: Cell, bits: int) -> None:
        """Add bits to what is there: several flags share a register."""
        low = cell.address + (1 if cell.words == 2 and self._order() == "high_first" else 0)
        registers[cell.function, low] |= bits

    def _put(self, registers: dict[tuple[int, int], int], cell: Cell, value: float) -> None:
        registers.update({(cell.function, cell.address + at): w for at, w in enumerate(self._words(cell, value))})

    def _words(self, cell: Cell, value: float) -> list[int]:
        match cell.type:
            case "coil" | "uint16":
                return [round(value) & 0xFFFF]
            case "packed_time":
                at = datetime.fromtimestamp(value, UTC)
                return [at.year, at.month << 8 | at.day, at.hour, at.minute << 8 | at.second]
            case "packed_date":
                at = datetime.fromtimestamp(value, UTC)
                return [at.year, at.month << 8 | at.day]
            case "packed_duration":
                minutes, seconds = divmod(int(value), 60)
                return [minutes // 60, minutes % 60 << 8 | seconds]
            case "float32":
                high, low = struct.unpack(">HH", struct.pack(">f", value))
            case _:
                high, low = round(value) >> 16 & 0xFFFF, round(value) & 0xFFFF
        return [high, low] if self._order() == "high_first" else [low, high]

    def _order(self) -> WordOrder | None:
        return self.word_order or self.profile.link.word_order


def _in_unit(amount: CounterAmount, litres: float) -> float:
    return litres / _PER_CFM if amount.unit in ("cfm", "ft3") else litres
