"""What is said to one device at each poll, and what it brought: the seam between a bus and its kinds of devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.domain.wire.records import Stamp
from edge_agent.drivers.modbus.pdu import Request, Write
from edge_agent.drivers.modbus.register_decode import Decoded


@dataclass(frozen=True, slots=True)
class BusFinding:
    """What an exchange brought: values and invalid metrics, and when they were measured."""

    stamp: Stamp
    decoded: Decoded
    unproven: tuple[str, ...] = ()
    """What has just turned out not to be as it was proven, for people."""


class SharedLine(Protocol):
    """What an exchange has of the bus: one device, with pauses kept and addresses as in its profile."""

    @property
    def time_left_s(self) -> float:
        """How long this exchange may still go on; a request after that raises ``DeviceLost``."""
        ...

    async def read(self, request: Request) -> dict[int, int]:
        """Registers by address. Raises ``DeviceLost``, ``BadFrame`` or ``DeviceRefused``."""
        ...

    async def write(self, write: Write) -> None:
        """Write. Raises as :meth:`read`."""
        ...


class PollExchange(Protocol):
    """What is said to one device at each poll. The records of one poll are emitted before the next one begins."""

    async def __call__(self, line: SharedLine) -> Sequence[BusFinding]:
        """What it brought; raises what ``line`` raises."""
        ...
