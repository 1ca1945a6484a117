"""The ``[counter]`` section of a profile: where a particle counter keeps its records, and how it is started.

Three kinds of queue are known:

=========  ==========================================================================================================
indexed    ``count`` records; an index written to ``select`` puts one of them into the record's registers
popped     the oldest record is in the registers while ``available`` is set; ``pop`` takes it away
latest     the registers hold the newest record, and nothing is kept
=========  ==========================================================================================================

An empty queue gives zeros on most counters: that is why a record without a time is never a sample.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge_agent.drivers.modbus.pdu import ReadFunction, WriteFunction
from edge_agent.drivers.modbus.profile_parts import Address, ProfileSection, Raw

CellType = Literal["coil", "uint16", "uint32", "float32", "unix", "packed_time", "packed_duration", "packed_date"]
_WORDS = {"unix": 2, "uint32": 2, "float32": 2, "packed_time": 4, "packed_duration": 2, "packed_date": 2}


class Cell(ProfileSection):
    """One value in the counter. ``packed_time`` is year, month:day, hour, minute:second in four registers;
    ``packed_duration`` is hours, minutes:seconds; ``packed_date`` is year, month:day.
    """

    function: ReadFunction
    address: Address
    type: CellType
    scale: Annotated[float, Field(gt=0)] = 1.0

    @property
    def words(self) -> int:
        """How many registers (or coils) it takes."""
        return _WORDS.get(self.type, 1)

    @model_validator(mode="after")
    def _coils_are_coils(self) -> Self:
        if (self.type == "coil") != (self.function in (1, 2)):
            raise ValueError('type = "coil" goes with function 1 or 2, and only with them')
        return self


class SelfCheck(Cell):
    """``[[counter.check]]``: a register that has to be ``equals`` in the bits of ``mask``, or else it ``says`` why its
    record, or all of the device (``of``), cannot be trusted.
    """

    of: Literal["device", "record"]
    says: str
    mask: Raw = 0xFFFFFFFF
    equals: Raw = 0


class Running(Cell):
    """``[counter.running]``: the counter is counting while the bits of ``mask`` are ``equals``."""

    mask: Raw = 0xFFFFFFFF
    equals: Raw


class CounterAmount(Cell):
    """A flow or a volume, in ``unit`` after scaling."""

    unit: Literal["cfm", "l_per_min", "ft3", "l"]


class Command(ProfileSection):
    """A write that does something. Only counters have them; nothing else is ever written."""

    function: WriteFunction
    address: Address
    value: Annotated[int, Field(ge=0, le=0xFFFF)]


class CounterProfile(ProfileSection):
    """``[counter]``. ``channel`` is the first and smallest; the others follow it without gaps."""

    queue: Literal["indexed", "popped", "latest"]
    channels_max: Annotated[int, Field(ge=1, le=16)]
    channel: Cell
    time: Cell
    sample_s: Cell
    clock: Cell
    running: Running
    count: Cell | None = None
    select: Address | None = None
    available: Cell | None = None
    pop: Command | None = None
    start: Command | None = None
    stop: Command | None = None
    flow: CounterAmount | None = None
    volume: CounterAmount | None = None
    calibration_due: Cell | None = None
    check: Annotated[tuple[SelfCheck, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _queue_has_its_parts(self) -> Self:
        needs = {"indexed": ("count", "select"), "popped": ("available", "pop"), "latest": ()}[self.queue]
        missing = [key for key in needs if getattr(self, key) is None]
        if missing:
            raise ValueError(f"a queue that is {self.queue} needs {' and '.join(missing)} as well")
        return self

    def record_cells(self) -> tuple[Cell, ...]:
        """What makes one record; channels are counted with all that the model can have."""
        optional = (self.flow, self.volume)
        checks = (check for check in self.check if check.of == "record")
        return (
            self.time,
            self.sample_s,
            *(cell for cell in optional if cell is not None),
            *checks,
            *self.channels(self.channels_max),
        )

    def device_cells(self) -> tuple[Cell, ...]:
        """What is read at every poll, before any record."""
        optional = (self.count, self.available, self.calibration_due)
        checks = (check for check in self.check if check.of == "device")
        return (self.running, self.clock, *(cell for cell in optional if cell is not None), *checks)

    def channels(self, count: int) -> tuple[Cell, ...]:
        """The first ``count`` channels."""
        words = self.channel.words
        return tuple(
            self.channel.model_copy(update={"address": self.channel.address + at * words}) for at in range(count)
        )

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """All cells with the key they are under."""
        for key in ("channel", "time", "sample_s", "clock", "running", "count", "available", "flow", "volume"):
            cell = getattr(self, key)
            if cell is not None:
                yield key, cell
        yield from ((f"check[{number}]", check) for number, check in enumerate(self.check, start=1))


ALL_COUNTER_KEYS = frozenset(
    key
    for section in (Cell, SelfCheck, Running, CounterAmount, Command, CounterProfile)
    for key in section.model_fields
)
