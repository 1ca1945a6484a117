"""Plantower PMS5003 and Sensirion SPS30 on a pseudo-terminal, byte by byte. Bytes are put together independently of the
driver's code.
"""

import asyncio
import random
import struct
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Self

from edge_agent.simulators.pty import SerialEnd

_SPECIAL = {0x7E: b"\x7d\x5e", 0x7D: b"\x7d\x5d", 0x11: b"\x7d\x31", 0x13: b"\x7d\x33"}


class Glitch(StrEnum):
    """What can go wrong, until it is set to None again."""

    SILENT = "silent"  # says nothing
    CORRUPT = "corrupt"  # a wrong checksum
    TORN = "torn"  # two bytes are missing, and the next frame follows at once
    GARBAGE = "garbage"  # random bytes


class SimulatedPms5003:
    """Sends a frame every ``period_s``. ``counts`` are particles above 0.3, 0.5, 1, 2.5, 5 and 10 µm in 0.1 l."""

    def __init__(self, path: Path, counts: Sequence[int], *, period_s: float = 1.0, seed: int = 1) -> None:
        self.counts = tuple(counts)
        self.masses = (1, 2, 3)
        self.glitch: Glitch | None = None
        self._period_s = period_s
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._end = SerialEnd(path, lambda _data: None)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._end.plug()
        self._task = asyncio.get_running_loop().create_task(self._talk())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end.unplug()

    def frame(self) -> bytes:
        """The frame for what is counted now."""
        words = (*self.masses, *self.masses, *self.counts, 0)
        body = b"BM" + struct.pack(">14H", 28, *words)
        return body + struct.pack(">H", sum(body) & 0xFFFF)

    async def _talk(self) -> None:
        while True:
            self._end.send(self._spoilt(self.frame()))
            await asyncio.sleep(self._period_s)

    def _spoilt(self, frame: bytes) -> bytes:
        match self.glitch:
            case Glitch.SILENT:
                return b""
            case Glitch.CORRUPT:
                return frame[:20] + bytes([frame[20] ^ 1]) + frame[21:]
            case Glitch.TORN:
                return frame[:-2] + frame
            case Glitch.GARBAGE:
                return self._random.randbytes(40)
            case None:
                return frame


class SimulatedSps30:
    """Answers SHDLC commands. ``values`` are the ten numbers of a measurement, in the sensor's own units."""

    def __init__(self, path: Path, values: Sequence[float], *, seed: int = 1) -> None:
        self.values = tuple(values)
        self.glitch: Glitch | None = None
        self.is_measuring = False
        self.has_news = True
        self.heard: list[bytes] = []
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._end = SerialEnd(path, self._heard)
        self._pending = b""

    async def __aenter__(self) -> Self:
        self._end.plug()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._end.unplug()

    def reply(self, command: int) -> bytes:
        """The frame that answers ``command``."""
        state, data = 0, b""
        if command in (0, 1):
            state = 0x43 if self.is_measuring == (command == 0) else 0
            self.is_measuring = command == 0
        elif command == 3 and self.is_measuring:
            data = struct.pack(">10f", *self.values) if self.has_news else b""
        else:
            state = 0x43
        body = bytes([0, command, state, len(data)]) + data
        body += bytes([255 - sum(body) % 256])
        return b"\x7e" + b"".join(_SPECIAL.get(byte, bytes([byte])) for byte in body) + b"\x7e"

    def _heard(self, data: bytes) -> None:
        self._pending = (self._pending + data)[-256:]
        while self._pending.count(b"\x7e") >= 2:
            _, frame, self._pending = self._pending.split(b"\x7e", 2)
            self.heard.append(b"\x7e" + frame + b"\x7e")
            if len(frame) >= 4:
                self._end.send(self._spoilt(self.reply(frame[1])))

    def _spoilt(self, frame: bytes) -> bytes:
        match self.glitch:
            case Glitch.SILENT:
                return b""
            case Glitch.CORRUPT:
                return frame[:-2] + bytes([frame[-2] ^ 1]) + frame[-1:]
            case Glitch.TORN:
                return frame[:3] + frame
            case Glitch.GARBAGE:
                return self._random.randbytes(20).replace(b"\x7e", b"") + b"\x7e"
            case None:
                return frame
