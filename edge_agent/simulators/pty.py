"""A serial port that exists in software: a pseudo-terminal that can be plugged in, unplugged, and talked over."""

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

READ_BYTES = 4096


class SerialEnd:
    """The device's end of a serial port.

    ``path`` is a symbolic link to the port that a gateway is to open; it stays the same when it is plugged in again,
    as ``/dev/serial/by-id/...`` would. ``on_bytes`` gets what the gateway sends. Use it within a running event loop.
    """

    def __init__(self, path: Path, on_bytes: Callable[[bytes], None]) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self._master = -1
        self._slave = -1

    @property
    def is_plugged(self) -> bool:
        """Whether the port is there."""
        return self._master >= 0

    def plug(self) -> None:
        """Plug in: the port appears."""
        if self.is_plugged:
            return
        self._master, self._slave = os.openpty()  # our own end of it stays open: without, the line counts as hung up
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        """Pull the cable: the port goes away under whoever has it open."""
        if not self.is_plugged:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        self.path.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = -1

    def send(self, data: bytes) -> None:
        """Put bytes on the line; what nobody reads is lost, as on a real line."""
        if self.is_plugged:
            with suppress(BlockingIOError):
                os.write(self._master, data)

    def _readable(self) -> None:
        with suppress(BlockingIOError, OSError):
            self._on_bytes(os.read(self._master, READ_BYTES))
