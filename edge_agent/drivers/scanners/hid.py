"""A handheld scanner that plays a keyboard (USB HID): taken away from the rest of the system, and read key by key.

The device is grabbed, so that scans never reach a console or a login prompt, where they would be typed as well.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from edge_agent.drivers.scanners.framing import BadFrame, Frame, Framer, shown
from edge_agent.drivers.scanners.hid_keys import EVENT, KeyDecoder
from edge_agent.drivers.scanners.scanner import TICK_S, Event, Silence, kept_open
from edge_agent.timekeeping.clock import Clock

EVIOCGRAB = 0x40044590
"""_IOW('E', 0x90, int) of linux/input.h: this program alone hears the device."""
EVIOCGLED = 0x80084519
"""_IOR('E', 0x19, 8 bytes): which lamps are lit."""
LED_CAPS_LOCK = 1
EVENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Opened:
    """An open input device: its file descriptor, and whether Caps Lock is on."""

    fd: int
    caps_on: bool


def open_grabbed(port: str) -> Opened:
    """Open and grab the input device ``port``. Raises ``OSError``."""
    fd = os.open(port, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, EVIOCGRAB, struct.pack("i", 1))
        lamps = fcntl.ioctl(fd, EVIOCGLED, bytes(8))
    except BaseException:
        os.close(fd)
        raise
    return Opened(fd, bool(lamps[0] & 1 << LED_CAPS_LOCK))


class HidScanner:
    """One scanner that plays a keyboard."""

    def __init__(
        self,
        name: str,
        port: str,
        clock: Clock,
        *,
        separator_key: str | None = None,
        layout: str | None = None,
        open_device: Callable[[str], Opened] = open_grabbed,
    ) -> None:
        """``port`` is best ``/dev/input/by-id/...-event-kbd``. ``separator_key``: a function key that means GS.

        ``layout`` is the keyboard that the scanner was set to. Without it only scans with an AIM identifier are taken:
        its ``]`` arrives from a US keyboard only, and so proves the layout with each scan.
        """
        self.name = name
        self._port = port
        self._clock = clock
        self._separator_key = separator_key
        self._layout = layout
        self._open_device = open_device

    def events(self) -> AsyncGenerator[Event, None]:
        """What happens at the scanner, for ever; at least every ``TICK_S`` something, if only :class:`Silence`.

        Never raises for what a scanner or cable does.
        """
        return kept_open(self.name, self._port, self._clock, self._session, _why)

    async def write(self, data: bytes) -> None:
        """Nothing: a keyboard cannot be told to beep."""

    async def _session(self) -> AsyncGenerator[Event, None]:
        opened = self._open_device(self._port)
        readable = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(opened.fd, readable.set)
        try:
            yield Silence()  # it is open
            decoder = KeyDecoder(separator_key=self._separator_key, caps_on=opened.caps_on, layout=self._layout or "us")
            framer = Framer("cr")
            while True:
                try:
                    async with asyncio.timeout(TICK_S):
                        await readable.wait()
                except TimeoutError:
                    for left in framer.quiet():
                        yield left
                    yield Silence()
                    continue
                readable.clear()
                data = os.read(opened.fd, EVENT.size * EVENTS_AT_ONCE)
                if not data:
                    return
                for frame in framer.feed(decoder.feed(data)):
                    yield frame if self._layout else _without_doubt(frame)
                yield Silence()
        finally:
            loop.remove_reader(opened.fd)
            os.close(opened.fd)


def _without_doubt(frame: Frame | BadFrame) -> Frame | BadFrame:
    """A scan whose layout is proven by its AIM identifier; else why it is not taken."""
    if isinstance(frame, BadFrame) or frame.text.startswith("]"):
        return frame
    return BadFrame(
        shown(frame.text.encode("ascii")),
        "nothing shows that the keyboard layout of this scanner is right: it sends no AIM identifier",
        "Switch the AIM identifier on, or set `layout` of this [[scanner]] to the keyboard it is set to (us, uk, de or "
        "fr) and scan the proof card of the sheet",
    )


def _why(port: str, error: Exception) -> str:
    hints = {
        2: f"{port} is not there: plug the scanner in, or correct `port` (see ls -l /dev/input/by-id/*-event-kbd)",
        13: f"{port} may not be opened: add the user of the agent to the group input",
        16: f"{port} is grabbed by another program",
        19: f"{port} went away: was the scanner unplugged?",
        25: f"{port} is no input device: it must be one of /dev/input/by-id/*-event-kbd",
    }
    return hints.get(getattr(error, "errno", None) or 0, f"{port}: {error}")
