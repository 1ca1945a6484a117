"""Single questions to devices, with every byte that went either way, for the person at the bench."""

import asyncio
import errno
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.config.model import ModbusTcpBus
from edge_agent.drivers.build import ModbusBus, link_of
from edge_agent.drivers.modbus.pdu import Request
from edge_agent.drivers.modbus.profile import Profile
from edge_agent.errors import BadFrame, DeviceLost, DeviceRefused

FRAMES_MAX = 32
"""Of one exchange; a line that babbles is not kept whole."""


LET_GO_S = 0.1


class ExchangeOutcome(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    REFUSED = "refused"  # a Modbus exception: the unit is there, and says no
    GARBAGE = "garbage"  # bytes came that are no answer
    SILENT = "silent"  # nothing came, or a Modbus gateway says that the unit is silent
    NO_CONNECTION = "no connection"


@dataclass(frozen=True, slots=True)
class TranscriptFrame:
    """Bytes as they went over the wire."""

    sent: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what came of it. ``request.address`` is the one on the wire."""

    unit: int
    request: Request
    outcome: ExchangeOutcome
    words: tuple[int, ...]
    frames: tuple[TranscriptFrame, ...]
    said: str
    took_ms: int

    @property
    def is_alive(self) -> bool:
        """Whether the unit itself said something that can be understood."""
        return self.outcome in (ExchangeOutcome.ANSWERED, ExchangeOutcome.REFUSED)


class TranscriptLine:
    """One bus at the bench. Asks one question at a time and never the same one twice. Use as a context manager."""

    def __init__(self, bus: ModbusBus, profiles: Iterable[Profile] = (), *, attempts: int = 2) -> None:
        """``profiles`` are those that may hang on it; the longest of their pauses is kept."""
        known = tuple(profiles)
        self.bus = bus
        self.attempts = attempts
        self.asked: list[Exchange] = []
        """Every exchange so far, in order."""
        self._pause_s = max((profile.link.pause_s for profile in known), default=0.0)
        self._frames: list[TranscriptFrame] = []
        self._link = link_of(bus, known, self._trace)
        self._answers: dict[tuple[int, Request], Exchange] = {}

    @property
    def endpoint(self) -> str:
        """Where it goes, for people."""
        return self._link.endpoint

    async def ask(self, unit: int, request: Request) -> Exchange:
        """What comes of reading ``request``; the answer of before if it was asked before. Raises no device errors.

        Silence and garbage are asked about once more: one missed answer is ordinary on RS-485.
        """
        known = self._answers.get((unit, request))
        if known is None:
            known = await self._ask(unit, request)
            if self.attempts > 1 and known.outcome in (ExchangeOutcome.SILENT, ExchangeOutcome.GARBAGE):
                self.asked.append(known)
                known = await self._ask(unit, request)
            self._answers[unit, request] = known
            self.asked.append(known)
        return known

    def close(self) -> None:
        """Let go of the connection."""
        self._link.close()

    async def let_go(self) -> None:
        """Close, and wait until another one may open the port: a serial port is closed a moment later."""
        self.close()
        await asyncio.sleep(LET_GO_S)

    def __enter__(self) -> "TranscriptLine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _ask(self, unit: int, request: Request) -> Exchange:
        self._frames = []
        started_s = time.monotonic()
        words: tuple[int, ...] = ()
        said = ""
        outcome = ExchangeOutcome.NO_CONNECTION
        try:
            if not self._link.is_open:
                await self._link.open()
            outcome = ExchangeOutcome.SILENT
            started_s = time.monotonic()
            words = await self._link.read(unit, request)
            outcome = ExchangeOutcome.ANSWERED
        except DeviceRefused as error:
            outcome, said = ExchangeOutcome.REFUSED, error.reason
        except BadFrame as error:
            outcome, said = ExchangeOutcome.GARBAGE, error.reason
        except DeviceLost as error:
            said = error.reason
        said = said.removeprefix(f"unit {unit} at {self.endpoint}: ")
        took_ms = round((time.monotonic() - started_s) * 1000)
        if self._pause_s and outcome is not ExchangeOutcome.NO_CONNECTION:
            await asyncio.sleep(self._pause_s)
        return Exchange(unit, request, outcome, words, tuple(self._frames), said, took_ms)

    def _trace(self, sent: bool, data: bytes) -> None:
        """Received bytes may come again with more behind them, while an answer is not whole."""
        last = self._frames[-1] if self._frames else None
        if last and not sent and not last.sent and data.startswith(last.data):
            self._frames[-1] = TranscriptFrame(False, data)
        elif data and len(self._frames) < FRAMES_MAX:
            self._frames.append(TranscriptFrame(sent, data))


class PortState(StrEnum):
    """What a network address says to a connection attempt."""

    OPEN = "open"
    REFUSED = "refused"
    SILENT = "silent"
    NO_ROUTE = "no route"
    NO_NAME = "no name"


_DOORS = {
    errno.ECONNREFUSED: PortState.REFUSED,
    errno.EHOSTUNREACH: PortState.NO_ROUTE,
    errno.ENETUNREACH: PortState.NO_ROUTE,
    errno.ETIMEDOUT: PortState.SILENT,
}


async def connect(bus: ModbusTcpBus, timeout_s: float) -> PortState:
    """Connect and hang up again."""
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(bus.host, bus.port)
    except TimeoutError:
        return PortState.SILENT
    except (socket.gaierror, UnicodeError):
        return PortState.NO_NAME
    except OSError as error:
        return _DOORS.get(error.errno or 0, PortState.NO_ROUTE)
    writer.close()
    return PortState.OPEN
