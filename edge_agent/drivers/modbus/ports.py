"""Byte streams to devices: serial ports, and TCP connections to serial device servers."""

import asyncio
import contextlib
import errno
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import serial_asyncio_fast

from edge_agent.errors import DeviceLost

CANNOT_BE_SET = "cannot be set to"
IN_USE = "is in use by another program"
Parity = Literal["none", "even", "odd"]
BYTES_KEPT_MAX = 4096
"""Nothing we ask for is longer; a line that babbles is cut down to its newest bytes."""

Trace = Callable[[bool, bytes], None]
"""Is told what is sent (True) and received (False), byte for byte."""


class Port(Protocol):
    """Where bytes go to and come from."""

    @property
    def endpoint(self) -> str:
        """For people: ``/dev/ttyUSB0`` or ``10.0.0.5:4001``."""
        ...

    def create(self, pipe: "Pipe") -> Awaitable[object]:
        """Open it and connect it to ``pipe``; raises ``OSError`` (``SerialException`` is one)."""
        ...

    def why(self, error: Exception | None) -> str:
        """What an error means, and what to do about it."""
        ...


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial port and its settings."""

    path: str
    baudrate: int
    parity: Parity = "none"
    stopbits: Literal[1, 2] = 1

    @property
    def endpoint(self) -> str:
        """The path."""
        return self.path

    async def create(self, pipe: "Pipe") -> object:
        """Open it for us alone."""
        return await serial_asyncio_fast.create_serial_connection(
            asyncio.get_running_loop(),
            lambda: pipe,
            self.path,
            baudrate=self.baudrate,
            parity=self.parity[0].upper(),
            stopbits=self.stopbits,
            exclusive=True,
        )

    def why(self, error: Exception | None) -> str:
        """See :func:`why_serial`; settings that the port cannot have are said as they are written."""
        refusal = error if isinstance(error, termios.error) else getattr(error, "__context__", None)
        if isinstance(refusal, termios.error) and refusal.args[:1] == (errno.ENOTTY,):
            return f"{self.path} is no serial port: correct `port` (see ls -l /dev/serial/by-id/)"
        if isinstance(error, termios.error | ValueError):
            settings = f"{self.baudrate} baud, 8{self.parity[0].upper()}{self.stopbits}"
            return f"{self.path} {CANNOT_BE_SET} {settings}: choose other settings, or another adapter"
        return why_serial(self.path, error)


@dataclass(frozen=True, slots=True)
class TcpPort:
    """A serial line behind a device server that passes bytes on."""

    host: str
    port: int

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    async def create(self, pipe: "Pipe") -> object:
        """Connect."""
        return await asyncio.get_running_loop().create_connection(lambda: pipe, self.host, self.port)

    def why(self, error: Exception | None) -> str:
        """Why there is no connection."""
        what = "closed the connection" if error is None else f"no connection ({error or type(error).__name__})"
        return f"{self.endpoint}: {what}: check power, cable and address"


class Pipe(asyncio.Protocol):
    """An open port: bytes received and not yet taken, at most ``BYTES_KEPT_MAX`` of them."""

    def __init__(self, port: Port, trace: Trace | None = None) -> None:
        self._port = port
        self._trace = trace
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._news = asyncio.Event()
        self._made = asyncio.Event()
        self._gone = asyncio.Event()
        self.lost: str | None = None
        """Why it is not open any more."""

    @classmethod
    async def open(cls, port: Port, timeout_s: float, trace: Trace | None = None) -> "Pipe":
        """Open ``port``. Raises ``DeviceLost`` with what to do."""
        pipe = cls(port, trace)
        try:
            async with asyncio.timeout(timeout_s):
                await port.create(pipe)
                await pipe._made.wait()  # a serial port's is called a moment later
        # ValueError, and termios.error (which is no OSError), are for settings that a port cannot have.
        except (OSError, ValueError, UnicodeError, termios.error) as error:
            pipe.close()
            raise DeviceLost(port.endpoint, port.why(error)) from error
        return pipe

    @property
    def is_open(self) -> bool:
        """Whether bytes can be sent."""
        return self._transport is not None and self.lost is None

    def send(self, data: bytes) -> None:
        """Send; raises ``DeviceLost`` when closed."""
        if self._transport is None or self.lost is not None:
            raise DeviceLost(self._port.endpoint, self.lost or f"{self._port.endpoint} is closed")
        if self._trace is not None:
            self._trace(True, data)
        self._transport.write(data)

    def take(self) -> bytes:
        """What was received since the last call."""
        data = bytes(self._received)
        self._received.clear()
        self._news.clear()
        return data

    async def more(self, within_s: float) -> bytes:
        """What is received, as soon as something is; nothing after ``within_s``. Raises ``DeviceLost``."""
        if not self._received and self.lost is None:
            try:
                async with asyncio.timeout(within_s):
                    await self._news.wait()
            except TimeoutError:
                return b""
        if self.lost is not None:
            raise DeviceLost(self._port.endpoint, self.lost)
        return self.take()

    def close(self) -> None:
        """Close; harmless when closed."""
        transport, self._transport = self._transport, None
        self.lost = self.lost or f"{self._port.endpoint} is closed"
        if transport is not None:
            transport.abort()

    async def wait_closed(self, within_s: float) -> None:
        """After :meth:`close`: until others, and we, can open the port again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._made.set()
        if self.lost is not None:
            self._transport.abort()  # opening it was given up meanwhile

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        if self._trace is not None:
            self._trace(False, data)
        self._received += data
        del self._received[:-BYTES_KEPT_MAX]
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.lost = self.lost or self._port.why(exc)
        self._transport = None
        self._news.set()
        self._gone.set()


def why_serial(path: str, error: Exception | None) -> str:
    """What an error of a serial port means, and what to do about it."""
    number = getattr(error, "errno", None)
    gone = f"{path} went away: was it unplugged?"
    if error is None or (number is None and "readiness" in str(error)):  # how pyserial says that the other end is gone
        return gone
    if isinstance(error, TimeoutError):
        return f"{path} did not open in time: unplug it and plug it in again"
    hints = {
        5: gone,
        2: f"{path} is not there: plug it in, or correct `port` (see ls -l /dev/serial/by-id/)",
        13: f"{path} may not be opened: add the user of the agent to the group dialout",
        11: f"{path} {IN_USE}",
        16: f"{path} {IN_USE}",
    }
    return hints.get(number or 0, f"{path}: {error}")
