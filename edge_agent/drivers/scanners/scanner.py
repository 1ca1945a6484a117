"""A handheld scanner on a serial port (USB-CDC or RS-232): opened, read, and opened again when it was unplugged."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import serial
import serial_asyncio_fast

from edge_agent.drivers.scanners.framing import BadFrame, Frame, Framer, Suffix
from edge_agent.timekeeping.clock import Clock

log = logging.getLogger(__name__)

TICK_S = 0.5
"""How often a silent scanner says so; also what a torn scan may take to go on."""
REOPEN_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses between attempts to open the port; the last one repeats."""
READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Lost:
    """The scanner is gone: unplugged, or never there. Told once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """The scanner answers again after ``after_s`` seconds. Told once, after a :class:`Lost`."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing whole came; time to look at the clock."""


Event = Frame | BadFrame | Lost | Back | Silence


class Scanner(Protocol):
    """A handheld scanner, however it is connected."""

    @property
    def name(self) -> str:
        """The name in the configuration."""
        ...

    def events(self) -> AsyncGenerator[Event, None]:
        """What happens at the scanner, for ever. Never raises for what a scanner or cable does."""
        ...

    async def write(self, data: bytes) -> None:
        """Send ``data`` (a beep) to the scanner, if it can take it."""
        ...


class SerialScanner:
    """One scanner on one serial port."""

    def __init__(self, name: str, port: str, baudrate: int, suffix: Suffix, clock: Clock) -> None:
        self.name = name
        self._port = port
        self._baudrate = baudrate
        self._suffix: Suffix = suffix
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None

    def events(self) -> AsyncGenerator[Event, None]:
        """What happens at the scanner, for ever; at least every ``TICK_S`` something, if only :class:`Silence`.

        Never raises for what a scanner or cable does.
        """
        return kept_open(self.name, self._port, self._clock, self._session, _why)

    async def write(self, data: bytes) -> None:
        """Send ``data`` (a beep) to the scanner; nothing happens if it is unplugged."""
        if self._writer is None or self._writer.is_closing() or not data:
            return
        try:
            self._writer.write(data)
            # Not wait_for: before Python 3.12 it can swallow a cancellation, and the agent would never stop.
            async with asyncio.timeout(TICK_S):
                await self._writer.drain()
        except (OSError, serial.SerialException, TimeoutError) as error:
            log.debug("%s took no feedback: %s", self.name, error)  # the read side will say that it is lost

    async def _session(self) -> AsyncGenerator[Event, None]:
        try:
            reader, self._writer = await serial_asyncio_fast.open_serial_connection(
                url=self._port, baudrate=self._baudrate, exclusive=True
            )
            yield Silence()  # it is open
            async for event in self._frames(reader):
                yield event
        finally:
            self._close()

    async def _frames(self, reader: asyncio.StreamReader) -> AsyncIterator[Event]:
        framer = Framer(self._suffix)
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                for left in framer.quiet():
                    yield left
                yield Silence()
                continue
            if not data:
                return
            frames = framer.feed(data)
            for frame in frames:
                yield frame
            if not frames:
                yield Silence()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def kept_open(
    name: str,
    port: str,
    clock: Clock,
    session: Callable[[], AsyncGenerator[Event, None]],
    why: Callable[[str, Exception], str],
) -> AsyncGenerator[Event, None]:
    """The events of one ``session`` after the other, with growing pauses; says once when it is lost and when back.

    A session opens the port, yields something as soon as it is open, and closes it at its end.
    """
    lost_at_s: float | None = None
    attempts = 0
    while True:
        reason = f"{port} was closed"
        try:
            async with aclosing(session()) as events:
                async for event in events:
                    if lost_at_s is not None:
                        after_s = clock.mono_s() - lost_at_s
                        log.info("%s back after %.0f s", name, after_s)
                        yield Back(after_s)
                    lost_at_s, attempts = None, 0
                    yield event
        except (OSError, serial.SerialException) as error:
            reason = why(port, error)
        if lost_at_s is None:
            lost_at_s = clock.mono_s()
            log.warning("%s lost: %s", name, reason)
            yield Lost(reason)
        async for silence in _silences(REOPEN_S[min(attempts, len(REOPEN_S) - 1)]):
            yield silence
        attempts += 1


async def _silences(pause_s: float) -> AsyncIterator[Silence]:
    while pause_s > 0:
        await asyncio.sleep(min(pause_s, TICK_S))
        pause_s -= TICK_S
        yield Silence()


def _why(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    gone = f"{port} went away: was the scanner unplugged?"
    if number is None and "readiness" in str(error):  # how pyserial says that the other end is gone
        return gone
    hints = {
        5: gone,
        2: f"{port} is not there: plug the scanner in, or correct `port` (see ls -l /dev/serial/by-id/)",
        13: f"{port} may not be opened: add the user of the agent to the group dialout",
        11: f"{port} is in use by another program",
        16: f"{port} is in use by another program",
    }
    return hints.get(number or 0, f"{port}: {error}")
